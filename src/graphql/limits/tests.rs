use serde_json::{Value as Json, json};

use super::*;
use crate::graphql::parse::parse;

/// The types of Orlo's own schema.
fn types() -> FieldTypes {
    FieldTypes::of_schema(&crate::graphql::sdl())
}

fn weigh_within(limits: &Limits, query: &str, variables: Json) -> Result<Weight, ServerError> {
    let request = Request::new(query).variables(Variables::from_json(variables));
    limits.check_text(&request)?;
    let document = parse(&request.query).unwrap();
    let variables = &request.variables;
    limits.check_document(&types(), &Settings::default(), &document, None, variables)
}

fn weigh(query: &str, variables: Json) -> Weight {
    weigh_within(&Limits::default(), query, variables).unwrap()
}

fn cost(query: &str, variables: Json) -> u64 {
    weigh(query, variables).cost
}

/// What is wrong with a request: code and message.
fn refused(query: &str, variables: Json) -> (String, String) {
    let error = weigh_within(&Limits::default(), query, variables).unwrap_err();
    let code = error.extensions.unwrap().get("code").unwrap().to_string();
    (code.trim_matches('"').to_owned(), error.message)
}

#[test]
fn pages_count_as_they_are_asked_for() {
    // The list itself, and each node with its two fields.
    let list = |argument: &str| format!("{{ releases{argument} {{ nodes {{ id user }} }} }}");
    assert_eq!(cost(&list("(first: 5)"), json!({})), 1 + 5 * 3);
    assert_eq!(cost(&list("(last: 7)"), json!({})), 1 + 7 * 3);
    assert_eq!(cost(&list(""), json!({})), 1 + 100 * 3);
    assert_eq!(cost(&list("(first: null)"), json!({})), 1 + 100 * 3);
    for beyond in ["0", "1"] {
        let query = list(&format!("(first: {beyond})"));
        assert_eq!(cost(&query, json!({})), 1 + 3, "{beyond}");
    }
    for beyond in ["-1", "1001", "99999999999999999999", "1.5", "\"1\""] {
        let query = list(&format!("(first: {beyond})"));
        assert_eq!(cost(&query, json!({})), 1 + 1_000 * 3, "{beyond}");
    }
}

#[test]
fn sizes_may_be_in_variables() {
    let with =
        |ty: &str| format!("query ($n: {ty}) {{ releases(first: $n) {{ nodes {{ id user }} }} }}");
    for (declared, variables, size) in [
        ("Int", json!({"n": 5}), 5),
        ("Int", json!({"n": -1}), 1_000),
        ("Int", json!({"n": null}), 100),
        ("Int", json!({}), 100),
        ("Int", json!({"n": []}), 1_000),
        ("Int = 6", json!({}), 6),
        ("Int = 6", json!({"n": 5}), 5),
        ("Int = 6", json!({"n": null}), 100),
        ("Int = -6", json!({}), 1_000),
    ] {
        let query = with(declared);
        assert_eq!(
            cost(&query, variables.clone()),
            1 + size * 3,
            "{declared} {variables}"
        );
    }
}

#[test]
fn pages_within_pages_multiply() {
    let query = "{ platforms(first: 3) { pageInfo { endCursor } edges { cursor node {
        releases(first: 4) { nodes { id packages { name results(first: 2) { nodes { id } } } } } } } } }";
    let result = 1 + 2 * 2;
    let release = 2 + 10 * (1 + 1 + result);
    let platform = 1 + 1 + 1 + 1 + 4 * release;
    assert_eq!(cost(query, json!({})), 1 + 2 + 3 * platform);
}

#[test]
fn ids_count_by_their_number() {
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(cost(query, json!({"ids": ["a", "b", "c"]})), 3 * 2);
    assert_eq!(
        cost("{ nodes(ids: [\"a\", \"b\"]) { id } }", json!({})),
        2 * 2
    );
    assert_eq!(cost("{ nodes(ids: \"a\") { id } }", json!({})), 2);
    assert_eq!(
        cost("{ timeline(from: 0, limit: 5) { text } }", json!({})),
        5 * 2 + 1_000
    );
    assert_eq!(
        cost("{ timeline(from: 0) { text } }", json!({})),
        1_000 * 2 + 1_000
    );
}

#[test]
fn a_cost_too_high_is_told() {
    let query =
        "{ releases(first: 1000) { nodes { packages { release { packages { id name } } } } } }";
    let package = 1 + 1 + 10 * 3;
    let expected = 1 + 1_000 * (1 + 10 * package);
    let (code, message) = refused(query, json!({}));
    assert_eq!(code, "LIMIT_EXCEEDED");
    let told = format!(
        "the operation costs {expected}; 250000 is the limit; ask for smaller pages or fewer fields"
    );
    assert_eq!(message, told);
}

#[test]
fn fragments_count_wherever_they_are_spread() {
    let query = "{ a: releases(first: 2) { ...page } b: releases(first: 3) { ...page } }
        fragment page on ReleaseConnection { nodes { ...one } ... @include(if: true) { totalCount } }
        fragment one on Release { id }";
    let weight = weigh(query, json!({}));
    assert_eq!(weight.cost, (1 + 2 * 2 + 101) + (1 + 3 * 2 + 101));
    let counts = (
        weight.fields,
        weight.root_fields,
        weight.aliases,
        weight.directives,
    );
    assert_eq!(counts, (2 * 4, 2, 2, 2));
    assert_eq!(weight.depth, 5);
}

#[test]
fn fragments_that_double_are_refused_at_once() {
    let double = |level| {
        let next = level + 1;
        format!("fragment f{level} on ServerInfo {{ ...f{next} ...f{next} }} ")
    };
    let fragments: String = (0..28).map(double).collect();
    let query =
        format!("{{ server {{ ...f0 }} }} {fragments} fragment f28 on ServerInfo {{ version }}");
    let (code, message) = refused(&query, json!({}));
    assert_eq!(code, "LIMIT_EXCEEDED");
    let fields = 1 + (1 << 28);
    let expected =
        format!("the operation has {fields} fields with its fragments in place; 2000 is the limit");
    assert_eq!(message, expected);
    // The same in an operation that is not the one to execute.
    let query = format!("query a {{ server {{ version }} }} query b {query}");
    let (code, message) = refused(&query, json!({}));
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.starts_with("the document has "), "{message}");
}

#[test]
fn fragments_that_contain_themselves_are_refused() {
    for query in [
        "{ ...a } fragment a on Query { ...a }",
        "{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a ...a }",
        "query x { __typename } query y { ...a } fragment a on Query { server { ...a } }",
    ] {
        let (code, message) = refused(query, json!({}));
        assert_eq!(code, "BAD_REQUEST", "{query}");
        assert!(message.ends_with("contains itself"), "{message}");
    }
}

/// A document with so many of something.
type Query<'a> = &'a dyn Fn(usize) -> String;

#[test]
fn every_limit_holds_from_its_number_on() {
    let times = |part: &str, count: usize| part.repeat(count);
    let aliases = |count: usize| {
        let fields = (0..count).map(|number| format!("a{number}: name "));
        format!(
            "{{ platform(name: \"a\") {{ {} }} }}",
            fields.collect::<String>()
        )
    };
    let directives = |count| format!("{{ server {{ version {} }} }}", times("@a ", count));
    let deep = |count| {
        let (open, close) = (times("... { ", count), times("} ", count));
        format!("{{ {open} __typename {close} }}")
    };
    let chain = |count: usize| {
        let links = (1..count).map(|n| format!("fragment f{n} on Query {{ ...f{} }} ", n + 1));
        let links: String = links.collect();
        format!("{{ ...f1 }} {links} fragment f{count} on Query {{ __typename }}")
    };
    let root = |count| format!("{{ {} }}", times("__typename ", count));
    let spread = |field: &str, count| {
        let spreads = times("...f ", count);
        format!("{{ server {{ {spreads} }} }} fragment f on ServerInfo {{ {field} }}")
    };
    let again_deeper = |count| {
        let (open, close) = (times("... { ", count), times("} ", count));
        let fragment = "fragment f on Query { ... { __typename } }";
        format!("{{ ...f {open} ...f {close} }} {fragment}")
    };
    let limits: [(Query<'_>, usize, &str); 8] = [
        (&root, 50, "fields at its root"),
        (&aliases, 200, "aliases"),
        (&directives, 100, "directives"),
        (&deep, 31, "selections are nested more than 32 deep"),
        (&chain, 31, "selections are nested more than 32 deep"),
        (&again_deeper, 29, "selections are nested more than 32 deep"),
        (&|count| spread("a: version", count), 200, "aliases"),
        (&|count| spread("version @a", count), 100, "directives"),
    ];
    for (query, limit, what) in limits {
        weigh(&query(limit), json!({}));
        let (code, message) = refused(&query(limit + 1), json!({}));
        assert_eq!(code, "LIMIT_EXCEEDED");
        assert!(message.contains(what), "{message}");
    }
    let (_, message) = refused(&format!("{{ {} }}", times("__typename ", 60)), json!({}));
    assert_eq!(
        message,
        "the operation has 60 fields at its root; 50 is the limit"
    );
}

#[test]
fn documents_and_variables_share_the_limit_of_nesting() {
    let check = |document: usize, variable: usize| {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let value: Json = serde_json::from_str(&nested(variable)).unwrap();
        let variables = Variables::from_json(json!({"a": 1, "b": value}));
        Limits::default().check_text(&Request::new(nested(document)).variables(variables))
    };
    assert!(check(MAX_NESTING - 10, 10).is_ok());
    let error = check(MAX_NESTING - 10, 11).unwrap_err();
    assert_eq!(
        error.message,
        "the request is nested 65 deep; 64 is the limit"
    );
}

#[test]
fn a_document_has_a_limited_length() {
    let check = |query: String| Limits::default().check_text(&Request::new(query));
    let refused = |query: String| check(query).unwrap_err().message;
    let selections = |count| format!("{{ {} }}", "a ".repeat(count));
    assert!(check(selections(1_998)).is_ok());
    let expected =
        "the document has more than 2000 tokens outside of parentheses, which is the limit";
    assert_eq!(refused(selections(1_999)), expected);
    let inputs = |count| format!("{{ a(b: [{}]) }}", "1 ".repeat(count));
    assert!(check(inputs(3_990)).is_ok());
    assert!(refused(inputs(4_000)).starts_with("the document has more than 4000 tokens in"));
    let bytes = |count| format!("{{ a }} #{}", "x".repeat(count));
    assert!(check(bytes(200_000)).is_ok());
    let expected =
        "the document has 300007 bytes; 262144 is the limit; long inputs belong in variables";
    assert_eq!(refused(bytes(300_000)), expected);
}

#[test]
fn the_schema_can_be_asked_for_but_not_again_and_again() {
    let query = "{ __schema { types { fields { type { fields { name } } } } } }";
    weigh(query, json!({}));
    let query =
        "{ __schema { types { fields { type { fields { type { possibleTypes { name } } } } } } } }";
    let (code, message) = refused(query, json!({}));
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.starts_with("lists of the schema"), "{message}");
    let off = Limits {
        introspection: false,
        ..Limits::default()
    };
    for query in [
        query,
        "{ ...a } fragment a on Query { __type(name: \"Release\") { name } }",
    ] {
        let error = weigh_within(&off, query, json!({})).unwrap_err();
        assert_eq!(
            error.message,
            "the schema cannot be asked for on this server"
        );
    }
    weigh_within(&off, "{ __typename server { __typename } }", json!({})).unwrap();
}

#[test]
fn nobody_is_told_of_thousands_of_mistakes() {
    let query = |count: usize| {
        let fields = (0..count).map(|number| format!("wrong{number} "));
        format!("{{ server {{ {} }} }}", fields.collect::<String>())
    };
    weigh(&query(20), json!({}));
    let (code, message) = refused(&query(21), json!({}));
    assert_eq!(code, "BAD_REQUEST");
    assert_eq!(
        message,
        "more than 20 fields do not exist, among them \"wrong20\" on \"ServerInfo\""
    );
}
