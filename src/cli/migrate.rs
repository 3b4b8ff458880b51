//! `orlo migrate`: brings the tables up to date, or takes them down.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use migration::{Migrator, MigratorTrait};

use super::database;
use crate::config::DatabaseArgs;

/// What to do with the tables.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(subcommand)]
    direction: Option<Direction>,
}

/// Which way to go.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Direction {
    /// Bring the tables up to date (the default)
    Up,
    /// Take steps back, newest first: what they hold is lost
    Down {
        /// How many steps
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
}

/// Migrates the database.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    match options.direction.unwrap_or(Direction::Up) {
        Direction::Up => {
            let opened = database::open(&options.database).await?;
            database::build_indexes(&opened).await?;
            opened.close().await?;
        }
        Direction::Down { steps } => {
            let opened = database::connect(&options.database).await?;
            database::build_indexes(&opened).await?;
            Migrator::down(opened.writer(), Some(steps)).await?;
            opened.close().await?;
        }
    }
    tracing::info!("the tables are as asked");
    Ok(ExitCode::SUCCESS)
}
