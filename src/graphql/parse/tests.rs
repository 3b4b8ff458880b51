use async_graphql::parser::parse_query;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use serde_json::Value as Json;

use super::*;

/// Everything that a document can have, in tokens with blanks between them.
const EVERYTHING: &str = r#"
    query Q ( $a : Int = 1 , $b : [String!]! ) @ a ( b : $a ) {
        c : d ( e : { f : [ -1.5e3 , 2 ] , g : $b } , h : "é\n" ) @ i { j ... @ k { l } }
        ... on M { n ( o : P , q : null , r : true ) }
        ... S @ t
    }
    # a comment
    mutation U { v ( w : """ x """ ) }
    subscription Y { z }
    fragment S on B @ c { d { e } }
"#;

/// All of a document, without the places of type conditions: theirs is that of the type here, as the
/// specification's errors have it, and that of `on` in the other parser.
fn told(document: &ExecutableDocument) -> Json {
    let mut told = serde_json::to_value(document).unwrap();
    forget(&mut told);
    told
}

fn forget(value: &mut Json) {
    match value {
        Json::Object(members) => {
            let condition = members.get_mut("type_condition");
            if let Some(condition) = condition.and_then(Json::as_object_mut) {
                condition.remove("pos");
            }
            members.values_mut().for_each(forget);
        }
        Json::Array(items) => items.iter_mut().for_each(forget),
        _ => {}
    }
}

#[test]
fn the_executor_gets_what_it_would_have_read_itself() {
    for document in [
        EVERYTHING,
        "{a}",
        "query { a }",
        "query Q @a @b(c: 1) { a } mutation M { b } subscription S { c }",
        "query ($a: Int, $b: [String!]! = [\"x\"], $c: T = {d: E, f: null, g: true}) { h(i: $a) }",
        "\u{feff}{ b(c: \"ü\\n\\u00e9\", d: [1, -2, 3.5, 1e3, 12345678901234567890]) }",
        "{ a(b: \"\"\"\n    one\n      two\n  \"\"\") }",
        "{ a: b @c { d ... @e { f } ... on G { h } ...I @j } }\r\nfragment I on K @l { m }",
        "# only a comment\n{ a # another\n, b }",
        "{ a(b: {c: 1, c: 2}, d: -0, e: 123456789012345678901234567890) }",
    ] {
        assert_read_alike(document);
        assert!(
            parse(document).is_ok() && parse_query(document).is_ok(),
            "{document}"
        );
    }
}

/// Where the parsers do not agree about what is a document, this one is closer to the specification.
#[track_caller]
fn assert_read_alike(document: &str) {
    let (Ok(read), Ok(expected)) = (parse(document), parse_query(document)) else {
        return;
    };
    let (read, expected) = (told(&read), told(&expected));
    let (read, expected) = (format!("{read:#}"), format!("{expected:#}"));
    let mut lines = read.lines().zip(expected.lines()).enumerate();
    let differing = lines.find(|(_, (read, expected))| read != expected);
    assert_eq!(differing, None, "{document}: {read}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_documents_are_read_alike_too(
        changes in vec((any::<Index>(), any::<Index>(), 0..3), 0..4),
    ) {
        let known: Vec<_> = EVERYTHING.split(' ').collect();
        let mut tokens = known.clone();
        for (at, other, how) in changes {
            let (at, token) = (at.index(tokens.len()), known[other.index(known.len())]);
            match how {
                0 => drop(tokens.remove(at)),
                1 => tokens.insert(at, token),
                _ => tokens[at] = token,
            }
        }
        assert_read_alike(&tokens.join(" "));
    }
}

#[test]
fn long_texts_do_not_exhaust_the_stack() {
    for text in [
        "\u{212a}".repeat(80_000),
        r"\n".repeat(100_000),
        "x".repeat(250_000),
    ] {
        for quote in ["\"", "\"\"\""] {
            let document = format!("{{ a(b: {quote}{text}{quote}) }}");
            assert!(parse(&document).is_ok());
        }
    }
}

/// As the specification has it, and the other parser not.
#[test]
fn quotes_are_hidden_by_a_backslash_in_blocks() {
    let document = parse(r#"{ a(b: """ \""" """) }"#).unwrap();
    assert!(told(&document).to_string().contains(r#"" \"\"\" ""#));
    parse("query ($a: [ Int ! ] = [1] @b) { c }").unwrap();
}

#[test]
fn mistakes_are_told_with_their_place() {
    let unnamed = "an operation without a name must be the only one";
    for (document, expected) in [
        (
            "",
            "Syntax error: Document does not contain any definitions",
        ),
        ("{ a", "1:4 Syntax error: Unexpected EOF"),
        ("{\n  é(: 1) }", "2:3 Syntax error: Unable to parse"),
        ("{ a(b: 1x) }", "1:8 Syntax error: Unable to parse"),
        ("{ a(b: \"x) }", "1:8 Syntax error: Unable to parse"),
        ("{ a(b: 1e999) }", "1:8 Syntax error: a number is too large"),
        ("type A { b: Int }", "1:1 Syntax error: Unexpected token"),
        ("fragment a on B { c }", "the document has no operation"),
        ("{ a } query B { c }", &format!("1:1 {unnamed}")),
        ("query B { c } { a }", &format!("1:15 {unnamed}")),
        (
            "query B { c }\nquery B { c }",
            "2:1 operation B is defined twice",
        ),
        (
            "{ a } fragment B on C { d } fragment B on C { d }",
            "1:29 fragment B is defined twice",
        ),
    ] {
        let error = parse(document).unwrap_err();
        let place = error.locations.first();
        let place = place.map(|place| format!("{place} ")).unwrap_or_default();
        assert_eq!(place + &error.message, expected, "{document}");
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    for deep in ["{a", "{a(b:[", "query($a:["] {
        let error = parse(&deep.repeat(100_000)).unwrap_err();
        assert!(
            error.message.starts_with("Syntax error"),
            "{}",
            error.message
        );
    }
    let deep = format!("{{a(b:{}{})}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(parse(&deep).is_err());
}
