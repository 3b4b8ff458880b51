//! The limits of a document and of the operation in it.

use axum::http::StatusCode;
use orlo::graphql::Limits;
use serde_json::{Value, json};

use super::{post, refusal};
use crate::app::{TestApp, on_both_databases};
use crate::clients;
use crate::live::subscriber::Subscriber;

on_both_databases!(
    what_asks_for_too_much_is_refused_before_it_runs,
    nothing_deep_reaches_the_parser_by_any_way,
    a_request_is_told_its_cost_when_it_asks,
    usual_requests_are_far_from_the_limits,
    the_schema_is_built_by_a_client,
    limits_can_be_set,
);

/// Deep, wide and endless in the ways that are tried on GraphQL servers.
fn attacks() -> Vec<(&'static str, String)> {
    let aliases = |count: usize, field: &str| {
        let fields = (0..count).map(|number| format!("a{number}: {field} "));
        fields.collect::<String>()
    };
    let double = |level| {
        let next = level + 1;
        format!("fragment f{level} on ServerInfo {{ ...f{next} ...f{next} }} ")
    };
    let doubling = (0..30).map(double).collect::<String>()
        + "{ server { ...f0 } } fragment f30 on ServerInfo { version }";
    let circle = "packages { release { ";
    let deep = format!("{} id {}", circle.repeat(20), "} } ".repeat(20));
    let (and, end) = ("{and:".repeat(300), "}".repeat(300));
    // What comes before them must not hide the brackets.
    let hidden = |before: &str, after: &str| {
        let filter = format!("filter:{before}{and}{{}}{end}{after}");
        format!("{{ releases({filter}) {{ totalCount }} }}")
    };
    vec![
        ("nested", format!("{{ releases {{ nodes {{ {deep} }} }} }}")),
        ("brackets", "{a".repeat(100_000)),
        ("comment", hidden("#\r", "")),
        (
            "escape",
            hidden(r#"{user:{eq:"""\\""" """},and:"#, r#",team:{ne:""" """}}"#),
        ),
        ("aliases", format!("{{ {} }}", aliases(1_000, "server { version }"))),
        ("root", format!("{{ {} }}", "server { version } ".repeat(60))),
        ("doubling", doubling),
        (
            "pages",
            "{ releases(first: 1000) { nodes { events(first: 1000) { nodes { id } } } } }".to_owned(),
        ),
        (
            "not a page",
            "{ releases(first: -1) { nodes { events(first: -1) { nodes { id } } } } }".to_owned(),
        ),
        ("directives", format!("{{ server {} {{ version }} }}", "@a".repeat(1_000))),
        ("tokens", format!("{{ server {{ {} }} }}", "version ".repeat(10_000))),
        ("inputs", format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(30_000))),
        ("blank", format!("{{ server {{ version }} }}{}", " ".repeat(1 << 20))),
        (
            "schema",
            "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"
                .to_owned(),
        ),
    ]
}

async fn what_asks_for_too_much_is_refused_before_it_runs(app: TestApp) {
    let before = app.statements();
    for (name, query) in attacks() {
        let answer = post(&app, &json!({"query": query})).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}: {answer:?}");
        let (code, message) = refusal(&answer);
        assert_eq!(code, "LIMIT_EXCEEDED", "{name}: {message}");
        assert!(
            message.contains(|letter: char| letter.is_ascii_digit()),
            "{message}"
        );
    }
    let fragments = "{ ...a } fragment a on Query { ...b ...b } fragment b on Query { ...a ...a }";
    let (code, _) = refusal(&post(&app, &json!({"query": fragments})).await);
    assert_eq!(code, "BAD_REQUEST");
    assert_eq!(app.statements(), before);
}

/// The parser is recursive: what went through to it would end the whole process.
async fn nothing_deep_reaches_the_parser_by_any_way(app: TestApp) {
    let server = app.listen().await;
    for (open, kind) in [("%7Ba", "query"), ("%7Ba", "mutation"), ("(a:%5B", "query")] {
        let deep = format!("?query={kind}{}", open.repeat(1_500));
        for path in ["/graphql", "/graphql/stream"] {
            let answer = app.get(&format!("{path}{deep}")).await;
            assert!(
                answer.text().contains("LIMIT_EXCEEDED"),
                "{path}: {answer:?}"
            );
        }
    }
    let query = format!("subscription {}", "{a".repeat(30_000));
    let body = json!({"query": query});
    let (code, _) = refusal(&post(&app, &body).await);
    assert_eq!(code, "LIMIT_EXCEEDED");
    let errors = Subscriber::start(&app, &query, json!({})).errors().await;
    assert_eq!(errors[0]["extensions"]["code"], "LIMIT_EXCEEDED");
    let url = server.url("/graphql/ws").replace("http://", "ws://");
    let output = clients::run("refused.mjs", &[&url]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "deep LIMIT_EXCEEDED\ncostly LIMIT_EXCEEDED\n");
}

async fn a_request_is_told_its_cost_when_it_asks(app: TestApp) {
    let query = "query ($n: Int) { releases(first: $n) { nodes { id } } }";
    let request = |extensions: Value| json!({"query": query, "variables": {"n": 3}, "extensions": extensions});
    let answer = post(&app, &request(json!({"cost": true}))).await.json();
    let expected = json!({
        "cost": 7, "maxCost": 250_000, "depth": 3, "maxDepth": 32, "fields": 3, "maxFields": 2_000,
    });
    assert_eq!(answer["extensions"]["cost"], expected, "{answer}");
    for extensions in [json!({}), json!({"cost": false}), json!({"other": true})] {
        let answer = post(&app, &request(extensions)).await.json();
        assert!(answer.get("extensions").is_none(), "{answer}");
    }
}

/// What dashboards and people ask.
const USUAL: [&str; 8] = [
    "{ releases(first: 100) { nodes { id user team status startedAt finishedAt durationSeconds rollback
        packages { id name version status durationSeconds } platforms { id name } notes { text }
        references metadata } } }",
    r#"{ releases(first: 20, filter: { team: { eq: "shop" }, packages: { some: { name: { eq: "api" },
        status: { eq: FAILED } } } }) { totalCount nodes { id packages { name version } } } }"#,
    r#"{ release(by: { externalId: "a" }) { id notes { text author } metadata events { nodes { type changes } }
        packages { name version results { nodes { content } } previous { version } } } }"#,
    "{ releases(first: 50) { totalCount } }",
    "{ packages(first: 100) { nodes { name version release { user platforms { name } } } } }",
    r#"{ releaseSeries(from: "2026-01-01", groupBy: [TEAM]) { start key { team } counts { total { total failed } } } }"#,
    r#"{ currentVersions(platform: "web") { package version previousVersion deployment { release { user references } } } }"#,
    r#"{ dora(input: { from: "2026-03-02" }) { total { changeFailRate { value } deploymentFrequency { perDay } }
        series { start changeFailRate { value } } failedDeployments(first: 100) { nodes { name version } } } }"#,
];

async fn usual_requests_are_far_from_the_limits(app: TestApp) {
    let limit = Limits::default().max_cost;
    for query in USUAL {
        let answer = post(&app, &json!({"query": query, "extensions": {"cost": true}})).await;
        let cost = answer.json()["extensions"]["cost"]["cost"].as_u64();
        assert!(
            cost.is_some_and(|cost| cost < limit / 5),
            "{query}: {answer:?}"
        );
    }
}

async fn the_schema_is_built_by_a_client(app: TestApp) {
    let server = app.listen().await;
    let output = clients::run("introspect.mjs", &[&server.url("/graphql")]).await;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["types"].as_u64() > Some(100), "{told}");
    let (cost, limit) = (told["cost"]["cost"].as_u64(), Limits::default().max_cost);
    assert!(cost.is_some_and(|cost| cost < limit / 4), "{told}");
}

async fn limits_can_be_set(app: TestApp) {
    let query = json!({"query": "{ server { version } }"});
    let limits = Limits::default();
    let refused = [
        (
            Limits {
                max_cost: 1,
                ..limits
            },
            "the operation costs 2; 1 is the limit; ask for smaller pages or fewer fields",
        ),
        (
            Limits {
                max_depth: 1,
                ..limits
            },
            "selections are nested more than 1 deep, which is the limit",
        ),
        (
            Limits {
                max_tokens: 5,
                ..limits
            },
            "the document has more than 5 tokens outside of parentheses, which is the limit",
        ),
        (
            Limits {
                max_root_fields: 0,
                ..limits
            },
            "the operation has 1 fields at its root; 0 is the limit",
        ),
    ];
    for (limits, expected) in refused {
        let app = app.serving(|state| state.with_limits(limits));
        let (code, message) = refusal(&post(&app, &query).await);
        assert_eq!(
            (code.as_str(), message.as_str()),
            ("LIMIT_EXCEEDED", expected)
        );
    }
    let closed = Limits {
        introspection: false,
        ..limits
    };
    let app = app.serving(|state| state.with_limits(closed));
    let (code, _) =
        refusal(&post(&app, &json!({"query": "{ __schema { types { name } } }"})).await);
    assert_eq!(code, "FORBIDDEN");
    assert_eq!(post(&app, &query).await.status, StatusCode::OK);
}
