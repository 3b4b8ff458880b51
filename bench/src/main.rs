//! The benchmark of a whole Orlo; `bench/README.md` says what it measures.

#![expect(
    clippy::cast_possible_truncation,
    reason = "nothing that is counted here comes near the bounds"
)]

use clap::{Parser, Subcommand};

mod data;
mod generate;

/// Measures a whole Orlo.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the releases that the benchmark loads, as JSON lines for `orlo import`.
    Generate(generate::Generate),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Generate(generate) => generate.run(),
    }
}
