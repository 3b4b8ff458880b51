use async_graphql::parser::parse_query;
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::sample::Index;
use serde_json::Value as Json;

use super::*;
use crate::graphql::limits::Text;

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

/// How many brackets of the document the parser is within at most: those of what is selected, of
/// arguments, and of values.
fn depth(document: &ExecutableDocument) -> usize {
    let operations = document.operations.iter().map(|(_, it)| &it.node);
    let operations = operations.map(|it| {
        let defaults = it.variable_definitions.iter();
        let defaults = defaults.filter_map(|it| it.node.default_value.as_ref());
        let defaults = defaults.map(|it| 1 + depth_of_const(&it.node)).max();
        let selected = depth_of_set(&it.selection_set.node);
        selected
            .max(depth_of_directives(&it.directives))
            .max(defaults.unwrap_or(0))
    });
    let fragments = document.fragments.values().map(|it| &it.node);
    let fragments = fragments
        .map(|it| depth_of_set(&it.selection_set.node).max(depth_of_directives(&it.directives)));
    operations.chain(fragments).max().unwrap_or(0)
}

fn depth_of_set(set: &SelectionSet) -> usize {
    let depth = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(field) => {
            let field = &field.node;
            depth_of_arguments(&field.arguments)
                .max(depth_of_directives(&field.directives))
                .max(depth_of_set(&field.selection_set.node))
        }
        Selection::InlineFragment(fragment) => depth_of_set(&fragment.node.selection_set.node)
            .max(depth_of_directives(&fragment.node.directives)),
        Selection::FragmentSpread(spread) => depth_of_directives(&spread.node.directives),
    };
    set.items
        .iter()
        .map(depth)
        .max()
        .map_or(0, |depth| 1 + depth)
}

fn depth_of_directives(directives: &[Positioned<Directive>]) -> usize {
    let depth = |it: &Positioned<Directive>| depth_of_arguments(&it.node.arguments);
    directives.iter().map(depth).max().unwrap_or(0)
}

fn depth_of_arguments(arguments: &[(Positioned<Name>, Positioned<Value>)]) -> usize {
    let depths = arguments
        .iter()
        .map(|(_, value)| 1 + depth_of_value(&value.node));
    depths.max().unwrap_or(0)
}

fn depth_of_value(value: &Value) -> usize {
    let inner = match value {
        Value::List(items) => items.iter().map(depth_of_value).max(),
        Value::Object(members) => members.values().map(depth_of_value).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or(0)
}

fn depth_of_const(value: &async_graphql_value::ConstValue) -> usize {
    depth_of_value(&value.clone().into_value())
}

/// What is told from the text before anything is parsed must not be less than what the parser finds.
fn assert_not_deeper_than_told(document: &str) {
    let text = Text::of(document, usize::MAX, usize::MAX);
    if let Ok(parsed) = parse(document) {
        assert!(
            depth(&parsed) <= text.depth,
            "{document:?}: {}",
            depth(&parsed)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_text_hides_brackets_from_the_limits(
        parts in vec(proptest::sample::select(HIDING.to_vec()), 0..9),
        inner in vec(proptest::sample::select(HIDING.to_vec()), 0..9),
    ) {
        let (parts, inner) = (parts.concat(), inner.concat());
        for quote in ["\"", "\"\"\"", ""] {
            assert_not_deeper_than_told(&format!("{{a(b:{quote}{parts}{quote} c:{{d:[{quote}{inner}{quote}]}})}}"));
            assert_not_deeper_than_told(&format!("{{a(b:[{quote}{parts}{quote}]){{c{inner}{{d}}}}}}"));
        }
    }
}

/// What texts and comments are made of.
const HIDING: [&str; 14] = [
    "\"", "\"\"\"", "\\", "\\\"\"\"", "#", "\n", "\r", "{", "}", "[", "]", "a", "\u{2028}",
    "\\u0022",
];

#[test]
fn what_is_within_the_limits_is_never_too_deep() {
    let nested = |open: &str, close: &str, count: usize| open.repeat(count) + &close.repeat(count);
    for document in [
        format!("{{{}}}", nested("a{b ", "}", 63).replace("{b }", "{b}")),
        format!("{{a(b:{})}}", nested("[", "]", 62)),
        format!("{{a(b:{}1{})}}", "{c:".repeat(62), "}".repeat(62)),
        format!(
            "{{{}a(b:{}){}}}",
            "a{".repeat(31),
            nested("[", "]", 31),
            "}".repeat(31)
        ),
        format!("query($a:{}B{}){{c}}", "[".repeat(63), "]".repeat(63)),
        format!("{{{}a{}}}", "...{".repeat(63), "}".repeat(63)),
        format!("{{a@b(c:{})}}", nested("[", "]", 62)),
    ] {
        let text = Text::of(&document, usize::MAX, usize::MAX);
        assert_eq!(text.depth, 64, "{document}");
        assert!(parse(&document).is_ok(), "{document}");
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
