//! Requests to `/graphql`: documents, bytes, headers.

use axum::body::Body;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderValue, Method, Request};
use serde_json::json;

use super::choices::{Choices, choices};
use super::document::{Operation, operation};
use super::schema::{Known, Schema};
use super::values::TEXTS;
use super::{FEW, assert_met, seed, try_out};
use crate::app::{TestApp, on_both_databases};

/// Cases on one app: what they write piles up.
const MANY: u32 = 5_000;

on_both_databases!(
    documents_are_answered,
    bytes_are_answered,
    headers_are_answered,
);

async fn documents_are_answered(app: TestApp) {
    documents(&app, FEW).await;
}

async fn bytes_are_answered(app: TestApp) {
    bytes(&app, FEW).await;
}

async fn headers_are_answered(app: TestApp) {
    headers(&app, FEW).await;
}

/// The same, for `make torture`.
mod at_length {
    use super::{MANY, bytes, documents, headers};
    use crate::app::run;
    use crate::database::Backend;

    async fn on(backend: Backend) {
        for _ in 0..10 {
            run(backend, async |app| documents(&app, MANY).await).await;
        }
        for _ in 0..6 {
            run(backend, async |app| bytes(&app, MANY).await).await;
        }
        for _ in 0..3 {
            run(backend, async |app| headers(&app, MANY).await).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes minutes: make torture"]
    async fn many_requests_are_answered_on_sqlite() {
        on(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    #[ignore = "takes minutes: make torture"]
    async fn many_requests_are_answered_on_postgres() {
        on(Backend::Postgres).await;
    }
}

async fn documents(app: &TestApp, cases: u32) {
    seed(app).await;
    let (schema, known) = (Schema::of(app).await, Known::of(app).await);
    try_out(cases, choices(), async |made| {
        let operation = operation(&schema, &known, &mut made.into());
        send(app, body(&operation).into()).await;
    });
}

/// Documents, variables and whole bodies in which something was changed, cut out or repeated.
async fn bytes(app: &TestApp, cases: u32) {
    seed(app).await;
    let (schema, known) = (Schema::of(app).await, Known::of(app).await);
    try_out(cases, choices(), async |made| {
        let (spoil, make) = made.split_at(made.len().min(24));
        let mut operation = operation(&schema, &known, &mut make.to_vec().into());
        let mut choices = Choices::from(spoil.to_vec());
        let is_whole = choices.once_in(3);
        let body = if is_whole {
            damaged(body(&operation).into(), &mut choices)
        } else {
            let query = damaged(operation.query.into(), &mut choices);
            operation.query = String::from_utf8_lossy(&query).into_owned();
            body(&operation).into()
        };
        send(app, body).await;
    });
}

fn body(operation: &Operation) -> String {
    let Operation { query, variables } = operation;
    json!({"query": query, "variables": variables}).to_string()
}

async fn send(app: &TestApp, body: Vec<u8>) {
    let asked = String::from_utf8_lossy(&body).into_owned();
    let request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
    let answer = app.send(request.body(Body::from(body)).unwrap()).await;
    assert_met(&asked, &answer);
}

/// Changes up to four places of `bytes`.
fn damaged(mut bytes: Vec<u8>, choices: &mut Choices) -> Vec<u8> {
    for _ in 0..=choices.below(4) {
        let at = choices.below(bytes.len() + 1);
        let end = bytes.len().min(at + choices.below(20));
        match choices.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => bytes.insert(at, *choices.pick(b"{}[]()!$@:|=&\"\\#,.\0\xff\xc3 \n-09eE")),
            4 => drop(bytes.splice(at..end, choices.pick(&TEXTS).bytes())),
            _ => bytes[at..end].reverse(),
        }
    }
    bytes
}

/// Headers and ways to ask, all of which a client can make up.
async fn headers(app: &TestApp, cases: u32) {
    const TYPES: [&str; 12] = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json; charset=latin1",
        "application/json;",
        "application/graphql-response+json; q=0.5, */*; q=0",
        "application/graphql-response+json;q=nan",
        "*/*;q=1e999, text/html",
        "text/plain",
        "multipart/form-data; boundary=",
        "application/*, ;;,,",
        "*",
        "",
    ];
    const OTHERS: [&str; 14] = [
        "Bearer",
        "Bearer orlo_",
        "Basic YTpi",
        "Bearer a.b.c",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-0000000000000000-ff",
        "ff-x",
        "https://evil.example.com",
        "null",
        "a b\tc",
        "\u{e9}\u{fc}",
        "",
        "0",
    ];
    const NAMES: [&str; 7] = [
        "x-request-id",
        "traceparent",
        "tracestate",
        "if-none-match",
        "content-length",
        "x-forwarded-for",
        "cookie",
    ];
    const TARGETS: [&str; 8] = [
        "/graphql?query=%7B__typename%7D",
        "/graphql?query=%7B__typename%7D&variables=%7B%22a%22:1%7D",
        "/graphql?query=%FF%00&variables=",
        "/graphql?extensions=%7B%22persistedQuery%22:%7B%22version%22:1%7D%7D",
        "/graphql?query=&query=%7B&operationName=a",
        "/graphql",
        "/graphql?%",
        "/graphql?variables=[[[[",
    ];
    try_out(cases, choices(), async |made| {
        let mut choices = Choices::from(made);
        let methods = [Method::POST, Method::GET, Method::PUT, Method::OPTIONS];
        let mut request = Request::builder()
            .method(choices.pick(&methods))
            .uri(*choices.pick(&TARGETS));
        for (name, values) in [
            (CONTENT_TYPE, &TYPES[..]),
            (ACCEPT, &TYPES),
            (AUTHORIZATION, &OTHERS),
            (ORIGIN, &OTHERS),
            (HOST, &OTHERS),
        ] {
            for _ in 0..choices.below(3) {
                let value = HeaderValue::from_bytes(choices.pick(values).as_bytes()).unwrap();
                request = request.header(&name, value);
            }
        }
        for _ in 0..choices.below(4) {
            let value = HeaderValue::from_bytes(choices.pick(&OTHERS).as_bytes()).unwrap();
            request = request.header(*choices.pick(&NAMES), value);
        }
        let body = *choices.pick(&[
            r#"{"query":"{ __typename }"}"#,
            "",
            "[]",
            "{",
            "\u{feff}{}",
            "null",
        ]);
        let request = request.body(Body::from(body)).unwrap();
        let asked = format!("{request:?}");
        assert_met(&asked, &app.send(request).await);
    });
}
