//! What requests may take up: bodies, time and places.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use entity::TokenScope;
use futures_util::stream;
use orlo::http::HttpLimits;
use orlo::http::auth::Auth;
use orlo::service::token::AnonymousAccess;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{post, refusal, with_limits};
use crate::app::{Answer, TestApp, on_both_databases};
use crate::auth::issue;

on_both_databases!(
    only_imports_may_be_large,
    only_who_may_import_may_send_a_large_body,
    a_body_without_end_is_not_waited_for,
    bodies_are_read_while_there_is_room,
    what_takes_too_long_is_given_up,
    more_than_the_server_does_at_once_is_refused,
);

const IMPORT: &str = "mutation ($r: [RecordReleaseInput!]!) { importReleases(input: { releases: $r }) { createdCount } }";

/// A request of so many bytes and more.
fn of_size(bytes: usize, query: &str) -> Value {
    let release = json!({"user": "ann", "notes": "x".repeat(bytes)});
    json!({"query": query, "variables": {"r": [release]}})
}

async fn only_imports_may_be_large(app: TestApp) {
    let import = |bytes| of_size(bytes, IMPORT);
    let answer = post(&app, &import(500_000)).await;
    assert_eq!(answer.json()["data"]["importReleases"]["createdCount"], 1);
    let small = with_limits(&app, |limits| {
        limits.body_bytes = 100_000;
        limits.import_bytes = 400_000;
    });
    let answer = post(&small, &import(300_000)).await;
    assert_eq!(answer.json()["data"]["importReleases"]["createdCount"], 1);
    let before = app.statements();
    let too_large = |answer: &Answer, limit: usize| {
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{answer:?}");
        let expected = format!("the body is larger than {limit} bytes");
        assert_eq!(refusal(answer), ("LIMIT_EXCEEDED".to_owned(), expected));
    };
    too_large(&post(&small, &import(400_000)).await, 400_000);
    for query in [
        "query ($r: [RecordReleaseInput!]!) { server { version } }",
        &IMPORT.replace(
            "{ createdCount } }",
            "{ createdCount } addNote(input: {}) { ok } }",
        ),
        &format!("{IMPORT} {}", IMPORT.replace("mutation", "mutation other")),
    ] {
        let answer = post(&small, &of_size(300_000, query)).await;
        let is_refused = answer.status == StatusCode::PAYLOAD_TOO_LARGE
            || answer.status == StatusCode::BAD_REQUEST;
        assert!(is_refused, "{query}: {answer:?}");
    }
    too_large(
        &post(&small, &of_size(300_000, "{ server { version } }")).await,
        100_000,
    );
    assert_eq!(app.statements(), before);
}

/// Others are refused before their body was read.
async fn only_who_may_import_may_send_a_large_body(app: TestApp) {
    let limits = HttpLimits {
        body_bytes: 100_000,
        ..HttpLimits::default()
    };
    let auth = Auth::new(app.service().clone(), AnonymousAccess::Reading);
    let guarded = app.serving(|state| state.with_http_limits(limits).with_auth(auth));
    let import = of_size(300_000, IMPORT);
    let unasked = post(&guarded, &import).await;
    assert_eq!(unasked.status, StatusCode::PAYLOAD_TOO_LARGE, "{unasked:?}");
    let piece = stream::repeat(Ok(Bytes::from_static(&[b'{'; 10_000])));
    let unasked = send_pieces(&guarded, piece).await;
    assert_eq!(unasked.status, StatusCode::PAYLOAD_TOO_LARGE, "{unasked:?}");
    for (scope, status) in [
        (TokenScope::Read, StatusCode::PAYLOAD_TOO_LARGE),
        (TokenScope::Write, StatusCode::OK),
    ] {
        let secret = issue(&app, &format!("{scope:?}"), scope).await;
        let request = Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {secret}"))
            .body(Body::from(import.to_string()));
        let answer = guarded.send(request.unwrap()).await;
        assert_eq!(answer.status, status, "{scope:?}: {answer:?}");
    }
}

/// Sends a body piece by piece, without saying how long it is.
async fn send_pieces(
    app: &TestApp,
    pieces: impl stream::Stream<Item = Result<Bytes, Infallible>> + Send + 'static,
) -> Answer {
    let request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
    let body = Body::from_stream(pieces);
    app.send(request.body(body).unwrap()).await
}

async fn a_body_without_end_is_not_waited_for(app: TestApp) {
    let impatient = with_limits(&app, |limits| {
        limits.body_timeout = Duration::from_millis(50);
    });
    let answer = send_pieces(&impatient, stream::pending()).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT, "{answer:?}");
    assert_eq!(refusal(&answer).0, "TIMEOUT");
    let endless = stream::repeat(Ok(Bytes::from_static(&[b' '; 10_000])));
    let answer = send_pieces(&app, endless).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{answer:?}");
}

async fn bodies_are_read_while_there_is_room(app: TestApp) {
    let small = with_limits(&app, |limits| {
        limits.body_bytes = 100_000;
        limits.import_bytes = 100_000;
    });
    // There is room for four of the largest, which is eight of these. None of them ever ends; one
    // that finds no room tries again.
    let held: Vec<_> = (0..8)
        .map(|_| {
            let app = small.clone();
            tokio::spawn(async move {
                loop {
                    let piece = stream::iter([Ok(Bytes::from(vec![b' '; 90_000]))]);
                    send_pieces(&app, stream::StreamExt::chain(piece, stream::pending())).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let large = of_size(80_000, IMPORT);
    let wait = async {
        loop {
            let answer = post(&small, &large).await;
            if answer.status == StatusCode::SERVICE_UNAVAILABLE {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    let answer = timeout(Duration::from_secs(20), wait).await.unwrap();
    assert_eq!(refusal(&answer).0, "LIMIT_EXCEEDED");
    assert_eq!(answer.header("retry-after"), "1");
    let answer = post(&small, &json!({"query": "{ server { version } }"})).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    for request in &held {
        request.abort();
    }
}

async fn what_takes_too_long_is_given_up(app: TestApp) {
    let impatient = with_limits(&app, |limits| limits.request_timeout = Duration::ZERO);
    let record = json!({"query": r#"mutation { recordRelease(input: { user: "ann" }) { ok } }"#});
    for query in [
        json!({"query": "{ releases { totalCount } }"}),
        record.clone(),
    ] {
        // The database may be so quick that nothing has to wait.
        let give_up = async {
            loop {
                let answer = post(&impatient, &query).await;
                if answer.status != StatusCode::OK {
                    return answer;
                }
            }
        };
        let answer = timeout(Duration::from_secs(20), give_up).await.unwrap();
        assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{answer:?}");
        assert_eq!(refusal(&answer).0, "TIMEOUT");
    }
    // What was given up holds no connection and no lock.
    for _ in 0..20 {
        assert_eq!(
            post(&app, &record).await.json()["data"]["recordRelease"]["ok"],
            true
        );
    }
}

async fn more_than_the_server_does_at_once_is_refused(app: TestApp) {
    let query = json!({"query": "{ server { version } }"});
    let full = with_limits(&app, |limits| limits.concurrent_requests = 0);
    let answer = post(&full, &query).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(refusal(&answer).0, "LIMIT_EXCEEDED");
    for page in ["/healthz", "/readyz", "/version"] {
        assert_eq!(full.get(page).await.status, StatusCode::OK, "{page}");
    }
    let narrow = with_limits(&app, |limits| limits.concurrent_requests = 1);
    for _ in 0..3 {
        assert_eq!(post(&narrow, &query).await.status, StatusCode::OK);
    }
}
