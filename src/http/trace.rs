//! Traces: what became of a request, and how long it and its statements took, sent to a collector
//! that speaks OTLP. They hold names, numbers and the text of statements, never a value that a
//! caller gave: none of variables, documents, headers or messages of errors.

use std::time::{Duration, SystemTime};

use async_graphql::{PathSegment, ServerError};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{
    SpanKind, Status, TraceContextExt as _, TraceId, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use sea_orm::DbBackend;

use super::metrics::{Finished, UNKNOWN};
use super::problem::Problem;
use crate::graphql::error::{code, code_of};

/// The id of a request's trace in the log.
pub const TRACE_ID: &str = "trace_id";

/// How long a collector may take for the last traces when the server stops.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of a statement's text that are told. Long ones repeat themselves, row by row.
const MAX_STATEMENT_BYTES: usize = 2_000;

/// Bytes of a name that callers make up.
const MAX_NAME_BYTES: usize = 100;

/// Errors of one answer that are told.
const MAX_ERRORS: usize = 10;

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// The URL that takes them, e.g. `http://localhost:4318/v1/traces`.
    pub url: String,
    /// What this server is called in them; `orlo` when none.
    pub service_name: Option<String>,
}

/// Begins the trace of each request, if traces are wanted at all; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Traces(Option<Recorder>);

#[derive(Clone, Debug)]
struct Recorder {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Sends traces in batches from a thread of their own. A collector that is away is nobody's
    /// loss but the traces'.
    ///
    /// # Errors
    /// When the part that speaks HTTP cannot be started.
    pub fn to(options: &TraceOptions) -> Result<Self, ExporterBuildError> {
        // Only the first call counts, and each asks for the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(&options.url)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let mut resource = Resource::builder_empty()
            .with_service_name(env!("CARGO_PKG_NAME"))
            .with_attribute(version)
            .with_detector(Box::new(EnvResourceDetector::new()));
        if let Some(name) = &options.service_name {
            resource = resource.with_service_name(name.clone());
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
        Ok(Self(Some(Recorder { provider, tracer })))
    }

    /// Begins the trace of a request, or goes on with the one that its caller has begun.
    /// `route` is where it came in.
    pub fn begin(&self, route: &'static str, method: &Method, headers: &HeaderMap) -> Trace {
        let Some(Recorder { tracer, .. }) = &self.0 else {
            return Trace::default();
        };
        let span = tracer
            .span_builder("GraphQL request")
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method_name(method)),
                KeyValue::new("http.route", route),
            ])
            .start_with_context(tracer, &told_context(headers));
        Trace(Some(Begun {
            tracer: tracer.clone(),
            context: Context::new().with_span(span),
        }))
    }

    /// Sends what was not sent yet, and ends.
    ///
    /// # Errors
    /// When the collector does not take it in time.
    pub async fn close(self) -> Result<(), OTelSdkError> {
        let Some(Recorder { provider, .. }) = self.0 else {
            return Ok(());
        };
        let closing =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT));
        closing
            .await
            .unwrap_or_else(|error| Err(OTelSdkError::InternalFailure(error.to_string())))
    }
}

/// The trace of one request, if it has one. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Begun>);

#[derive(Clone, Debug)]
struct Begun {
    tracer: SdkTracer,
    context: Context,
}

impl Trace {
    /// Puts its id into the lines of the log that belong to the request at hand.
    pub fn name_in_log(&self) {
        if let Some(Begun { context, .. }) = &self.0 {
            let id = context.span().span_context().trace_id();
            tracing::Span::current().record(TRACE_ID, tracing::field::display(id));
        }
    }

    /// A statement that has just ended.
    pub fn statement(&self, info: &sea_orm::metric::Info<'_>) {
        let Some(Begun { tracer, context }) = &self.0 else {
            return;
        };
        if !context.span().is_recording() {
            return;
        }
        let ended = SystemTime::now();
        let text = cut(&info.statement.sql, MAX_STATEMENT_BYTES);
        let operation = text.split_whitespace().next().unwrap_or("statement");
        let span = tracer
            .span_builder(operation.to_owned())
            .with_kind(SpanKind::Client)
            .with_start_time(ended.checked_sub(info.elapsed).unwrap_or(ended))
            .with_attributes([
                KeyValue::new("db.system.name", system_name(info.statement.db_backend)),
                KeyValue::new("db.operation.name", operation.to_owned()),
                KeyValue::new("db.query.text", text.to_owned()),
            ])
            .start_with_context(tracer, context);
        let context = Context::new().with_span(span);
        if info.failed {
            context.span().set_status(Status::error(""));
        }
        context.span().end_with_timestamp(ended);
    }

    /// The errors of an answer: their codes and fields, not their messages, which may repeat what
    /// the caller gave.
    pub fn errors(&self, errors: &[ServerError]) {
        let Some(Begun { context, .. }) = &self.0 else {
            return;
        };
        let span = context.span();
        for error in errors.iter().take(MAX_ERRORS) {
            let path: Vec<_> = error.path.iter().map(segment).collect();
            let code = code_of(error).unwrap_or_default().to_owned();
            let path = KeyValue::new("graphql.path", path.join("."));
            span.add_event("error", vec![KeyValue::new("error.type", code), path]);
        }
        if let Some(code) = errors.iter().find_map(code_of) {
            span.set_attribute(KeyValue::new("error.type", code.to_owned()));
        }
        if errors
            .iter()
            .any(|error| matches!(code_of(error), Some(code::INTERNAL | code::TIMEOUT)))
        {
            span.set_status(Status::error(""));
        }
    }

    /// The request was answered without being executed.
    pub fn problem(&self, problem: &Problem) {
        if let Some(Begun { context, .. }) = &self.0 {
            let code = KeyValue::new("error.type", problem.code);
            context.span().set_attribute(code);
        }
    }

    /// The request is over. It has no status when the caller did not wait for an answer.
    pub fn end(&self, request: &Finished<'_>, status: Option<StatusCode>, statements: u64) {
        let Some(Begun { context, .. }) = &self.0 else {
            return;
        };
        let span = context.span();
        let name = request.operation.map(|name| cut(name, MAX_NAME_BYTES));
        match name {
            Some(name) => {
                span.set_attribute(KeyValue::new("graphql.operation.name", name.to_owned()));
                span.update_name(format!("{} {name}", request.kind));
            }
            None if request.kind != UNKNOWN => span.update_name(request.kind),
            None => {}
        }
        span.set_attribute(KeyValue::new("graphql.operation.type", request.kind));
        if let Some(status) = status {
            let number = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new("http.response.status_code", number));
            if status.is_server_error() {
                span.set_status(Status::error(""));
            }
        }
        let statements = i64::try_from(statements).unwrap_or(i64::MAX);
        span.set_attribute(KeyValue::new("orlo.statements", statements));
        let outcome = format!("{:?}", request.outcome);
        span.set_attribute(KeyValue::new("orlo.outcome", outcome));
        span.end();
    }
}

/// The id of the trace that the caller of a request has begun.
pub fn told_id(headers: &HeaderMap) -> Option<TraceId> {
    headers.get("traceparent")?;
    let context = told_context(headers);
    let span = context.span();
    let told = span.span_context();
    told.is_valid().then(|| told.trace_id())
}

/// The headers that tell of a trace, to be kept.
pub fn telling(headers: &HeaderMap) -> HeaderMap {
    let names = ["traceparent", "tracestate"].map(HeaderName::from_static);
    let told = names.into_iter().filter_map(|name| {
        // Copied: a clone would keep all of what was read with it.
        let value = HeaderValue::from_bytes(headers.get(&name)?.as_bytes()).ok()?;
        Some((name, value))
    });
    told.collect()
}

fn told_context(headers: &HeaderMap) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

fn segment(segment: &PathSegment) -> String {
    match segment {
        PathSegment::Field(name) => cut(name, MAX_NAME_BYTES).to_owned(),
        PathSegment::Index(index) => index.to_string(),
    }
}

/// Callers may make up methods too.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        _ => "_OTHER",
    }
}

const fn system_name(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => "postgresql",
        DbBackend::Sqlite => "sqlite",
        _ => "other_sql",
    }
}

/// The beginning of `text`, of so many bytes at most.
fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_of_a_trace_is_kept_and_nothing_else() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let mut headers = HeaderMap::new();
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        headers.insert("traceparent", parent.parse().unwrap());
        headers.insert("tracestate", HeaderValue::from_static("a=b"));
        headers.insert("cookie", HeaderValue::from_static("x"));
        let kept = telling(&headers);
        assert_eq!(kept.len(), 2);
        assert_eq!(told_id(&kept).unwrap().to_string(), TRACE);
        assert!(telling(&HeaderMap::new()).is_empty());
    }
}
