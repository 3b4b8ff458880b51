//! What the server counts, in the text form that Prometheus reads.

mod process;

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use self::process::Process;
use super::AppState;
use super::problem::Problem;
use super::trace::Trace;
use crate::graphql::error::{INTERNAL_MESSAGE, code};
use crate::service::history;
use crate::service::token::TokenScope;

/// Operation names that are told apart; callers make them up.
const MAX_NAMES: usize = 100;

/// Upper bounds of the histograms, in seconds.
const SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The kind of an operation that was not executed.
pub const UNKNOWN: &str = "unknown";

tokio::task_local! {
    /// The request at hand.
    static STATEMENTS: Statements;
}

/// The statements of a request.
struct Statements {
    count: Cell<u64>,
    trace: Trace,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// Answered without errors.
    Ok,
    /// Answered, with errors in some fields.
    Errors,
    /// Not executed: it is wrong, or asks for too much.
    Refused,
    /// Not executed: the server is busy.
    Busy,
    /// Given up because it took too long.
    Timeout,
    /// Left by the caller before it was answered.
    Left,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    operation: Arc<str>,
    kind: &'static str,
    outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOperation {
    operation: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfConnections {
    pool: &'static str,
    state: &'static str,
}

/// Everything that is counted; cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    names: RwLock<HashSet<Arc<str>>>,
    requests: Family<OfRequest, Counter>,
    request_seconds: Family<OfOperation, Histogram, fn() -> Histogram>,
    running: Gauge,
    statements: Counter,
    failed_statements: Counter,
    statement_seconds: Histogram,
    connections: Family<OfConnections, Gauge>,
    events: Counter<u64, AtomicU64>,
    documents: Gauge,
    subscribers: Gauge,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("orlo"),
            names: RwLock::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            running: Gauge::default(),
            statements: Counter::default(),
            failed_statements: Counter::default(),
            statement_seconds: Histogram::new(SECONDS),
            connections: Family::default(),
            events: Counter::default(),
            documents: Gauge::default(),
            subscribers: Gauge::default(),
        };
        inner.register();
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn register(&mut self) {
        let registry = &mut self.registry;
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of the server", version);
        let help =
            "GraphQL requests by the name of their operation, its kind and what became of them";
        registry.register("requests", help, self.requests.clone());
        let help = "How long operations took, by their names";
        let seconds = self.request_seconds.clone();
        registry.register_with_unit("request_duration", help, Unit::Seconds, seconds);
        let help = "Operations that are being executed";
        registry.register("requests_running", help, self.running.clone());
        let help = "Statements sent to the database";
        registry.register("database_statements", help, self.statements.clone());
        let help = "Statements that the database refused or gave up";
        registry.register(
            "database_statements_failed",
            help,
            self.failed_statements.clone(),
        );
        let help = "How long statements took";
        let seconds = self.statement_seconds.clone();
        registry.register_with_unit("database_statement_duration", help, Unit::Seconds, seconds);
        let help = "Connections to the database, idle and used; SQLite has one more to write, and \
                    more to read for small questions and for statistics";
        registry.register("database_connections", help, self.connections.clone());
        let help =
            "Events written to the history, those of changes that were taken back among them";
        registry.register("events", help, self.events.clone());
        let help = "Documents that can be asked for by their hash";
        registry.register("persisted_documents", help, self.documents.clone());
        let help = "Subscriptions that are open";
        registry.register("subscribers", help, self.subscribers.clone());
        let process = self.registry.sub_registry_with_prefix("process");
        process.register_collector(Box::new(Process));
    }
}

/// A finished request, as it is counted.
#[derive(Clone, Debug)]
pub struct Finished<'a> {
    /// The name of its operation; none unless it was executed.
    pub operation: Option<&'a str>,
    /// `query`, `mutation` or `subscription`; `unknown` unless it was executed.
    pub kind: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// How long it took.
    pub elapsed: Duration,
}

impl Metrics {
    /// Counts a request.
    pub fn finish(&self, request: &Finished<'_>) {
        let operation = self.name(request.operation);
        let labels = OfRequest {
            operation: Arc::clone(&operation),
            kind: request.kind,
            outcome: request.outcome,
        };
        self.0.requests.get_or_create(&labels).inc();
        let labels = OfOperation { operation };
        let seconds = self.0.request_seconds.get_or_create(&labels);
        seconds.observe(request.elapsed.as_secs_f64());
    }

    /// The name under which an operation is counted: the first hundred names have their own.
    fn name(&self, name: Option<&str>) -> Arc<str> {
        let Some(name) = name else {
            return "anonymous".into();
        };
        let known = self.0.names.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name) {
            return Arc::clone(known);
        }
        let is_full = known.len() >= MAX_NAMES;
        drop(known);
        if is_full || name.len() > MAX_NAMES {
            return "other".into();
        }
        let name: Arc<str> = name.into();
        let mut known = self.0.names.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(Arc::clone(&name));
        name
    }

    /// What to call after every statement; see [`crate::service::Database::on_statement`].
    pub fn on_statement(
        &self,
    ) -> impl Fn(&sea_orm::metric::Info<'_>) + Send + Sync + Clone + 'static {
        let metrics = self.clone();
        move |info| {
            metrics.0.statements.inc();
            if info.failed {
                metrics.0.failed_statements.inc();
            }
            let seconds = &metrics.0.statement_seconds;
            seconds.observe(info.elapsed.as_secs_f64());
            let _ = STATEMENTS.try_with(|Statements { count, trace }| {
                count.set(count.get() + 1);
                trace.statement(info);
            });
        }
    }

    /// What is counted, as it is now.
    fn text(&self, state: &AppState) -> Result<String, fmt::Error> {
        let inner = &*self.0;
        inner.running.set(of_size(state.gate.running()));
        inner.documents.set(of_size(state.documents.count()));
        let subscribers = state.service.feed.followers();
        inner.subscribers.set(of_size(subscribers));
        inner
            .events
            .inner()
            .store(history::written(), std::sync::atomic::Ordering::Relaxed);
        for pool in state.service.database.pools() {
            for (state, count) in [("idle", pool.idle), ("used", pool.used)] {
                let labels = OfConnections {
                    pool: pool.name,
                    state,
                };
                inner.connections.get_or_create(&labels).set(of_size(count));
            }
        }
        let mut text = String::new();
        encode(&mut text, &inner.registry)?;
        Ok(text)
    }
}

/// Does `work`, puts its statements into `trace`, and says how many there were.
pub async fn observing_statements<T>(trace: Trace, work: impl Future<Output = T>) -> (T, u64) {
    let work = async {
        let result = work.await;
        (result, STATEMENTS.with(|statements| statements.count.get()))
    };
    let count = Cell::new(0);
    STATEMENTS.scope(Statements { count, trace }, work).await
}

/// The page that Prometheus reads.
///
/// # Errors
/// When the caller may not read.
pub async fn page(State(state): State<AppState>, headers: HeaderMap) -> Result<Response, Problem> {
    let caller = state.auth.caller(&headers).await?;
    if !caller.may(TokenScope::Read) {
        let message = "metrics need the scope read";
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            code::FORBIDDEN,
            message,
        ));
    }
    let text = state.metrics.text(&state).map_err(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "cannot write metrics"
        );
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Problem::new(status, code::INTERNAL, INTERNAL_MESSAGE)
    })?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, content_type)], text).into_response())
}

fn of_size(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
