//! The command line: one file per command.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::LogArgs;
use crate::telemetry;

mod database;
mod export;
mod healthcheck;
mod import;
mod migrate;
mod schema;
mod serve;
mod token;

/// Records software deployments and answers every question about them, over GraphQL.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(flatten)]
    log: LogArgs,
    /// Without a command, `serve` is run.
    #[command(flatten)]
    serve: serve::Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Serve GraphQL over HTTP (the default)
    Serve(Box<serve::Options>),
    /// Bring the tables up to date, or take them down; `serve` brings them up by itself
    Migrate(migrate::Options),
    /// Print the GraphQL schema
    Schema,
    /// Record releases from a file: Orlo's own, or those of orlo 0.4
    Import(import::Options),
    /// Write every release as one JSON document per line
    Export(export::Options),
    /// Create, list and revoke the tokens that callers identify themselves with
    Token(token::Options),
    /// Ask a running server whether it is ready; the exit code is the answer
    Healthcheck(healthcheck::Options),
}

/// Runs the command that was asked for. The exit code is 1 when it did its work and found
/// something wrong with what it was given.
///
/// # Errors
/// When the command could not do its work; the text is for the person who ran it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    telemetry::start(&cli.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli
            .command
            .unwrap_or_else(|| Command::Serve(Box::new(cli.serve)))
        {
            Command::Serve(options) => serve::run(*options).await,
            Command::Migrate(options) => migrate::run(options).await,
            Command::Schema => schema::run(),
            Command::Import(options) => import::run(options).await,
            Command::Export(options) => export::run(options).await,
            Command::Token(options) => token::run(options).await,
            Command::Healthcheck(options) => healthcheck::run(options).await,
        }
    })
}

/// Says something to the person who ran a command, if anybody reads it.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
