//! Whether the server lives and can work, and which one it is.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tracing::Span;

use super::problem::Problem;
use super::request_id::request_id;
use super::trace::{self, TRACE_ID};
use crate::service::Service;

/// The process is alive.
pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// The database answers and has Orlo's tables.
pub async fn ready(State(service): State<Service>) -> Result<Json<Value>, Problem> {
    match service
        .reader()
        .execute_unprepared("SELECT 1 FROM release LIMIT 1")
        .await
    {
        Ok(_) => Ok(Json(json!({ "status": "ready" }))),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            let message = "the database does not answer";
            Err(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "INTERNAL",
                message,
            ))
        }
    }
}

/// Which server it is.
pub async fn version() -> Json<Value> {
    Json(json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") }))
}

/// What every line of the log says of the request it is about.
pub fn request_span<B>(request: &Request<B>) -> Span {
    let id = request_id(request.headers()).unwrap_or_default();
    let trace = trace::told_id(request.headers()).map(tracing::field::display);
    let (method, path) = (request.method(), request.uri().path());
    tracing::info_span!("request", id, %method, path, { TRACE_ID } = trace)
}
