//! The benchmark of a whole Orlo; `bench/README.md` says what it measures.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "nothing that is counted here comes near the bounds"
)]

use clap::{Parser, Subcommand};

mod check;
mod contest;
mod data;
mod generate;
mod knowledge;
mod load;
mod machine;
mod plans;
mod process;
mod questions;
mod report;
mod run;
mod store;
mod table;

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
    /// Load databases, ask the questions, and say what they cost.
    Run(run::Run),
    /// Show how PostgreSQL executes the statements behind the questions.
    Plans(plans::Plans),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Generate(generate) => generate.run(),
        Command::Run(run) => run.run(),
        Command::Plans(plans) => plans.run(),
    }
}
