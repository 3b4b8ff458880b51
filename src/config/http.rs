//! What requests and connections may take up.

use std::time::Duration;

use clap::Args;

use crate::http::{ConnectionLimits, DOCUMENT_BYTES, HttpLimits, Origin, Origins};

/// What requests and connections may take up, and from where pages may send them.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of requests")]
pub struct HttpArgs {
    /// Bytes in the body of a request at most
    #[arg(long, env = "ORLO_MAX_BODY_BYTES", default_value_t = HttpLimits::default().body_bytes,
        value_name = "BYTES")]
    pub max_body_bytes: usize,
    /// Bytes in the body of a request at most that has nothing but importReleases to do
    #[arg(long, env = "ORLO_MAX_IMPORT_BYTES", default_value_t = HttpLimits::default().import_bytes,
        value_name = "BYTES")]
    pub max_import_bytes: usize,
    /// How long the body of a request may take to arrive
    #[arg(long, env = "ORLO_BODY_TIMEOUT", default_value = "60s",
        value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub body_timeout: Duration,
    /// How long the head of a request may take to arrive, and a connection be idle
    #[arg(long, env = "ORLO_HEADER_TIMEOUT", default_value = "30s",
        value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub header_timeout: Duration,
    /// How long an operation may take
    #[arg(long, env = "ORLO_REQUEST_TIMEOUT", default_value = "30s",
        value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub request_timeout: Duration,
    /// How long one statement may keep the database busy; on SQLite one that only reads
    #[arg(long, env = "ORLO_STATEMENT_TIMEOUT", default_value = "20s",
        value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub statement_timeout: Duration,
    /// Operations that are executed at once; further ones are answered with 503
    #[arg(long, env = "ORLO_MAX_CONCURRENT_REQUESTS",
        default_value_t = HttpLimits::default().concurrent_requests, value_name = "COUNT")]
    pub max_concurrent_requests: usize,
    /// Subscriptions that are open at once; further ones are refused
    #[arg(long, env = "ORLO_MAX_SUBSCRIPTIONS",
        default_value_t = HttpLimits::default().subscriptions, value_name = "COUNT")]
    pub max_subscriptions: usize,
    /// Operations under way on one WebSocket, subscriptions among them; further ones are refused
    #[arg(long, env = "ORLO_MAX_SOCKET_OPERATIONS",
        default_value_t = HttpLimits::default().socket_operations, value_name = "COUNT")]
    pub max_socket_operations: usize,
    /// Connections at once; further ones wait until one is closed
    #[arg(long, env = "ORLO_MAX_CONNECTIONS",
        default_value_t = ConnectionLimits::default().connections, value_name = "COUNT")]
    pub max_connections: usize,
    /// Bytes of documents that are kept for requests by hash (automatic persisted queries)
    #[arg(long, env = "ORLO_PERSISTED_QUERY_BYTES", default_value_t = DOCUMENT_BYTES,
        value_name = "BYTES")]
    pub persisted_query_bytes: usize,
    /// Put operations into the log that take as long as this, or longer; 0s puts none
    #[arg(long, env = "ORLO_SLOW_QUERY", default_value = "1s",
        value_parser = humantime::parse_duration, value_name = "DURATION")]
    pub slow_query: Duration,
    /// A site whose pages may call the API from a browser, e.g. `https://dash.example.com`, or * for
    /// every site; may be given several times, in the variable with commas
    #[arg(
        long,
        env = "ORLO_CORS_ORIGIN",
        value_delimiter = ',',
        value_name = "ORIGIN",
        help_heading = "Browsers"
    )]
    pub cors_origin: Vec<Origin>,
}

impl HttpArgs {
    /// What requests may take up.
    #[must_use]
    pub fn requests(&self) -> HttpLimits {
        HttpLimits {
            body_bytes: self.max_body_bytes,
            import_bytes: self.max_import_bytes,
            body_timeout: self.body_timeout,
            request_timeout: self.request_timeout,
            concurrent_requests: self.max_concurrent_requests,
            subscriptions: self.max_subscriptions,
            socket_operations: self.max_socket_operations,
        }
    }

    /// What connections may take up.
    #[must_use]
    pub fn connections(&self) -> ConnectionLimits {
        ConnectionLimits {
            connections: self.max_connections,
            header_timeout: self.header_timeout,
        }
    }

    /// From when on operations are put into the log.
    #[must_use]
    pub fn slow_query(&self) -> Option<Duration> {
        (!self.slow_query.is_zero()).then_some(self.slow_query)
    }

    /// From where pages may send requests.
    #[must_use]
    pub fn origins(&self) -> Origins {
        Origins::new(self.cors_origin.clone())
    }
}
