//! Documents that were executed before are answered as if they were new.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::limits::post;

on_both_databases!(
    a_known_document_is_answered_like_a_new_one,
    the_operations_of_a_known_document_are_told_apart,
    what_was_refused_is_refused_again,
);

/// Documents, each with variables that it is answered for, and others, as JSON.
const DOCUMENTS: [(&str, &str, &[&str]); 15] = [
    (
        "query ($team: String!) { releases(filter: { team: { eq: $team } }) { totalCount } }",
        r#"{"team": "a"}"#,
        &[
            "{}",
            r#"{"team": null}"#,
            r#"{"team": 1}"#,
            r#"{"team": ["a"]}"#,
            r#"{"team": "b", "more": 1}"#,
        ],
    ),
    (
        "query ($teams: [String!]) { releases(filter: { team: { in: $teams } }) { totalCount } }",
        r#"{"teams": ["a", "b"]}"#,
        &[
            "{}",
            r#"{"teams": "a"}"#,
            r#"{"teams": [null]}"#,
            r#"{"teams": [1]}"#,
            r#"{"teams": [["a"]]}"#,
            r#"{"teams": null}"#,
        ],
    ),
    (
        "query ($at: DateTime) { releases(filter: { startedAt: { gte: $at } }) { totalCount } }",
        r#"{"at": "2026-01-01"}"#,
        &[
            "{}",
            r#"{"at": "yesterday"}"#,
            r#"{"at": 1772551800}"#,
            r#"{"at": {"at": 1}}"#,
            r#"{"at": null}"#,
        ],
    ),
    (
        "query ($n: Int) { releases(first: $n) { nodes { id } } }",
        r#"{"n": 1}"#,
        &[
            r#"{"n": 2}"#,
            r#"{"n": 1.5}"#,
            r#"{"n": "1"}"#,
            r#"{"n": -1}"#,
            r#"{"n": 1000000}"#,
            r#"{"n": 1000000000000}"#,
            r#"{"n": 1, "c": "nonsense"}"#,
        ],
    ),
    (
        "query ($id: ID!) { release(by: { id: $id }) { user } }",
        r#"{"id": "019b76da-a800-7000-8000-000000000000"}"#,
        &["{}", r#"{"id": 7}"#, r#"{"id": "x"}"#, r#"{"id": false}"#],
    ),
    (
        "query ($b: Boolean!) { releases { totalCount @include(if: $b) a: totalCount @skip(if: $b) } }",
        r#"{"b": true}"#,
        &["{}", r#"{"b": false}"#, r#"{"b": "true"}"#, r#"{"b": 1}"#],
    ),
    (
        "query ($filter: ReleaseFilter) { releases(filter: $filter) { totalCount } }",
        r#"{"filter": {"user": {"eq": "u"}}}"#,
        &[
            "{}",
            r#"{"filter": {"user": {"is": "u"}}}"#,
            r#"{"filter": {"status": {"eq": "BROKEN"}}}"#,
            r#"{"filter": []}"#,
        ],
    ),
    (
        "query ($s: DeployStatus) { releases(filter: { status: { eq: $s } }) { totalCount } }",
        r#"{"s": "FAILED"}"#,
        &["{}", r#"{"s": "BROKEN"}"#, r#"{"s": 1}"#],
    ),
    (
        "query ($n: Int = 1) { releases(first: $n) { nodes { id } } }",
        r#"{"n": 1}"#,
        &["{}", r#"{"n": "x"}"#],
    ),
    // Without the variable, the rest of the argument is not looked at.
    (
        "query ($t: String) { releases(filter: { team: { eq: $t }, status: { eq: BROKEN } }) { totalCount } }",
        "{}",
        &[r#"{"t": "a"}"#],
    ),
    // Any text is not always one that is a status.
    (
        "query ($s: String) { ...F } fragment F on Query {
           releases(filter: { or: [{ status: { in: [$s] } }] }) { totalCount } }",
        r#"{"s": "FAILED"}"#,
        &["{}", r#"{"s": "BROKEN"}"#],
    ),
    (
        "query ($s: DeployStatus!, $t: String!) {
           releases(filter: { or: { status: { in: [$s] }, team: { eq: $t } } }) { totalCount } }",
        r#"{"s": "SUCCESSFUL", "t": "a"}"#,
        &[
            r#"{"s": "SUCCESSFUL", "t": "b"}"#,
            r#"{"s": "A", "t": "a"}"#,
        ],
    ),
    (
        "query ($e: String, $i: ID) { release(by: { externalId: $e, id: $i }) { user } }",
        r#"{"e": "r1", "i": null}"#,
        &[r#"{"e": "r1", "i": "x"}"#, r#"{"e": null}"#, "{}"],
    ),
    (
        "query ($t: String!) { __type(name: $t) { name } }",
        r#"{"t": "Release"}"#,
        &["{}", r#"{"t": "Nothing"}"#, r#"{"t": 1}"#],
    ),
    (
        "mutation ($u: String!) { recordRelease(input: { user: $u }) { ok userErrors { code } } }",
        r#"{"u": "u"}"#,
        &["{}", r#"{"u": ""}"#, r#"{"u": 1}"#],
    ),
];

fn request(query: &str, variables: &str) -> Value {
    let variables: Value = serde_json::from_str(variables).unwrap();
    json!({"query": query, "variables": variables})
}

async fn a_known_document_is_answered_like_a_new_one(app: TestApp) {
    let record = "mutation { recordRelease(input: { externalId: \"r1\", user: \"u\", team: \"a\" }) { ok } }";
    app.mutate(record, json!({})).await;
    for (query, good, others) in DOCUMENTS {
        // Once it is read, once it is known.
        for _ in 0..2 {
            post(&app, &request(query, good)).await;
        }
        for (number, variables) in others.iter().enumerate() {
            // Nothing but its end is another.
            let new = format!("{query} # {number}");
            let new = post(&app, &request(&new, variables)).await;
            let known = post(&app, &request(query, variables)).await;
            assert_eq!(known.status, new.status, "{query} {variables}");
            assert_eq!(known.json(), new.json(), "{query} {variables}");
        }
    }
}

async fn the_operations_of_a_known_document_are_told_apart(app: TestApp) {
    let query = "query A($n: Int!) { a: releases(first: $n) { totalCount } }
                 query B($n: Int!) { b: releases(first: $n) { totalCount } }";
    let variables = json!({"n": 1});
    for _ in 0..3 {
        for (operation, field) in [("A", "a"), ("B", "b")] {
            let body = json!({"query": query, "operationName": operation, "variables": variables});
            let answer = post(&app, &body).await.json();
            assert_eq!(answer, json!({"data": {field: {"totalCount": 0}}}));
        }
        for operation in [json!("C"), json!(null)] {
            let body = json!({"query": query, "operationName": operation, "variables": variables});
            let answer = post(&app, &body).await;
            assert!(answer.json().get("data").is_none(), "{answer:?}");
        }
    }
}

async fn what_was_refused_is_refused_again(app: TestApp) {
    for query in [
        "{ nothing }",
        "{ releases { nodes } }",
        "query ($n: Int) { __typename }",
        "{ releases(first: 1) { ...F } }",
        "{ a: server { version } a: releases { totalCount } }",
    ] {
        let answers = [
            post(&app, &json!({"query": query})).await,
            post(&app, &json!({"query": query})).await,
        ];
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
            assert!(answer.json().get("data").is_none(), "{answer:?}");
        }
        assert_eq!(answers[0].json(), answers[1].json());
    }
}
