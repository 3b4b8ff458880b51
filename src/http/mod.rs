//! The HTTP face: routes, pages and health checks around the GraphQL schema.

mod assets;
pub mod auth;
mod cors;
mod gate;
mod graphql;
mod health;
mod live;
pub mod metrics;
mod problem;
mod request_id;
mod server;
pub mod trace;

use std::time::Duration;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::Redirect;
use axum::routing::{any, get};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use self::auth::Auth;
pub use self::live::{Live, Timing};
use crate::graphql::{Limits, OrloSchema, schema};
use crate::service::Service;
use crate::service::token::AnonymousAccess;

pub use cors::{Origin, Origins};
use gate::Gate;
pub use gate::HttpLimits;
use graphql::Documents;
use metrics::Metrics;
pub use request_id::REQUEST_ID;
pub use server::{ConnectionLimits, serve};
use trace::Traces;

/// Bytes of documents that are kept for requests by hash, unless set otherwise.
pub const DOCUMENT_BYTES: usize = 4 << 20;

/// From when on an operation counts as slow; none counts without a limit.
#[derive(Clone, Copy, Debug, Default)]
struct Slow(Option<Duration>);

/// What the handlers share.
#[derive(Clone, FromRef)]
pub struct AppState {
    schema: OrloSchema,
    service: Service,
    auth: Auth,
    live: Live,
    gate: Gate,
    origins: Origins,
    documents: Documents,
    metrics: Metrics,
    traces: Traces,
    slow: Slow,
}

impl AppState {
    /// The state of a server over `service`, open to everybody for everything.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self {
            schema: schema(service.clone(), Limits::default()),
            auth: Auth::new(service.clone(), AnonymousAccess::Everything),
            service,
            live: Live::default(),
            gate: Gate::new(HttpLimits::default()),
            origins: Origins::default(),
            documents: Documents::new(DOCUMENT_BYTES),
            metrics: Metrics::default(),
            traces: Traces::default(),
            slow: Slow::default(),
        }
    }

    /// The same with other rules for who may do what.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The same with other limits for what an operation may ask for.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.schema = schema(self.service.clone(), limits);
        self
    }

    /// The same with other limits for what requests may take up.
    #[must_use]
    pub fn with_http_limits(mut self, limits: HttpLimits) -> Self {
        self.gate = Gate::new(limits);
        self
    }

    /// The same with room for so many bytes of documents that are asked for by their hash.
    #[must_use]
    pub fn with_document_bytes(mut self, bytes: usize) -> Self {
        self.documents = Documents::new(bytes);
        self
    }

    /// The same, counted in `metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// The same, told in `traces`.
    #[must_use]
    pub fn with_traces(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// The same with operations in the log that take as long as this, or longer.
    #[must_use]
    pub fn with_slow_query(mut self, limit: Option<Duration>) -> Self {
        self.slow = Slow(limit);
        self
    }

    /// The same for pages of these origins too.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// The same with connections that end as `live` says.
    #[must_use]
    pub fn with_live(mut self, live: Live) -> Self {
        self.live = live;
        self
    }
}

/// The routes of Orlo, for the server and for tests alike.
pub fn router(state: AppState) -> Router {
    // Outermost first: a request gets its id, then a line in the log, and a panic below that
    // becomes an answer.
    let layers = tower::ServiceBuilder::new()
        .map_request(request_id::without_unfit)
        .layer(SetRequestIdLayer::new(REQUEST_ID.clone(), MakeRequestUuid))
        .layer(TraceLayer::new_for_http().make_span_with(health::request_span))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID.clone()))
        .layer(unless_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // What is deployed changes, and who may see it depends on who asks.
        .layer(unless_set(header::CACHE_CONTROL, "no-store"))
        .layer(from_fn(problem::name_failures))
        .layer(CatchPanicLayer::custom(problem::panicked));
    let origins = state.origins.layer();
    // Answers that come bit by bit are not compressed, and many of them wait at once: they do
    // without the room for it.
    let live = Router::new()
        .route("/graphql/ws", get(live::connect))
        .route("/graphql/stream", any(live::stream));
    let routes = Router::new()
        .route("/", get(Redirect::temporary("/graphiql")))
        .route("/graphql", any(graphql::handle))
        .route("/graphiql", get(assets::index))
        .route("/graphiql/{*path}", get(assets::file))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/version", get(health::version))
        .route("/metrics", get(metrics::page))
        .layer(CompressionLayer::new())
        .merge(live)
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(state);
    let routes = match origins {
        Some(origins) => routes.layer(origins),
        None => routes,
    };
    routes.layer(layers)
}

fn unless_set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
