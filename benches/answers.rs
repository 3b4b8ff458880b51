//! What it costs to answer, from the head of a request to the last byte, on an SQLite file that is
//! small enough to stay in memory: `cargo bench --bench answers`.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod server;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use divan::Bencher;
use orlo::graphql::Limits;
use serde_json::{Value, json};

use self::server::Server;

/// Releases on record, one a minute.
const RELEASES: usize = 2_000;

/// What is asked; answers must hold what is beside it.
const QUESTIONS: [(&str, &str, &str); 6] = [
    ("nothing", "{ __typename }", "Query"),
    (
        "one release with everything",
        "{ release(by: { externalId: \"r1000\" }) { id user team status startedAt finishedAt references
           notes { text } metadata platforms { name } events { nodes { type } }
           packages { name version status results { nodes { content } } } } }",
        "p1000",
    ),
    (
        "100 releases",
        "{ releases(first: 100) { nodes { id externalId user team status startedAt finishedAt
           platformNames references notes { text } metadata
           packages { name version status startedAt finishedAt } } } }",
        "r1999",
    ),
    (
        "a count",
        "{ releases(filter: { team: { eq: \"team3\" } }) { totalCount } }",
        "200",
    ),
    (
        "a day by the hour",
        "{ releaseSeries(from: \"2026-01-01\", to: \"2026-01-02\", interval: HOUR) {
           start counts { total { successful } } } }",
        "60",
    ),
    (
        "what runs where",
        "{ currentVersions { platform package version } }",
        "p1999",
    ),
];

const RECORD: &str =
    "mutation ($input: RecordReleaseInput!) { recordRelease(input: $input) { ok } }";

fn main() {
    for (name, query, expected) in QUESTIONS {
        let answer = SERVER.send(request(query, &json!({})));
        let answer = String::from_utf8(answer.to_vec()).unwrap();
        let is_right = answer.contains(expected) && !answer.contains("errors");
        assert!(is_right, "{name}: {answer}");
    }
    divan::main();
}

#[divan::bench(args = QUESTIONS.map(|(name, ..)| name), sample_count = 200)]
fn answer(bencher: Bencher<'_, '_>, name: &str) {
    let (_, query, _) = QUESTIONS.iter().find(|(known, ..)| *known == name).unwrap();
    let body = request(query, &json!({}));
    bencher.bench(|| SERVER.send(body.clone()));
}

/// Each waits for the disk.
#[divan::bench(sample_count = 100)]
fn record(bencher: Bencher<'_, '_>) {
    static NEXT: AtomicUsize = AtomicUsize::new(RELEASES);
    bencher
        .with_inputs(|| record_request(NEXT.fetch_add(1, Ordering::Relaxed)))
        .bench_values(|body| SERVER.send(body));
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let server = Server::start(Limits::default());
    for numbers in (0..RELEASES).collect::<Vec<_>>().chunks(500) {
        let import = "mutation ($input: ImportReleasesInput!) {
                      importReleases(input: $input) { ok createdCount } }";
        let releases: Vec<_> = numbers.iter().map(|number| release(*number)).collect();
        let input = json!({ "input": { "releases": releases } });
        let answer = server.send(request(import, &input));
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let created = &answer["data"]["importReleases"]["createdCount"];
        assert_eq!(*created, numbers.len(), "{answer}");
    }
    server
});

fn request(query: &str, variables: &Value) -> Bytes {
    let body = json!({ "query": query, "variables": variables });
    Bytes::from(body.to_string())
}

fn record_request(number: usize) -> Bytes {
    request(RECORD, &json!({ "input": release(number) }))
}

fn release(number: usize) -> Value {
    let minute = |minutes: usize| {
        let (days, minutes) = (minutes / 1440, minutes % 1440);
        let (day, hour, minute) = (days + 1, minutes / 60, minutes % 60);
        format!("2026-01-{day:02}T{hour:02}:{minute:02}:00Z")
    };
    json!({
        "externalId": format!("r{number}"), "user": format!("user{}", number % 50),
        "team": format!("team{}", number % 10), "platforms": [format!("platform{}", number % 4)],
        "references": [format!("T-{number}")], "notes": ["as planned"],
        "metadata": { "build": number.to_string() },
        "startedAt": minute(number), "finishedAt": minute(number + 5),
        "packages": [
            { "name": format!("p{number}"), "version": "1.0", "results": ["done"] },
            { "name": format!("q{}", number % 100), "version": format!("1.{number}") },
        ],
    })
}
