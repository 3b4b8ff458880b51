//! What can be told from the text of a document, before anything reads it recursively. Without this
//! a short request could exhaust the stack, which would end the whole process, and a long one keep
//! the parser and the executor busy. Texts and comments must end here where they end for the parser,
//! or it finds brackets that were not counted.

/// What a document is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Names, signs and comments outside of parentheses: what is selected.
    pub selection_tokens: usize,
    /// Names, numbers, texts, signs and comments in parentheses: what is given.
    pub input_tokens: usize,
    /// Fields with an alias, before fragments are put in place.
    pub aliases: u64,
    /// Directives, before fragments are put in place.
    pub directives: u64,
    /// Brackets within brackets.
    pub depth: usize,
}

impl Text {
    /// Measures `document`, and stops as soon as there are more tokens of a kind than allowed.
    pub fn of(document: &str, max_selection_tokens: usize, max_input_tokens: usize) -> Self {
        let bytes = document.as_bytes();
        let mut text = Self::default();
        let (mut depth, mut parentheses, mut at) = (0_usize, 0_usize, 0);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xEF | 0xBB | 0xBF => {
                    at += 1;
                    continue;
                }
                b'{' | b'[' | b'(' => {
                    depth += 1;
                    text.depth = text.depth.max(depth);
                    parentheses += usize::from(byte == b'(');
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                b')' => {
                    depth = depth.saturating_sub(1);
                    parentheses = parentheses.saturating_sub(1);
                }
                b':' if parentheses == 0 => text.aliases += 1,
                b'@' => text.directives += 1,
                _ => {}
            }
            at = end_of_token(bytes, at, byte);
            let (count, limit) = match parentheses {
                0 => (&mut text.selection_tokens, max_selection_tokens),
                _ => (&mut text.input_tokens, max_input_tokens),
            };
            *count += 1;
            if *count > limit {
                break;
            }
        }
        text
    }
}

fn end_of_token(bytes: &[u8], at: usize, first: u8) -> usize {
    match first {
        b'"' => end_of_text(bytes, at + 1),
        b'#' => {
            let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
            let end = bytes[at..].iter().position(is_end);
            end.map_or(bytes.len(), |length| at + length)
        }
        b'.' => {
            at + bytes[at..]
                .iter()
                .take(3)
                .take_while(|dot| **dot == b'.')
                .count()
        }
        _ => at + 1 + word(first, &bytes[at + 1..]),
    }
}

/// How many bytes of `rest` belong to the name or number that `first` begins. The parts of a number
/// with a sign or a point count by themselves.
fn word(first: u8, rest: &[u8]) -> usize {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if is_word(first) {
        rest.iter().take_while(|byte| is_word(**byte)).count()
    } else {
        0
    }
}

/// Where a text ends of which the first quote is read. Brackets in texts do not count.
fn end_of_text(bytes: &[u8], at: usize) -> usize {
    if bytes[at..].starts_with(b"\"\"") {
        return end_of_block(bytes, at + 2);
    }
    let mut at = at;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            // It hides what follows it.
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where a block ends whose first quotes are read: at three of them. A backslash hides all three, and
/// nothing else.
fn end_of_block(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        if bytes[at..].starts_with(br#"\""""#) {
            at += 4;
        } else if bytes[at..].starts_with(br#"""""#) {
            return at + 3;
        } else {
            at += 1;
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_means_something_counts() {
        for (document, selections, inputs, depth) in [
            ("", 0, 0, 0),
            ("\u{feff} , \n", 0, 0, 0),
            ("{ a }", 3, 0, 1),
            ("{a,b}", 4, 0, 1),
            ("{ a(b: [{ c: -1.5e3 }]) { d } e { f } }", 11, 13, 4),
            ("{ a # {{{\n { b } }", 7, 0, 2),
            ("{ a # {{{", 3, 0, 1),
            ("#\n#\n{ a(#\n) }", 6, 2, 2),
            ("{ a #\r{ b } }", 7, 0, 2),
            (r#"{ a(b: "{{{ \" {{{") { c } }"#, 7, 4, 2),
            (r#"{ a(b: "") { c { d } } }"#, 10, 4, 3),
            (r#"{ a(b: "\\") { c { d } } }"#, 10, 4, 3),
            (r#"{ a(b: """ {{{ " \""" {{{ """) { c { d } } }"#, 10, 4, 3),
            (r#"{ a(b: """\\""" """) { c } }"#, 7, 4, 2),
            (r#"{ a(b: """\""" """) { c } }"#, 7, 4, 2),
            (r#"{ a(b: """\u\\n""") { c } }"#, 7, 4, 2),
            (r#"{ a(b: "ü\"#, 2, 4, 2),
            (r#"{ a(b: "never ends {{{"#, 2, 4, 2),
            ("}}}} ))) { a }", 10, 0, 1),
            ("query ($a: Int! = 1) @b { ...c }", 8, 8, 1),
            ("{...a...b@c@d(e:[$f$g])}", 11, 9, 3),
        ] {
            let text = Text::of(document, usize::MAX, usize::MAX);
            let counted = (text.selection_tokens, text.input_tokens, text.depth);
            assert_eq!(counted, (selections, inputs, depth), "{document}");
        }
    }

    #[test]
    fn aliases_and_directives_are_seen() {
        let document = "query ($a: Int @x, $b: [Int]) @y { c: d(e: { f: 1 }) @z { g: h i } }";
        let text = Text::of(document, usize::MAX, usize::MAX);
        assert_eq!((text.aliases, text.directives), (2, 3));
    }

    #[test]
    fn it_stops_at_the_limit() {
        let text = Text::of(&"{ a".repeat(1_000), 10, 20);
        assert_eq!((text.selection_tokens, text.input_tokens), (11, 0));
        let text = Text::of(&"( a".repeat(1_000), 10, 20);
        assert_eq!((text.selection_tokens, text.input_tokens), (0, 21));
    }
}
