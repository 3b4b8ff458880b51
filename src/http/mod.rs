//! The HTTP face: routes, pages and health checks around the GraphQL schema.

use axum::Router;
use axum::extract::{FromRef, State};
use axum::routing::{get, post};

use async_graphql_axum::{GraphQLRequest, GraphQLResponse};

use crate::graphql::{OrloSchema, schema};
use crate::service::Service;

/// What the handlers share.
#[derive(Clone, FromRef)]
pub struct AppState {
    schema: OrloSchema,
    service: Service,
}

impl AppState {
    /// The state of a server over `service`.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self {
            schema: schema(service.clone()),
            service,
        }
    }
}

/// The routes of Orlo, for the server and for tests alike.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/graphql", post(graphql))
        .route("/healthz", get(healthz))
        .with_state(state)
}

async fn graphql(State(schema): State<OrloSchema>, request: GraphQLRequest) -> GraphQLResponse {
    schema.execute(request.into_inner()).await.into()
}

async fn healthz(State(_service): State<Service>) -> &'static str {
    "ok"
}
