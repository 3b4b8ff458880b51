//! Requests that make no sense are answered in GraphQL's form, tell nothing of what is inside, and
//! do no harm.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::row_counts;
use crate::app::{Answer, TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    what_does_not_fit_the_schema_is_a_bad_request,
    an_unreadable_time_is_named,
    an_outcome_cannot_be_left_out,
    bad_pages_are_bad_requests,
    a_body_that_is_no_request_is_a_bad_request,
    a_body_that_is_too_large_is_refused,
    a_failing_database_tells_nothing,
);

/// What must never be seen from outside.
const SECRETS: [&str; 8] = [
    "SELECT", "select ", "sqlx", "src/", ".rs", "panicked", "sqlite", "postgres",
];

fn check(errors: &[Value], code: &str) {
    assert!(!errors.is_empty());
    for error in errors {
        assert_eq!(error["extensions"]["code"], code, "{error:#}");
        let message = error["message"].as_str().unwrap();
        assert!(!message.is_empty());
        let secret = SECRETS.iter().find(|secret| message.contains(*secret));
        assert_eq!(secret, None, "{message}");
    }
}

/// The process still does its work.
async fn check_alive(app: &TestApp) {
    let release = release().user("ann").record(app).await;
    assert_eq!(release["user"], "ann");
}

async fn what_does_not_fit_the_schema_is_a_bad_request(app: TestApp) {
    let create = "mutation ($input: CreateReleaseInput!) { createRelease(input: $input) { ok } }";
    for input in [
        json!(null),
        json!("text"),
        json!([]),
        json!({"user": 4711}),
        json!({"user": ["ann"]}),
        json!({"platforms": {"name": "web"}}),
        json!({"platforms": [null]}),
        json!({"platforms": [["web"]]}),
        json!({"packages": [{"version": "1"}]}),
        json!({"packages": [{"name": null}]}),
        json!({"packages": {"name": "api", "status": "DONE"}}),
        json!({"packages": {"name": "api", "status": "successful"}}),
        json!({"packages": {"name": "api", "rollback": "true"}}),
        json!({"packages": {"name": "api", "durationSeconds": "20"}}),
        json!({"onConflict": "IGNORE"}),
        json!({"unknown": 1}),
    ] {
        let errors = app.errors(create, json!({"input": input})).await;
        check(&errors, "BAD_REQUEST");
    }
    for document in [
        "",
        "   ",
        "{",
        "mutation { createRelease(input: {}) { nothing } }",
        "mutation { destroyRelease { ok } }",
        "query { releases(filter: { status: { eq: DONE } }) { totalCount } }",
        "query { releases(orderBy: { field: SIZE }) { totalCount } }",
        "query { releases(first: \"ten\") { totalCount } }",
        "query ($a: Int) { releases(first: $b) { totalCount } }",
        "query ($a: Nothing = 1) { releases(first: $a) { totalCount } }",
        "query ($a: [Nothing!]! = [1]) { releases(first: $a) { totalCount } }",
        "query A { __typename } query B($a: Nothing = 1) { __typename }",
        "subscription { releaseChanged { cursor } } query { server { version } }",
    ] {
        check(&app.errors(document, json!({})).await, "BAD_REQUEST");
    }
    assert_eq!(row_counts(&app).await, [0; 9]);
    check_alive(&app).await;
}

async fn an_unreadable_time_is_named(app: TestApp) {
    let record = "mutation ($input: RecordReleaseInput!) { recordRelease(input: $input) { ok } }";
    for time in [
        json!("12000-01-01"),
        json!("+12000-01-01T00:00:00Z"),
        json!("1969-12-31T23:59:59Z"),
        json!("yesterday"),
        json!(""),
        json!("2026-02-30"),
        json!("2026-03-01T25:00:00Z"),
        json!("2026-03-01T10:00:00 Mars/Olympus"),
        json!(-1),
        json!(1e30),
        json!(true),
        json!({"at": 1}),
        json!("\0"),
    ] {
        let packages = json!([{"name": "api", "finishedAt": time}]);
        let errors = app
            .errors(record, json!({"input": {"packages": packages}}))
            .await;
        check(&errors, "BAD_REQUEST");
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.contains("finishedAt"), "{message}");
    }
    let errors = app.errors(
        "{ releases(filter: { startedAt: { gt: \"soon\" } }) { totalCount } }",
        json!({}),
    );
    check(&errors.await, "BAD_REQUEST");
    assert_eq!(row_counts(&app).await, [0; 9]);
}

async fn an_outcome_cannot_be_left_out(app: TestApp) {
    let finish = "mutation ($input: FinishPackageInput!) { finishPackage(input: $input) { ok } }";
    for input in [
        json!({"package": {"externalId": "p"}}),
        json!({"package": {"externalId": "p"}, "success": null}),
    ] {
        let errors = app.errors(finish, json!({"input": input})).await;
        check(&errors, "BAD_REQUEST");
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.contains("success"), "{message}");
    }
}

async fn bad_pages_are_bad_requests(app: TestApp) {
    for _ in 0..3 {
        check_alive(&app).await;
    }
    let query = "query ($first: Int, $last: Int, $after: String, $before: String, $offset: Int) {
        releases(first: $first, last: $last, after: $after, before: $before, offset: $offset) {
            pageInfo { endCursor }
        }
    }";
    let data = app.query(query, json!({"first": 1})).await;
    let cursor = data["releases"]["pageInfo"]["endCursor"].as_str().unwrap();
    let foreign = "{ releases(first: 1, orderBy: { field: USER }) { pageInfo { endCursor } } }";
    let data = app.query(foreign, json!({})).await;
    let foreign = &data["releases"]["pageInfo"]["endCursor"];
    let (half, doubled) = (&cursor[..cursor.len() / 2], format!("{cursor}{cursor}"));
    for variables in [
        json!({"first": 0}),
        json!({"first": -1}),
        json!({"first": 1_001}),
        json!({"first": 10_000_000_000_i64}),
        json!({"first": 1.5}),
        json!({"last": 0}),
        json!({"first": 1, "last": 1}),
        json!({"offset": -1}),
        json!({"after": foreign}),
        json!({"after": half}),
        json!({"before": half}),
        json!({"after": doubled}),
        json!({"after": ""}),
        json!({"after": "\0"}),
        json!({"after": "'; DROP TABLE release; --"}),
    ] {
        check(&app.errors(query, variables).await, "BAD_REQUEST");
    }
    check_alive(&app).await;
}

fn post(body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/graphql").header("content-type", "application/json");
    request.body(body.into()).unwrap()
}

fn check_answer(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert_eq!(body.get("data"), None, "{body:#}");
    check(body["errors"].as_array().unwrap(), code);
}

async fn a_body_that_is_no_request_is_a_bad_request(app: TestApp) {
    for body in [
        "",
        "{",
        "null",
        "4711",
        "[]",
        "{}",
        "{\"query\": 1}",
        "{\"query\": null}",
        "{\"query\": \"{ server { version } }\", \"variables\": []}",
        "{\"query\": \"{ server { version } }\", \"variables\": \"{}\"}",
        "{\"query\": \"{ server { version } }\", \"operationName\": 1}",
        "\u{1f680}",
    ] {
        check_answer(
            &app.send(post(body)).await,
            StatusCode::BAD_REQUEST,
            "BAD_REQUEST",
        );
    }
    let deep = format!(
        "{{\"query\": {}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    check_answer(
        &app.send(post(deep)).await,
        StatusCode::BAD_REQUEST,
        "BAD_REQUEST",
    );
    let invalid = b"{\"query\": \"\xff\xfe\"}".to_vec();
    check_answer(
        &app.send(post(invalid)).await,
        StatusCode::BAD_REQUEST,
        "BAD_REQUEST",
    );
    check_alive(&app).await;
}

async fn a_body_that_is_too_large_is_refused(app: TestApp) {
    let note = "x".repeat(10 << 20);
    let body = json!({
        "query": "mutation ($n: [String!]) { createRelease(input: { notes: $n }) { ok } }",
        "variables": {"n": note},
    });
    let answer = app.send(post(body.to_string())).await;
    check_answer(&answer, StatusCode::PAYLOAD_TOO_LARGE, "LIMIT_EXCEEDED");
    check_alive(&app).await;
}

async fn a_failing_database_tells_nothing(app: TestApp) {
    use sea_orm::ConnectionTrait as _;
    let drop = "DROP TABLE release_note";
    app.database()
        .writer()
        .execute_unprepared(drop)
        .await
        .unwrap();
    let create = "mutation { createRelease(input: { notes: \"note\" }) { ok } }";
    check(&app.errors(create, json!({})).await, "INTERNAL");
    let import = "mutation { importReleases(input: { releases: { notes: \"n\" } }) { ok } }";
    check(&app.errors(import, json!({})).await, "INTERNAL");
    let data = app.query("{ releases { totalCount } }", json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 0);
}
