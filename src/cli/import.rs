//! `orlo import`: records releases from a file.

use std::process::ExitCode;

use clap::Args;

/// What to import.
#[derive(Args, Debug)]
pub struct Options {}

/// Imports.
pub async fn run(_options: Options) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
