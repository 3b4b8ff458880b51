//! Automatic persisted queries, as Apollo's clients send them.

use axum::http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::post;
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_document_is_sent_once_and_named_afterwards,
    what_is_kept_is_bounded,
);

const QUERY: &str =
    "query Version($n: Int) { server { version } releases(first: $n) { nodes { id } } }";

fn hash(query: &str) -> String {
    let digest = Sha256::digest(query);
    digest
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

fn extensions(hash: &str) -> Value {
    json!({"persistedQuery": {"version": 1, "sha256Hash": hash}})
}

/// The address of a request by GET without a document.
fn by_get(hash: &str) -> String {
    let encoded: String = form_urlencoded(&extensions(hash).to_string());
    format!("/graphql?extensions={encoded}&variables=%7B%22n%22%3A1%7D")
}

fn form_urlencoded(text: &str) -> String {
    text.bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect::<Vec<_>>()
        .concat()
}

async fn a_document_is_sent_once_and_named_afterwards(app: TestApp) {
    let named = json!({"extensions": extensions(&hash(QUERY)), "variables": {"n": 1}});
    for answer in [
        post(&app, &named).await,
        app.get(&by_get(&hash(QUERY))).await,
    ] {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let expected = json!({"errors": [{
            "message": "PersistedQueryNotFound",
            "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
        }]});
        assert_eq!(answer.json(), expected);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let mut whole = named.clone();
    whole["query"] = json!(QUERY);
    for request in [&whole, &named] {
        let answer = post(&app, request).await;
        assert!(
            answer.json()["data"]["server"]["version"].is_string(),
            "{answer:?}"
        );
    }
    let answer = app.get(&by_get(&hash(QUERY).to_uppercase())).await;
    assert!(
        answer.json()["data"]["server"]["version"].is_string(),
        "{answer:?}"
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    // What is kept is a document, not the right to change things by GET.
    let mutation = r#"mutation { recordRelease(input: { user: "eve" }) { ok } }"#;
    let request = json!({"query": mutation, "extensions": extensions(&hash(mutation))});
    assert_eq!(
        post(&app, &request).await.json()["data"]["recordRelease"]["ok"],
        true
    );
    let answer = app.get(&by_get(&hash(mutation))).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    for (extensions, query) in [
        (extensions(&hash("other")), QUERY),
        (
            json!({"persistedQuery": {"version": 2, "sha256Hash": hash(QUERY)}}),
            QUERY,
        ),
        (
            json!({"persistedQuery": {"version": 1, "sha256Hash": "abc"}}),
            QUERY,
        ),
        (json!({"persistedQuery": true}), QUERY),
    ] {
        let answer = post(&app, &json!({"query": query, "extensions": extensions})).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{extensions}");
        assert_eq!(
            answer.json()["errors"][0]["extensions"]["code"],
            "BAD_REQUEST"
        );
    }
}

async fn what_is_kept_is_bounded(app: TestApp) {
    let app = app.serving(|state| state.with_document_bytes(100_000));
    let documents = (0..1_000).map(|number| format!("{{ server {{ version }} }} # {number}"));
    for document in documents {
        let request = json!({"query": document, "extensions": extensions(&hash(&document))});
        assert_eq!(post(&app, &request).await.status, StatusCode::OK);
    }
    let metrics = app.get("/metrics").await;
    let kept = metrics
        .text()
        .lines()
        .find_map(|line| line.strip_prefix("orlo_persisted_documents "));
    let kept: u32 = kept.unwrap().parse().unwrap();
    assert!((10..400).contains(&kept), "{kept}");
}
