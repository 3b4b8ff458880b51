//! What it costs to refuse a request, from its head to the answer: `cargo bench --bench refusals`.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod server;

use std::sync::LazyLock;

use axum::body::Bytes;
use divan::Bencher;
use orlo::graphql::Limits;
use serde_json::{Value, json};

use self::server::Server;

fn main() {
    for (name, body) in &*REQUESTS {
        let answer = SERVER.send(body.clone());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let message = &answer["errors"][0]["message"];
        assert!(message.is_string(), "{name} is not refused: {answer}");
    }
    divan::main();
}

/// The time until the answer is there; the request is there already.
#[divan::bench(args = NAMES.iter(), sample_count = 200)]
fn refusal(bencher: Bencher<'_, '_>, name: &&str) {
    let (_, body) = REQUESTS.iter().find(|(known, _)| known == name).unwrap();
    bencher.bench(|| SERVER.send(body.clone()));
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let limits = Limits {
        introspection: false,
        ..Limits::default()
    };
    Server::start(limits)
});

static NAMES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| REQUESTS.iter().map(|(name, _)| *name).collect());

static REQUESTS: LazyLock<Vec<(&'static str, Bytes)>> = LazyLock::new(requests);

fn requests() -> Vec<(&'static str, Bytes)> {
    let documents = documents().into_iter();
    let mut requests: Vec<_> = documents
        .map(|(name, query)| (name, json!({ "query": query })))
        .collect();
    let many: Vec<_> = (0..1_000).map(|number| number.to_string()).collect();
    let fits = 2 << 20;
    let text = "x".repeat(fits - 1_000);
    requests.extend([
        ("a batch", json!(vec![json!({"query": "{ __typename }"}); 1_000])),
        ("2 MiB of variables, unknown field", json!({"query": "{ nothing }", "variables": {"a": text}})),
        ("2 MiB of variables, too deep", json!({"query": "{a".repeat(100), "variables": {"a": text}})),
        ("2 MiB of document", json!({"query": text})),
        ("a variable of the wrong type", json!({
            "query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", "variables": {"ids": {"a": many}},
        })),
        ("a missing variable", json!({"query": "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"})),
        ("a hash that is not the document's", json!({
            "query": "{ __typename }".repeat(5_000),
            "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0".repeat(64)}},
        })),
    ]);
    let mut requests: Vec<_> = requests
        .into_iter()
        .map(|(name, body)| (name, Bytes::from(body.to_string())))
        .collect();
    requests.push((
        "2 MiB that are not JSON",
        Bytes::from("[".repeat(100) + &"1,".repeat(fits / 2 - 100)),
    ));
    requests.push(("more than 2 MiB", Bytes::from(vec![b' '; fits + 1])));
    requests
}

/// `text` so many times, with numbers in place of `#`.
fn numbered(count: usize, text: &str) -> String {
    let one = |number: usize| text.replace('#', &number.to_string());
    (0..count).map(one).collect()
}

fn documents() -> Vec<(&'static str, String)> {
    [too_much(), mistaken(), long()].concat()
}

/// What is beyond a limit.
fn too_much() -> Vec<(&'static str, String)> {
    let circle = "packages { release { ";
    let deep = format!("{} id {}", circle.repeat(20), "} } ".repeat(20));
    let events = "events(first: 1000) { nodes { id } }";
    let double =
        "fragment f# on ServerInfo { ...g# ...g# } fragment g# on ServerInfo { ...h# ...h# } ";
    let of_server = |inner: &str| format!("{{ server {{ {inner} }} }}");
    let at_root = |inner: &str| format!("{{ {inner} }}");
    vec![
        (
            "too deep",
            at_root(&format!("releases {{ nodes {{ {deep} }} }}")),
        ),
        ("too deep to parse", "{a".repeat(100_000)),
        (
            "too costly",
            at_root(&format!("releases(first: 1000) {{ nodes {{ {events} }} }}")),
        ),
        ("too many tokens", of_server(&"version ".repeat(20_000))),
        (
            "too many inputs",
            at_root(&format!("nodes(ids: [{}]) {{ id }}", "1 ".repeat(100_000))),
        ),
        (
            "too many aliases",
            at_root(&numbered(600, "a#: __typename ")),
        ),
        (
            "too many fields at the root",
            at_root(&"__typename ".repeat(1_900)),
        ),
        (
            "too many directives",
            of_server(&format!("version {}", "@a".repeat(900))),
        ),
        (
            "fragments in fragments",
            of_server("...f0") + &numbered(120, double),
        ),
        (
            "a fragment in itself",
            "{ ...a } fragment a on Query { ...a }".to_owned(),
        ),
        (
            "introspection, switched off",
            at_root("__schema { types { name } }"),
        ),
    ]
}

/// What is within the limits and wrong.
fn mistaken() -> Vec<(&'static str, String)> {
    let arguments = "releases(a#: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1) { totalCount } ";
    let unused = numbered(180, "fragment f# on Query { __typename } ");
    let variables = numbered(500, "$v#: Int, ");
    let conflict = "version ".repeat(900) + "version: actor ";
    let at_root = |inner: &str| format!("{{ {inner} }}");
    vec![
        ("not GraphQL", "nothing like it".to_owned()),
        ("an unknown field", at_root("nothing")),
        ("20 unknown fields", at_root(&numbered(20, "nothing# "))),
        (
            "1,900 unknown fields",
            at_root(&numbered(1_900, "nothing# ")),
        ),
        ("320 unknown arguments", at_root(&numbered(40, arguments))),
        (
            "900 fields that conflict",
            at_root(&format!("server {{ {conflict} }}")),
        ),
        (
            "180 fragments that nobody uses",
            format!("{{ __typename }} {unused}"),
        ),
        ("400 operations", numbered(400, "query q# { __typename } ")),
        (
            "500 variables that nobody uses",
            format!("query ({variables}) {{ __typename }}"),
        ),
        (
            "a page of -1",
            at_root("releases(first: -1) { totalCount }"),
        ),
        (
            "a cursor that is none",
            at_root("releases(after: \"x\") { totalCount }"),
        ),
        (
            "almost too many inputs",
            at_root(&format!("nothing(ids: [{}])", "\"a\" ".repeat(3_990))),
        ),
    ]
}

/// What has almost as many bytes as a document may have.
fn long() -> Vec<(&'static str, String)> {
    const BYTES: usize = (256 << 10) - 30;
    let comments = "#xxxxxxx\n".repeat(BYTES / 9);
    vec![
        (
            "256 KiB of blanks",
            format!("{{ nothing }}{}", " ".repeat(BYTES)),
        ),
        ("256 KiB of comments", format!("{{ nothing }}\n{comments}")),
        (
            "256 KiB of text",
            format!("{{ nothing(a: \"{}\") }}", "x".repeat(BYTES)),
        ),
    ]
}
