//! The routes around GraphQL.

use axum::http::StatusCode;

use crate::app::{TestApp, on_both_databases};

on_both_databases!(a_running_server_says_that_it_is_alive);

async fn a_running_server_says_that_it_is_alive(app: TestApp) {
    let answer = app.get("/healthz").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}
