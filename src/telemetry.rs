//! Logging to stderr.

use std::io::IsTerminal;

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogArgs, LogFormat};

/// Starts logging, for the whole process and once. What cannot be written, because nobody reads
/// stderr any more, is lost.
///
/// # Errors
/// When the filter cannot be read.
pub fn start(args: &LogArgs) -> anyhow::Result<()> {
    let filter = match EnvFilter::try_from_default_env() {
        Ok(filter) => filter,
        Err(_) => EnvFilter::try_new(&args.log)
            .with_context(|| format!("cannot read the log filter {:?}", args.log))?,
    };
    let log = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would say so on stderr, and panic when that is what cannot be written to.
        .log_internal_errors(false);
    match args.log_format {
        LogFormat::Text => log
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}
