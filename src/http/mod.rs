//! The HTTP face: routes, pages and health checks around the GraphQL schema.

mod assets;
pub mod auth;
mod graphql;
mod health;
mod live;
mod problem;

use axum::Router;
use axum::extract::FromRef;
use axum::http::HeaderName;
use axum::response::Redirect;
use axum::routing::{any, get};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use self::auth::Auth;
pub use self::live::{Live, Timing};
use crate::graphql::{OrloSchema, schema};
use crate::service::Service;
use crate::service::token::AnonymousAccess;

/// Bytes in the body of a request at most, unless set otherwise.
pub const MAX_BODY_BYTES: usize = 2 << 20;

/// The header that names a request in answers and in the log.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the handlers share.
#[derive(Clone, FromRef)]
pub struct AppState {
    schema: OrloSchema,
    service: Service,
    limits: HttpLimits,
    auth: Auth,
    live: Live,
}

/// How much a request may ask for.
#[derive(Clone, Copy, Debug)]
struct HttpLimits {
    body_bytes: usize,
}

impl AppState {
    /// The state of a server over `service`, open to everybody for everything.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self {
            schema: schema(service.clone()),
            auth: Auth::new(service.clone(), AnonymousAccess::Everything),
            service,
            limits: HttpLimits {
                body_bytes: MAX_BODY_BYTES,
            },
            live: Live::default(),
        }
    }

    /// The same with other rules for who may do what.
    #[must_use]
    pub fn with_auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// The same with another limit for the body of a request, in bytes.
    #[must_use]
    pub fn with_max_body_bytes(mut self, bytes: usize) -> Self {
        self.limits.body_bytes = bytes;
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
        .layer(SetRequestIdLayer::new(REQUEST_ID.clone(), MakeRequestUuid))
        .layer(TraceLayer::new_for_http().make_span_with(health::request_span))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID.clone()))
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(problem::panicked));
    Router::new()
        .route("/", get(Redirect::temporary("/graphiql")))
        .route("/graphql", any(graphql::handle))
        .route("/graphql/ws", get(live::connect))
        .route("/graphql/stream", any(live::stream))
        .route("/graphiql", get(assets::index))
        .route("/graphiql/{*path}", get(assets::file))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/version", get(health::version))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(state)
        .layer(layers)
}
