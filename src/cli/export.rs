//! `orlo export`: writes every release.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use tokio::task::block_in_place;

use super::database;
use crate::config::DatabaseArgs;
use crate::service::interchange::export::Exporter;

/// Where to export to.
#[derive(Args, Debug)]
pub struct Options {
    /// The file to write, which is replaced; - writes to standard output
    #[arg(default_value = "-")]
    file: String,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Exports.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    refuse_missing(&options.database.database_url)?;
    let database = database::open(&options.database).await?;
    let snapshot = database.snapshot().await?;
    let mut output = Output::create(&options.file)?;
    let mut exporter = Exporter::new(&snapshot);
    let mut text = Vec::new();
    let mut count = 0;
    loop {
        let length = exporter.next(&mut text).await?;
        count += length;
        if length == 0 || !block_in_place(|| output.write(&text))? {
            break;
        }
        text.clear();
    }
    block_in_place(|| output.finish())?;
    snapshot.rollback().await?;
    database.close().await?;
    tracing::info!(releases = count, "exported {count} releases");
    Ok(ExitCode::SUCCESS)
}

/// Opening an SQLite file creates it; an export of what is not there must not look like one of
/// nothing.
fn refuse_missing(url: &str) -> anyhow::Result<()> {
    let path = url.strip_prefix("sqlite:").unwrap_or_default();
    let path = path.trim_start_matches("//").split('?').next();
    let path = path.unwrap_or_default();
    // A path with escaped characters is left to the driver.
    let is_plain = !path.is_empty() && path != ":memory:" && !path.contains('%');
    if is_plain && !Path::new(path).exists() {
        bail!("there is no database {path}");
    }
    Ok(())
}

/// Where the documents go.
struct Output {
    name: String,
    writer: Writer,
}

enum Writer {
    Stdout(io::Stdout),
    File(File),
}

impl Output {
    fn create(name: &str) -> anyhow::Result<Self> {
        let writer = if name == "-" {
            Writer::Stdout(io::stdout())
        } else {
            let file = File::create(name).with_context(|| format!("cannot write {name}"))?;
            Writer::File(file)
        };
        Ok(Self {
            name: name.to_owned(),
            writer,
        })
    }

    /// Writes; false when nobody reads any more, which is no failure.
    fn write(&mut self, text: &[u8]) -> anyhow::Result<bool> {
        let written = match &mut self.writer {
            Writer::Stdout(stdout) => stdout.write_all(text).and_then(|()| stdout.flush()),
            Writer::File(file) => file.write_all(text),
        };
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            written => {
                written.with_context(|| format!("cannot write {}", self.name))?;
                Ok(true)
            }
        }
    }

    /// Makes the file last.
    fn finish(&self) -> anyhow::Result<()> {
        if let Writer::File(file) = &self.writer
            && file.metadata().is_ok_and(|metadata| metadata.is_file())
        {
            file.sync_all()
                .with_context(|| format!("cannot write {}", self.name))?;
        }
        Ok(())
    }
}
