//! The routes around GraphQL, and what browsers may do.

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, ORIGIN};
use axum::http::{HeaderValue, Method, Request, StatusCode};
use orlo::http::Origins;
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use crate::app::{Answer, TestApp, on_both_databases};

on_both_databases!(
    a_running_server_says_that_it_is_alive,
    what_browsers_send_without_asking_cannot_write,
    a_list_of_operations_is_refused_whatever_its_length,
    a_compressed_body_is_refused,
    other_sites_are_let_in_only_when_told_so,
    pages_load_nothing_from_elsewhere,
    answers_are_kept_by_nobody,
    failures_carry_the_id_of_the_request,
    what_is_no_id_of_a_request_is_replaced,
    answers_are_compressed_when_asked_for,
);

async fn a_running_server_says_that_it_is_alive(app: TestApp) {
    let answer = app.get("/healthz").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

const RECORD: &str = r#"mutation { recordRelease(input: { user: "eve" }) { ok } }"#;

/// A form, a picture, a script of another site: requests that no browser asks about first.
async fn what_browsers_send_without_asking_cannot_write(app: TestApp) {
    let body = json!({"query": RECORD}).to_string();
    for content_type in [
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=a"),
        Some("text/plain; application/json"),
        None,
    ] {
        let mut request = Request::post("/graphql").header(ORIGIN, "https://evil.example.com");
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let answer = app
            .send(request.body(Body::from(body.clone())).unwrap())
            .await;
        let expected = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        assert_eq!(answer.status, expected, "{content_type:?}: {answer:?}");
    }
    let query = "/graphql?query=mutation%7BrecordRelease(input%3A%7B%7D)%7Bok%7D%7D";
    assert_eq!(app.get(query).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let answer = app.get(query).await;
    assert_eq!(answer.header("allow"), "POST");
    let stream = query.replace("/graphql", "/graphql/stream");
    let answer = app.get(&stream).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "POST");
    let count = app.query("{ releases { totalCount } }", json!({})).await;
    assert_eq!(count["releases"]["totalCount"], 0);
}

async fn a_list_of_operations_is_refused_whatever_its_length(app: TestApp) {
    let operation = json!({ "query": RECORD }).to_string();
    for body in [
        "[]".to_owned(),
        format!("[{operation}]"),
        format!(" \n\t[{operation}]"),
        format!("[{operation},{operation}]"),
    ] {
        for path in ["/graphql", "/graphql/stream"] {
            let request = Request::post(path).header(CONTENT_TYPE, "application/json");
            let answer = app
                .send(request.body(Body::from(body.clone())).unwrap())
                .await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {answer:?}");
            let error = &answer.json()["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_REQUEST");
            let message = "a list of operations is not taken; send one at a time";
            assert_eq!(error["message"], message, "{path} {body}");
        }
    }
    let count = app.query("{ releases { totalCount } }", json!({})).await;
    assert_eq!(count["releases"]["totalCount"], 0);
}

async fn a_compressed_body_is_refused(app: TestApp) {
    let send = async |encodings: &[&str]| {
        let body = json!({"query": "{ __typename }"}).to_string();
        let mut request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
        for encoding in encodings {
            request = request.header(CONTENT_ENCODING, *encoding);
        }
        app.send(request.body(Body::from(body)).unwrap()).await
    };
    for encodings in [
        &["gzip"][..],
        &["br"],
        &["identity", "zstd"],
        &["gzip, gzip"],
    ] {
        let answer = send(encodings).await;
        assert_eq!(
            answer.status,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{encodings:?}"
        );
        let message = &answer.json()["errors"][0]["message"];
        assert_eq!(*message, "the body must not be compressed");
    }
    assert_eq!(send(&["identity"]).await.status, StatusCode::OK);
}

/// What a browser asks before it sends a page's request to another site.
async fn preflight(app: &TestApp, origin: &str) -> Answer {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/graphql")
        .header(ORIGIN, origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,authorization",
        );
    app.send(request.body(Body::empty()).unwrap()).await
}

async fn other_sites_are_let_in_only_when_told_so(app: TestApp) {
    let allowed = |answer: &Answer| {
        let origin = answer.headers.get("access-control-allow-origin");
        origin.map(|origin| origin.to_str().unwrap().to_owned())
    };
    let (friend, other) = ("https://dash.example.com", "https://evil.example.com");
    assert_eq!(allowed(&preflight(&app, friend).await), None);
    let origins = || Origins::new(vec![friend.parse().unwrap()]);
    let open = app.serving(|state| state.with_origins(origins()));
    let answer = preflight(&open, friend).await;
    assert_eq!(allowed(&answer).as_deref(), Some(friend));
    assert_eq!(answer.header("access-control-allow-methods"), "GET,POST");
    let headers = answer.header("access-control-allow-headers");
    assert!(headers.contains("content-type") && headers.contains("authorization"));
    assert_eq!(allowed(&preflight(&open, other).await), None);
    let request = Request::get("/graphql?query=%7B__typename%7D").header(ORIGIN, friend);
    let answer = open.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(allowed(&answer).as_deref(), Some(friend));
    assert!(
        answer
            .headers
            .get("access-control-allow-credentials")
            .is_none()
    );
    let any = Origins::new(vec!["*".parse().unwrap()]);
    let answer = preflight(&app.serving(|state| state.with_origins(any)), other).await;
    assert_eq!(allowed(&answer).as_deref(), Some("*"));
}

async fn pages_load_nothing_from_elsewhere(app: TestApp) {
    let answer = app.get("/graphiql").await;
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(
        !policy.contains("unsafe-eval") && !policy.contains("http"),
        "{policy}"
    );
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    for page in ["/graphql?query=%7B__typename%7D", "/healthz", "/nowhere"] {
        let answer = app.get(page).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{page}");
    }
}

async fn answers_are_kept_by_nobody(app: TestApp) {
    for page in [
        "/graphql?query=%7B__typename%7D",
        "/graphql?query=%7B",
        "/healthz",
    ] {
        assert_eq!(
            app.get(page).await.header("cache-control"),
            "no-store",
            "{page}"
        );
    }
}

async fn failures_carry_the_id_of_the_request(app: TestApp) {
    let writer = app.database().writer();
    writer
        .execute_unprepared("ALTER TABLE release RENAME TO gone")
        .await
        .unwrap();
    let body = json!({"query": "{ releases { nodes { id } } }"}).to_string();
    let request = Request::post("/graphql")
        .header(CONTENT_TYPE, "application/json")
        .header("x-request-id", "abc-123");
    let answer = app.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.header("x-request-id"), "abc-123");
    let error = answer.json()["errors"][0].clone();
    assert_eq!(error["message"], "internal error");
    assert_eq!(
        error["extensions"],
        json!({"code": "INTERNAL", "requestId": "abc-123"})
    );
    for page in [
        "/graphql/stream?query=%7Breleases%7Bnodes%7Bid%7D%7D%7D",
        "/readyz",
    ] {
        let request = Request::get(page)
            .header("x-request-id", "def-456")
            .header("accept-encoding", "gzip");
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        let expected = r#""code":"INTERNAL","requestId":"def-456""#;
        assert!(answer.text().contains(expected), "{page}: {answer:?}");
        assert!(!answer.headers.contains_key("content-encoding"), "{page}");
    }
    let made = app.get("/healthz").await;
    assert_eq!(made.header("x-request-id").len(), 36);
}

async fn what_is_no_id_of_a_request_is_replaced(app: TestApp) {
    let id_of = async |given: &[&str]| {
        let mut request = Request::get("/healthz");
        for id in given {
            let id = HeaderValue::from_bytes(id.as_bytes()).unwrap();
            request = request.header("x-request-id", id);
        }
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        answer.header("x-request-id").to_owned()
    };
    let (longest, longer) = ("x".repeat(128), "x".repeat(129));
    for fit in ["a", "~!{}", "0190-abc:7/1", &longest] {
        assert_eq!(id_of(&[fit]).await, fit);
    }
    for unfit in ["", "a b", "a\tb", "ä", &longer] {
        let made = id_of(&[unfit]).await;
        assert!(uuid::Uuid::parse_str(&made).is_ok(), "{unfit}: {made}");
    }
    assert_eq!(id_of(&["a", "b"]).await.len(), 36);
}

async fn answers_are_compressed_when_asked_for(app: TestApp) {
    for encoding in ["gzip", "br", "zstd"] {
        let request = Request::get("/graphql?query=%7B__schema%7Btypes%7Bname%7D%7D%7D")
            .header("accept-encoding", encoding);
        let answer = app.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.header("content-encoding"), encoding);
    }
}
