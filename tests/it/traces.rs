//! Traces, as a collector receives them.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use axum::routing::post;
use entity::TokenScope;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use orlo::http::metrics::Metrics;
use orlo::http::trace::{TraceOptions, Traces};
use orlo::http::{AppState, HttpLimits};
use orlo::service::token::AnonymousAccess;
use orlo::service::{Database, DatabaseOptions, Service};
use prost::Message as _;
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::app::{Answer, TestApp, on_both_databases};
use crate::auth::issue;
use crate::live::socket::{Heard, Socket};
use crate::live::subscriber::EventStream;
use crate::process::Process;

on_both_databases!(
    a_trace_goes_on_where_the_caller_began_it,
    a_trace_holds_nothing_that_the_caller_gave,
    failures_are_seen_in_traces,
    what_is_not_executed_is_traced_too,
    operations_on_connections_that_stay_are_traced,
    callers_may_want_no_trace,
    traces_are_sent_by_a_setting,
    a_collector_that_is_away_holds_up_nobody,
);

/// What callers give as `traceparent`: a trace, and the span that they are in.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// A collector on a free port of this machine, until it is dropped.
struct Collector {
    url: String,
    received: Arc<Mutex<Vec<Bytes>>>,
    task: JoinHandle<()>,
}

impl Collector {
    async fn start() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&received);
        let router = Router::new().route(
            "/v1/traces",
            post(move |body: Bytes| async move { keep.lock().unwrap().push(body) }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            received,
            task: tokio::spawn(async { axum::serve(listener, router).await.unwrap() }),
        }
    }

    /// All that was received, as it came.
    fn bytes(&self) -> Vec<u8> {
        self.received.lock().unwrap().concat()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let received = self.received.lock().unwrap();
        let decoded = received
            .iter()
            .cloned()
            .map(ExportTraceServiceRequest::decode);
        decoded.map(Result::unwrap).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let of_request = |request: ExportTraceServiceRequest| request.resource_spans;
        let resources = self.requests().into_iter().flat_map(of_request);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The spans of requests, and those of statements.
    fn requests_and_statements(&self) -> (Vec<Span>, Vec<Span>) {
        let is_request = |span: &Span| span.kind() == SpanKind::Server;
        self.spans().into_iter().partition(is_request)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A process that sends traces to `collector`, and those traces.
async fn traced(
    app: &TestApp,
    collector: &Collector,
    change: impl FnOnce(AppState) -> AppState,
) -> (TestApp, Traces) {
    let options = TraceOptions {
        url: format!("{}/v1/traces", collector.url),
        service_name: None,
    };
    let traces = Traces::to(&options).unwrap();
    let metrics = Metrics::default();
    let mut database = Database::connect(&DatabaseOptions::new(app.database_url()))
        .await
        .unwrap();
    database.on_statement(metrics.on_statement());
    let known = app.service();
    let service = Service::new(database, (*known.settings).clone(), known.clock.clone());
    let state = AppState::new(service)
        .with_metrics(metrics)
        .with_traces(traces.clone());
    let router = orlo::http::router(change(state));
    (app.with_router(router), traces)
}

/// Sends an operation within the caller's trace.
async fn send(app: &TestApp, flags: &str, body: Value) -> Answer {
    let request = Request::post("/graphql")
        .header(CONTENT_TYPE, "application/json")
        .header("traceparent", format!("00-{TRACE}-{SPAN}-{flags}"))
        .body(Body::from(body.to_string()));
    app.send(request.unwrap()).await
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let found = attributes.iter().find(|known| known.key == key)?;
    Some(match found.value.clone()?.value? {
        AnyValue::StringValue(text) => json!(text),
        AnyValue::IntValue(number) => json!(number),
        other => panic!("{other:?}"),
    })
}

#[track_caller]
fn assert_attributes(span: &Span, expected: &[(&str, Value)]) {
    for (key, value) in expected {
        let found = attribute(&span.attributes, key);
        assert_eq!(found.as_ref(), Some(value), "{key} of {span:?}");
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

async fn a_trace_goes_on_where_the_caller_began_it(app: TestApp) {
    let collector = Collector::start().await;
    let (app, traces) = traced(&app, &collector, |state| state).await;
    let query = "query Dashboard { releases { totalCount nodes { packages { name } } } }";
    let answer = send(&app, "01", json!({ "query": query })).await;
    assert_eq!(answer.status, StatusCode::OK);
    traces.close().await.unwrap();
    let (requests, statements) = collector.requests_and_statements();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let request = &requests[0];
    assert_eq!(hex(&request.trace_id), TRACE);
    assert_eq!(hex(&request.parent_span_id), SPAN);
    assert_eq!(request.name, "query Dashboard");
    assert_eq!(
        request.status.clone().unwrap_or_default().code(),
        SpanStatus::Unset
    );
    assert_attributes(
        request,
        &[
            ("http.request.method", json!("POST")),
            ("http.route", json!("/graphql")),
            ("http.response.status_code", json!(200)),
            ("graphql.operation.name", json!("Dashboard")),
            ("graphql.operation.type", json!("query")),
            ("orlo.statements", json!(statements.len())),
            ("orlo.outcome", json!("Ok")),
        ],
    );
    // The page and the count, which are one statement on SQLite; there is nothing that could have
    // packages.
    let is_sqlite = app.database().backend() == DbBackend::Sqlite;
    let expected = if is_sqlite { 1 } else { 2 };
    assert_eq!(statements.len(), expected, "{statements:?}");
    for statement in &statements {
        assert_eq!(statement.trace_id, request.trace_id);
        assert_eq!(statement.parent_span_id, request.span_id);
        assert_eq!(statement.kind(), SpanKind::Client);
        assert_eq!(statement.name, "SELECT");
        assert!(statement.start_time_unix_nano >= request.start_time_unix_nano);
        assert!(statement.end_time_unix_nano <= request.end_time_unix_nano);
        let system = match app.database().backend() {
            sea_orm::DbBackend::Postgres => "postgresql",
            _ => "sqlite",
        };
        assert_attributes(statement, &[("db.system.name", json!(system))]);
        let text = attribute(&statement.attributes, "db.query.text").unwrap();
        assert!(text.as_str().unwrap().contains("\"release\""), "{text}");
    }
    let resource = collector.requests()[0].resource_spans[0]
        .resource
        .clone()
        .unwrap();
    let of_resource = |key| attribute(&resource.attributes, key);
    assert_eq!(of_resource("service.name"), Some(json!("orlo")));
    let version = json!(env!("CARGO_PKG_VERSION"));
    assert_eq!(of_resource("service.version"), Some(version));
}

async fn a_trace_holds_nothing_that_the_caller_gave(app: TestApp) {
    const SECRET: &str = "hunter2";
    let collector = Collector::start().await;
    let token = issue(&app, "ci", TokenScope::Write).await;
    let auth = orlo::http::auth::Auth::new(app.service().clone(), AnonymousAccess::Reading);
    let (app, traces) = traced(&app, &collector, |state| state.with_auth(auth)).await;
    let record =
        "mutation Record($input: RecordReleaseInput!) { recordRelease(input: $input) { ok } }";
    let input = json!({
        "user": SECRET, "team": SECRET, "platforms": SECRET, "references": SECRET, "notes": SECRET,
        "metadata": {"password": SECRET}, "packages": {"name": SECRET, "version": SECRET},
    });
    let find = format!(
        r#"{{ releases(filter: {{ user: {{ contains: "{SECRET}", ignoreCase: true }} }}) {{ totalCount }} }}"#
    );
    let stats = format!(
        r#"{{ releaseStats(groupBy: [TEAM], filter: {{ team: {{ eq: "{SECRET}" }} }}) {{ key {{ team }} }} }}"#
    );
    let page = format!("{{ releases(after: \"{SECRET}\") {{ totalCount }} }}");
    let wrong = format!("{{ release(by: {{ {SECRET}: 1 }}) {{ id }} }}");
    for body in [
        json!({"query": record, "variables": { "input": input }}),
        json!({ "query": find }),
        json!({ "query": stats }),
        json!({ "query": page }),
        json!({ "query": wrong }),
        json!({"query": record, "variables": { "input": SECRET }}),
    ] {
        let request = Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header("cookie", SECRET)
            .header("tracestate", "a=b");
        let answer = app
            .send(request.body(Body::from(body.to_string())).unwrap())
            .await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
    traces.close().await.unwrap();
    let (requests, statements) = collector.requests_and_statements();
    assert_eq!(requests.len(), 6, "{requests:?}");
    assert!(
        statements.iter().any(|span| span.name == "INSERT"),
        "{statements:?}"
    );
    let sent = String::from_utf8_lossy(&collector.bytes()).into_owned();
    for secret in [SECRET, token.as_str()] {
        assert!(!sent.contains(secret), "{sent}");
    }
}

async fn failures_are_seen_in_traces(app: TestApp) {
    let collector = Collector::start().await;
    let writer = app.database().writer();
    writer
        .execute_unprepared("ALTER TABLE release RENAME TO gone")
        .await
        .unwrap();
    let (app, traces) = traced(&app, &collector, |state| state).await;
    send(
        &app,
        "01",
        json!({"query": "{ all: releases { nodes { id } } }"}),
    )
    .await;
    traces.close().await.unwrap();
    let (requests, statements) = collector.requests_and_statements();
    let failed = |span: &Span| span.status.clone().unwrap_or_default().code() == SpanStatus::Error;
    assert!(requests.iter().all(failed) && statements.iter().any(failed));
    assert_eq!(requests[0].name, "query");
    assert_attributes(&requests[0], &[("error.type", json!("INTERNAL"))]);
    let event = &requests[0].events[0];
    let of_event = |key| attribute(&event.attributes, key);
    assert_eq!(of_event("error.type"), Some(json!("INTERNAL")));
    assert_eq!(of_event("graphql.path"), Some(json!("all")));
    let sent = String::from_utf8_lossy(&collector.bytes()).into_owned();
    assert!(
        !sent.contains("does not exist") && !sent.contains("no such table"),
        "{sent}"
    );
}

async fn what_is_not_executed_is_traced_too(app: TestApp) {
    let collector = Collector::start().await;
    let limits = HttpLimits {
        concurrent_requests: 0,
        ..HttpLimits::default()
    };
    let (full, traces) = traced(&app, &collector, |state| state.with_http_limits(limits)).await;
    send(&full, "01", json!({"query": "{ server { version } }"})).await;
    traces.close().await.unwrap();
    let (app, traces) = traced(&app, &collector, |state| state).await;
    send(&app, "01", json!({"query": "{ nothing }"})).await;
    send(&app, "01", json!({"query": "{ server { version "})).await;
    traces.close().await.unwrap();
    let (requests, statements) = collector.requests_and_statements();
    assert_eq!((requests.len(), statements.len()), (3, 0));
    let busy = &requests[0];
    assert_eq!(busy.name, "GraphQL request");
    assert_eq!(busy.status.clone().unwrap().code(), SpanStatus::Error);
    let code = ("http.response.status_code", json!(503));
    assert_attributes(busy, &[code, ("error.type", json!("LIMIT_EXCEEDED"))]);
    for refused in &requests[1..] {
        let outcome = ("orlo.outcome", json!("Refused"));
        assert_attributes(refused, &[outcome, ("error.type", json!("BAD_REQUEST"))]);
        // That is the caller's mistake, not the server's.
        assert_eq!(
            refused.status.clone().unwrap_or_default().code(),
            SpanStatus::Unset
        );
    }
}

async fn operations_on_connections_that_stay_are_traced(app: TestApp) {
    let collector = Collector::start().await;
    let (app, traces) = traced(&app, &collector, |state| state).await;
    let count = "query Count { releases { totalCount } }";
    let follow = "subscription Follow { releaseChanged { cursor } }";
    let refused = "{ does not parse";
    for query in [count, follow, refused] {
        let request = Request::post("/graphql/stream")
            .header(CONTENT_TYPE, "application/json")
            .header("traceparent", format!("00-{TRACE}-{SPAN}-01"))
            .body(Body::from(json!({ "query": query }).to_string()));
        let answer = app
            .router()
            .clone()
            .oneshot(request.unwrap())
            .await
            .unwrap();
        let mut body = EventStream::new(answer.into_body());
        if query == count {
            assert_eq!(body.next().await.unwrap().0, "next");
        }
    }
    let listening = app.listen().await;
    let mut socket = Socket::open(&listening.address().to_string(), &Value::Null).await;
    for (id, query) in [("1", count), ("2", follow), ("3", refused)] {
        socket.start(id, query).await;
    }
    let mut ended = 0;
    while ended < 2 {
        let Heard::Message(message) = socket.hear().await else {
            panic!("the socket is closed");
        };
        ended += usize::from(message["type"] == "complete" || message["type"] == "error");
    }
    traces.close().await.unwrap();

    let (operations, statements) = collector.requests_and_statements();
    for (route, method) in [("/graphql/stream", "POST"), ("/graphql/ws", "GET")] {
        let of_route =
            |span: &&Span| attribute(&span.attributes, "http.route") == Some(json!(route));
        let mut spans: Vec<&Span> = operations.iter().filter(of_route).collect();
        spans.sort_by(|one, other| one.name.cmp(&other.name));
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!(
            names,
            ["GraphQL request", "query Count", "subscription Follow"]
        );
        for (span, outcome) in spans.iter().zip(["Refused", "Ok", "Ok"]) {
            let method = ("http.request.method", json!(method));
            assert_attributes(span, &[method, ("orlo.outcome", json!(outcome))]);
            let is_told = hex(&span.trace_id) == TRACE && hex(&span.parent_span_id) == SPAN;
            assert_eq!(is_told, route == "/graphql/stream", "{span:?}");
        }
        let of_count = |span: &&Span| span.parent_span_id == spans[1].span_id;
        assert_eq!(statements.iter().filter(of_count).count(), 1);
        assert_attributes(spans[1], &[("orlo.statements", json!(1))]);
    }
}

async fn callers_may_want_no_trace(app: TestApp) {
    let collector = Collector::start().await;
    let (app, traces) = traced(&app, &collector, |state| state).await;
    let query = json!({"query": "{ releases { totalCount } }"});
    assert_eq!(send(&app, "00", query).await.status, StatusCode::OK);
    traces.close().await.unwrap();
    assert_eq!(collector.spans().len(), 0);
}

async fn traces_are_sent_by_a_setting(app: TestApp) {
    let collector = Collector::start().await;
    let by_flag = ["--otlp-endpoint", &collector.url, "--log-format", "json"];
    let variable = format!("OTEL_EXPORTER_OTLP_ENDPOINT={}", collector.url);
    let by_variable = ["env", &variable, "OTEL_SERVICE_NAME=orlo-of-shop"];
    let url = app.database_url();
    for (within, arguments, name) in [
        (&[][..], &by_flag[..], "orlo"),
        (
            &by_variable[..],
            &["--slow-query", "1ns"][..],
            "orlo-of-shop",
        ),
    ] {
        collector.received.lock().unwrap().clear();
        let process = Process::start_within(within, url, arguments).await;
        let caller = process.caller();
        caller
            .send("query Late { releases { totalCount } }", &json!({}))
            .await;
        let log = process.stop().await;
        let (requests, statements) = collector.requests_and_statements();
        assert_eq!(requests.len(), 1, "{log}");
        let count = ("orlo.statements", json!(statements.len()));
        assert_attributes(&requests[0], &[count]);
        assert_eq!(requests[0].parent_span_id, Vec::<u8>::new());
        let resource = collector.requests()[0].resource_spans[0]
            .resource
            .clone()
            .unwrap();
        let found = attribute(&resource.attributes, "service.name");
        assert_eq!(found, Some(json!(name)));
        if name == "orlo-of-shop" {
            let expected = format!("trace_id={}", hex(&requests[0].trace_id));
            assert!(log.contains(&expected), "{expected} is not in {log}");
        }
    }
}

async fn a_collector_that_is_away_holds_up_nobody(app: TestApp) {
    // Nobody listens where somebody has listened.
    let url = {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", gone.local_addr().unwrap())
    };
    let process = Process::start(app.database_url(), &["--otlp-endpoint", &url]).await;
    let caller = process.caller();
    for _ in 0..20 {
        let answer = caller.send("{ releases { totalCount } }", &json!({})).await;
        assert_eq!(answer, json!({"data": {"releases": {"totalCount": 0}}}));
    }
    let log = process.stop().await;
    assert!(log.contains("telemetry data will be lost"), "{log}");
}
