//! How much a request may ask for, and what happens to one that asks for more.

mod connection;
mod operation;
mod persisted;
mod request;
mod statement;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use orlo::http::HttpLimits;
use serde_json::Value;

use crate::app::{Answer, TestApp};

/// The same process with other limits for what requests may take up.
pub fn with_limits(app: &TestApp, change: impl FnOnce(&mut HttpLimits)) -> TestApp {
    let mut limits = HttpLimits::default();
    change(&mut limits);
    app.serving(|state| state.with_http_limits(limits))
}

/// Sends a GraphQL request as a client that follows the specification does.
pub async fn post(app: &TestApp, body: &Value) -> Answer {
    let request = Request::post("/graphql")
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/graphql-response+json")
        .body(Body::from(body.to_string()));
    app.send(request.unwrap()).await
}

/// Code and message of the only error of an answer.
fn refusal(answer: &Answer) -> (String, String) {
    let body = answer.json();
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{body}");
    assert!(body.get("data").is_none(), "{body}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&errors[0]["extensions"]["code"]),
        text(&errors[0]["message"]),
    )
}
