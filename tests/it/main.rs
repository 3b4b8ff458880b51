//! Orlo as its callers meet it: requests to the real router, on SQLite and on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "a vocabulary for tests to choose from")]
mod app;
mod auth;
#[allow(dead_code, reason = "a vocabulary for tests to choose from")]
mod builders;
#[allow(dead_code, reason = "a vocabulary for tests to choose from")]
mod clients;
mod command;
mod connections;
mod corrections;
mod database;
mod dora;
mod export;
mod filters;
mod from_orlo;
mod fuzz;
mod http;
mod import;
mod indexes;
mod known;
mod limits;
mod live;
mod metrics;
mod migration;
mod model;
mod pagination;
mod plans;
mod postgres;
mod process;
mod read;
mod relations;
mod release;
#[allow(dead_code, reason = "a vocabulary for tests to choose from")]
mod rows;
mod rules;
mod schema;
mod stats;
mod tables;
mod torture;
mod traces;
mod version;
