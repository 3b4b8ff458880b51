//! `orlo import`: records releases from a file.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::database;
use crate::config::{DatabaseArgs, LimitArgs};
use crate::service::clock::SystemClock;
use crate::service::record::ConflictPolicy;
use crate::service::record::import::ImportMode;
use crate::service::{Caller, Service, tally};

mod reading;
mod ready;
mod recording;
mod report;
mod resolving;

/// What to import, and how.
#[derive(Args, Debug)]
pub struct Options {
    /// The file; - reads from standard input
    #[arg(
        long_help = "The file; - reads from standard input. It holds a JSON array of releases, an \
        object with such an array under \"releases\", or one release per line, in the form of \
        `orlo export`, of Orlo's API or of orlo 0.4"
    )]
    file: String,
    /// Keep nothing when one release is refused
    #[arg(long)]
    atomic: bool,
    /// Keep nothing at all; only say what would have happened
    #[arg(long)]
    dry_run: bool,
    /// What to do with releases that are known by their external id
    #[arg(long, value_name = "POLICY", default_value = "return-existing")]
    on_conflict: OnConflict,
    /// List every warning, not only how many there are
    #[arg(long, short)]
    verbose: bool,
    /// The form of the counts, which go to standard output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// What to do with releases that are known.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnConflict {
    /// Leave them as they are
    ReturnExisting,
    /// Replace what the file says of them
    Update,
    /// Refuse them
    Error,
}

/// The forms of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for people
    Text,
    /// A JSON object for machines
    Json,
}

impl From<OnConflict> for ConflictPolicy {
    fn from(policy: OnConflict) -> Self {
        match policy {
            OnConflict::ReturnExisting => Self::ReturnExisting,
            OnConflict::Update => Self::Update,
            OnConflict::Error => Self::Error,
        }
    }
}

/// How often the others are told that this goes on.
const KEEP_INTERVAL: Duration = Duration::from_mins(1);

/// Tells the others from time to time that the indexes are built later.
async fn keep_indexes_deferred(service: Service) {
    loop {
        tokio::time::sleep(KEEP_INTERVAL).await;
        let kept = service.database.keep_indexes_deferred(service.now()).await;
        if let Err(error) = kept {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "a server may build the indexes too early, which takes longer"
            );
        }
    }
}

/// Imports. The exit code is 1 when something in the file was refused.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let source = reading::open(&options.file)?;
    let database = database::open(&options.database).await?;
    let service = Service::new(
        database.clone(),
        options.limits.settings(),
        Arc::new(SystemClock),
    );
    let mode = ImportMode {
        atomic: options.atomic,
        dry_run: options.dry_run,
    };
    let report = report::Report::new(mode, options.verbose, source.progress.clone());
    let in_parts = !mode.dry_run && !mode.atomic;
    let defers = in_parts && source.is_large() && database.defer_indexes(service.now()).await?;
    let keeping = defers.then(|| tokio::spawn(keep_indexes_deferred(service.clone())));
    let chunks = reading::start(source, options.on_conflict.into());
    let recorded = recording::run(&service, &Caller::default(), chunks, mode, report).await;
    if let Some(keeping) = keeping {
        keeping.abort();
    }
    let built = database.build_indexes().await;
    // The next server does so otherwise.
    let _ = tally::fold_all(&database).await;
    database.close().await?;
    let built = built.context("the indexes could not be built; `orlo migrate` tries again");
    let report = recorded.inspect_err(|_| {
        if let Err(also) = &built {
            tracing::warn!("{also:#}");
        }
    })?;
    report.print(options.format);
    built?;
    Ok(report.exit_code())
}
