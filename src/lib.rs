//! Orlo records software deployments and answers every question about them, over GraphQL.
//!
//! The way through the house is `main -> cli -> http -> graphql -> service -> entity`, never
//! backwards; see `docs/architecture.md`.

#![warn(missing_docs)]

pub mod cli;
pub mod config;
pub mod graphql;
pub mod http;
pub mod service;
pub mod shutdown;
pub mod telemetry;
