//! `orlo export`: writes every release.

use std::process::ExitCode;

use clap::Args;

/// What to export.
#[derive(Args, Debug)]
pub struct Options {}

/// Exports.
pub async fn run(_options: Options) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
