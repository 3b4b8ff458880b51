//! Orlo as its callers meet it: requests to the real router, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "a vocabulary for tests to choose from")]
mod app;
#[allow(dead_code, reason = "a vocabulary for tests to choose from")]
mod builders;
mod database;
mod http;
mod migration;
mod postgres;
mod read;
mod release;
mod schema;
