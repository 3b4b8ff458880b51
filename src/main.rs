//! The `orlo` binary.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use orlo::cli::Cli;

/// Answers are many small allocations, which this allocator serves faster than the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match orlo::cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            orlo::cli::say(&format!("orlo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
