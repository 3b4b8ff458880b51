//! `orlo schema`: prints the GraphQL schema.

use std::io::Write;
use std::process::ExitCode;

/// Prints the schema to stdout.
pub fn run() -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(crate::graphql::sdl().as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
