//! What the server counts.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use entity::TokenScope;
use orlo::http::HttpLimits;
use orlo::service::token::AnonymousAccess;
use serde_json::json;
use tokio::time::timeout;

use crate::app::{TestApp, on_both_databases};
use crate::auth::{guarded, issue};
use crate::live::subscriber::{PATIENCE, Subscriber};

on_both_databases!(
    requests_are_counted_by_name_and_outcome,
    names_are_bounded,
    subscribers_are_counted,
    metrics_need_a_token_where_everything_does,
);

/// The value of a line of metrics.
async fn value(app: &TestApp, line: &str) -> Option<f64> {
    let answer = app.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut lines = answer.text().lines();
    let value = lines.find_map(|found| found.strip_prefix(line)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

async fn requests_are_counted_by_name_and_outcome(app: TestApp) {
    let requests = |operation: &str, kind: &str, outcome: &str| {
        format!(
            "orlo_requests_total{{operation=\"{operation}\",kind=\"{kind}\",outcome=\"{outcome}\"}}"
        )
    };
    for query in [
        "query Dashboard { releases { totalCount } }",
        "query Dashboard { releases { totalCount } }",
        "{ server { version } }",
        "query Wrong { nothing }",
        "{ does not parse",
        "mutation Record { recordRelease(input: { user: \"ann\" }) { ok } }",
        "query Fails { releases(first: -1) { totalCount } }",
    ] {
        app.graphql(query, json!({})).await;
    }
    let hasty = HttpLimits {
        request_timeout: Duration::ZERO,
        ..HttpLimits::default()
    };
    let build = format!(
        "orlo_build_info{{version=\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    );
    let seconds = "orlo_request_duration_seconds_count{operation=\"Dashboard\"}";
    for (line, expected) in [
        (requests("Dashboard", "query", "Ok"), 2.0),
        (requests("anonymous", "query", "Ok"), 1.0),
        (requests("Record", "mutation", "Ok"), 1.0),
        (requests("Fails", "query", "Errors"), 1.0),
        (requests("Wrong", "query", "Refused"), 1.0),
        (requests("anonymous", "unknown", "Refused"), 1.0),
        (seconds.to_owned(), 2.0),
        (build, 1.0),
    ] {
        assert_eq!(value(&app, &line).await, Some(expected), "{line}");
    }
    assert!(value(&app, "orlo_events_total").await > Some(0.0));
    assert!(value(&app, "orlo_process_resident_memory_bytes").await > Some(1e6));
    let late = app.serving(|state| state.with_http_limits(hasty));
    // The database may be so quick that nothing has to wait.
    let give_up = async {
        loop {
            let request = Request::get("/graphql?query=query%20Late%7Breleases%7BtotalCount%7D%7D");
            let answer = late.send(request.body(Body::empty()).unwrap()).await;
            if answer.status == StatusCode::GATEWAY_TIMEOUT {
                return;
            }
        }
    };
    timeout(PATIENCE, give_up).await.unwrap();
    let given_up = value(&late, &requests("Late", "query", "Timeout")).await;
    assert_eq!(given_up, Some(1.0));
}

async fn names_are_bounded(app: TestApp) {
    for number in 0..150 {
        app.query(&format!("query name{number} {{ __typename }}"), json!({}))
            .await;
    }
    let text = app.get("/metrics").await;
    let names = text
        .text()
        .lines()
        .filter(|line| line.starts_with("orlo_requests_total{"));
    assert_eq!(names.count(), 101);
    let other = "orlo_requests_total{operation=\"other\",kind=\"query\",outcome=\"Ok\"}";
    assert_eq!(value(&app, other).await, Some(50.0));
}

async fn subscribers_are_counted(app: TestApp) {
    assert_eq!(value(&app, "orlo_subscribers").await, Some(0.0));
    let query = "subscription { releaseChanged { cursor } }";
    let subscribers = [1, 2].map(|_| Subscriber::start(&app, query, json!({})));
    let reached = async |count| {
        while value(&app, "orlo_subscribers").await != Some(count) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, reached(2.0)).await.unwrap();
    drop(subscribers);
    timeout(PATIENCE, reached(0.0)).await.unwrap();
}

async fn metrics_need_a_token_where_everything_does(app: TestApp) {
    let closed = guarded(&app, AnonymousAccess::Nothing);
    let answer = closed.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    let secret = issue(&app, "prometheus", TokenScope::Read).await;
    let request = Request::get("/metrics").header("authorization", format!("Bearer {secret}"));
    let answer = closed.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let open = guarded(&app, AnonymousAccess::Reading);
    assert_eq!(open.get("/metrics").await.status, StatusCode::OK);
}
