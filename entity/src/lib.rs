//! The rows of Orlo's tables, one module per table. No rules live here: what the values mean and
//! how they change is the business of `orlo::service`.
//!
//! Times are stored as Unix milliseconds and durations as milliseconds, so that both databases
//! order, compare and average them alike; see `docs/decisions/0001-times-are-milliseconds.md`.

pub mod deferred_index;
pub mod deploy_status;
pub mod deployment;
pub mod event;
pub mod event_type;
pub mod failure;
pub mod package;
pub mod package_result;
pub mod platform;
pub mod release;
pub mod release_metadata;
pub mod release_note;
pub mod release_platform;
pub mod release_reference;
pub mod row;
pub mod token;
pub mod token_scope;

pub use deploy_status::DeployStatus;
pub use event_type::EventType;
/// An instant in UTC, to the millisecond; a 64-bit integer in the database.
pub use sea_orm::prelude::ChronoUnixTimestampMillis as Timestamp;
pub use token_scope::TokenScope;
