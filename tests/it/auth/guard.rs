//! What each scope allows, for every mutation that the schema has.

use axum::http::StatusCode;
use entity::TokenScope;
use orlo::service::token::AnonymousAccess;
use serde_json::json;

use super::{assert_refused, assert_unknown, guarded, issue, send, send_with};
use crate::app::{TestApp, on_both_databases};

/// Corrections and deletions; everything else that changes something needs to write.
const FOR_ADMINS: [&str; 4] = [
    "updateRelease",
    "updatePackage",
    "deleteRelease",
    "deletePackage",
];

on_both_databases!(
    no_mutation_is_reachable_without_its_scope,
    a_refused_mutation_changes_nothing,
    a_mutation_over_get_stays_a_wrong_method,
);

async fn mutations(app: &TestApp) -> Vec<String> {
    let query = "{ __schema { mutationType { fields { name } } } }";
    let data = app.query(query, json!({})).await;
    let fields = data["__schema"]["mutationType"]["fields"].as_array();
    let names = fields.unwrap().iter().map(|field| field["name"].as_str());
    names.map(|name| name.unwrap().to_owned()).collect()
}

async fn no_mutation_is_reachable_without_its_scope(app: TestApp) {
    let names = mutations(&app).await;
    for name in FOR_ADMINS {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    let writes = guarded(&app, AnonymousAccess::Reading);
    let read = issue(&app, "reader", TokenScope::Read).await;
    let write = issue(&app, "writer", TokenScope::Write).await;
    let admin = issue(&app, "admin", TokenScope::Admin).await;
    for name in names {
        for mutation in [
            format!("mutation {{ {name}(input: 0) {{ ok }} }}"),
            format!("mutation {{ x: {name}(input: 0) {{ ok }} }}"),
            format!(
                "mutation {{ ...F }} fragment F on Mutation {{ ... {{ {name}(input: 0) {{ ok }} }} }}"
            ),
        ] {
            assert_unknown(&send(&writes, None, &mutation, json!({})).await);
            let answer = send_with(&writes, &read, &mutation).await;
            assert_refused(&answer, StatusCode::FORBIDDEN, "FORBIDDEN");
            let answer = send_with(&writes, &write, &mutation).await;
            if FOR_ADMINS.contains(&name.as_str()) {
                assert_refused(&answer, StatusCode::FORBIDDEN, "FORBIDDEN");
            } else {
                assert_let_through(&answer);
            }
            assert_let_through(&send_with(&writes, &admin, &mutation).await);
        }
    }
}

/// Such an input is refused by validation, which comes after the question who may do what.
fn assert_let_through(answer: &crate::app::Answer) {
    let body = answer.json();
    let code = &body["errors"][0]["extensions"]["code"];
    assert_eq!(code, "BAD_REQUEST", "{answer:?}");
}

async fn a_refused_mutation_changes_nothing(app: TestApp) {
    let writes = guarded(&app, AnonymousAccess::Reading);
    let read = issue(&app, "reader", TokenScope::Read).await;
    let mutation = "mutation { recordRelease(input: {}) { ok } }";
    assert_unknown(&send(&writes, None, mutation, json!({})).await);
    let answer = send_with(&writes, &read, mutation).await;
    assert_refused(&answer, StatusCode::FORBIDDEN, "FORBIDDEN");
    // Nor does a query hide a mutation.
    let both = "query Q { releases { totalCount } } mutation M { recordRelease(input: {}) { ok } }";
    assert_unknown(&send(&writes, None, both, json!({})).await);
    let data = app.query("{ releases { totalCount } }", json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 0);

    let write = issue(&app, "writer", TokenScope::Write).await;
    let answer = send_with(&writes, &write, mutation).await;
    assert_eq!(answer.json()["data"]["recordRelease"]["ok"], true);
}

async fn a_mutation_over_get_stays_a_wrong_method(app: TestApp) {
    let writes = guarded(&app, AnonymousAccess::Reading);
    let path = "/graphql?query=mutation%7BrecordRelease(input:%7B%7D)%7Bok%7D%7D";
    assert_eq!(
        writes.get(path).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let all = guarded(&app, AnonymousAccess::Nothing);
    assert_eq!(all.get(path).await.status, StatusCode::UNAUTHORIZED);
}
