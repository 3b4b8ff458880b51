//! What can be set: every flag is an environment variable too. Nothing else reads the environment,
//! but the library that sends traces.

mod access;
mod http;
mod limits;
mod trace;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::service::{DatabaseOptions, DatabaseUrl, Settings};

pub use access::{AccessArgs, AuthMode};
pub use http::HttpArgs;
pub use limits::{OperationArgs, Switch};
pub use trace::TraceArgs;

/// Where the records are.
#[derive(Args, Clone, Debug)]
pub struct DatabaseArgs {
    /// The URL of the database.
    #[arg(
        help = "The database: sqlite://PATH (made when missing) or postgres://USER:PASSWORD@HOST:PORT/NAME",
        long,
        env = "ORLO_DATABASE_URL",
        default_value = "sqlite://orlo.db",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Database"
    )]
    pub database_url: DatabaseUrl,
    /// Connections to the database at most; SQLite has more for small questions and for statistics
    #[arg(
        long,
        env = "ORLO_DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1000),
        value_name = "COUNT",
        help_heading = "Database"
    )]
    pub database_connections: u32,
    /// How long to wait for a connection, or for another writer of an SQLite file
    #[arg(
        long,
        env = "ORLO_DATABASE_TIMEOUT",
        default_value = "10s",
        value_parser = humantime::parse_duration,
        value_name = "DURATION",
        help_heading = "Database"
    )]
    pub database_timeout: Duration,
}

impl DatabaseArgs {
    /// How to open the database.
    #[must_use]
    pub fn options(&self) -> DatabaseOptions {
        DatabaseOptions {
            url: self.database_url.clone(),
            max_connections: self.database_connections,
            acquire_timeout: self.database_timeout,
            statement_timeout: None,
        }
    }
}

/// How the server is reached and how it stops.
#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "ORLO_BIND",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    pub bind: SocketAddr,
    /// How long requests may go on after the server was told to stop
    #[arg(
        long,
        env = "ORLO_SHUTDOWN_TIMEOUT",
        default_value = "30s",
        value_parser = humantime::parse_duration,
        value_name = "DURATION"
    )]
    pub shutdown_timeout: Duration,
}

/// How much of a thing is recorded or answered at most.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// After how long without news something in progress counts as stale
    #[arg(
        long,
        env = "ORLO_STALE_AFTER",
        default_value = "24h",
        value_parser = humantime::parse_duration,
        value_name = "DURATION"
    )]
    pub stale_after: Duration,
    /// Characters in a name, version, user, team, platform, metadata key or external id
    #[arg(long, env = "ORLO_MAX_NAME_LENGTH", default_value_t = Settings::default().max_name_length,
        value_parser = at_most(500), value_name = "CHARACTERS")]
    pub max_name_length: usize,
    /// Characters in a reference or URL
    #[arg(long, env = "ORLO_MAX_REFERENCE_LENGTH",
        default_value_t = Settings::default().max_reference_length, value_name = "CHARACTERS")]
    pub max_reference_length: usize,
    /// Bytes in a note, result or description
    #[arg(long, env = "ORLO_MAX_TEXT_BYTES", default_value_t = Settings::default().max_text_bytes,
        value_name = "BYTES")]
    pub max_text_bytes: usize,
    /// Bytes in a metadata value
    #[arg(long, env = "ORLO_MAX_METADATA_BYTES",
        default_value_t = Settings::default().max_metadata_bytes, value_name = "BYTES")]
    pub max_metadata_bytes: usize,
    /// Platforms, references, notes, metadata keys or packages of one release, each
    #[arg(long, env = "ORLO_MAX_LIST_LENGTH", default_value_t = Settings::default().max_list_length,
        value_name = "COUNT")]
    pub max_list_length: usize,
    /// Releases in one importReleases
    #[arg(long, env = "ORLO_MAX_IMPORT_LENGTH",
        default_value_t = Settings::default().max_import_length, value_name = "COUNT")]
    pub max_import_length: usize,
}

impl LimitArgs {
    /// The limits for the service.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            stale_after: self.stale_after,
            max_name_length: self.max_name_length,
            max_reference_length: self.max_reference_length,
            max_text_bytes: self.max_text_bytes,
            max_metadata_bytes: self.max_metadata_bytes,
            max_list_length: self.max_list_length,
            max_import_length: self.max_import_length,
            ..Settings::default()
        }
    }
}

/// Names are indexed, and an entry of PostgreSQL's indexes holds no more than 2,700 bytes.
fn at_most(limit: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        let number: usize = text.parse().map_err(|_| "not a whole number".to_owned())?;
        if number <= limit {
            Ok(number)
        } else {
            Err(format!("at most {limit}"))
        }
    }
}

/// What the log looks like.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// The form of the log, which goes to stderr
    #[arg(
        long,
        env = "ORLO_LOG_FORMAT",
        default_value = "text",
        global = true,
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
    /// What is logged, e.g. `info` or `orlo=debug,warn`; the variable `RUST_LOG` wins
    #[arg(
        long,
        env = "ORLO_LOG",
        // Migrations make PostgreSQL remark that what is there is there.
        default_value = "info,sqlx::postgres::notice=warn",
        global = true,
        value_name = "FILTER"
    )]
    pub log: String,
}

/// The forms of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line per event, for people.
    Text,
    /// One JSON object per event, for machines.
    Json,
}
