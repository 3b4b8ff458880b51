//! `orlo export`: writes every release.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;
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
    let database = database::open_existing(&options.database).await?;
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
