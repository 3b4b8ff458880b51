//! Reading the file on a thread of its own, while the database writes.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsFd as _;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::service::error::{Path, UserError, UserErrorCode};
use crate::service::interchange::stream::{self, ReadError, Row};
use crate::service::interchange::{ReadRelease, read_release};
use crate::service::record::ConflictPolicy;

/// Releases handed over together.
const CHUNK_ROWS: usize = 250;
/// Bytes handed over together, where releases are large.
const CHUNK_BYTES: usize = 512 << 10;
/// Chunks that wait for the database at most.
const WAITING: usize = 1;
/// How many bytes a large file has at least.
const LARGE: u64 = 1 << 20;

/// A file to import.
pub struct Source {
    reader: Box<dyn Read + Send>,
    /// How far it has been read.
    pub progress: ProgressBar,
}

impl Source {
    /// Whether it is known to hold so much that indexes are better built at the end. What comes
    /// through a pipe may take its time, and others ask meanwhile.
    pub fn is_large(&self) -> bool {
        self.progress.length().is_some_and(|length| length >= LARGE)
    }
}

/// A release of the file.
#[derive(Debug)]
pub struct ReadRow {
    /// The line on which it begins.
    pub line: u64,
    /// What it says, or why it is refused.
    pub release: Result<ReadRelease, Vec<UserError>>,
}

/// A part of what is read.
#[derive(Debug)]
pub enum Part {
    /// The next releases.
    Rows(Vec<ReadRow>),
    /// There is nothing more, or nothing more can be read.
    End(Result<(), ReadError>),
}

/// Opens the file.
pub fn open(name: &str) -> anyhow::Result<Source> {
    if name == "-" {
        // The shell may have opened a file.
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        return Ok(source(
            io::stdin(),
            progress(file.metadata().ok().as_ref())?,
        ));
    }
    let file = File::open(name).with_context(|| format!("cannot open {name}"))?;
    let metadata = file
        .metadata()
        .with_context(|| format!("cannot read {name}"))?;
    if metadata.is_dir() {
        bail!("cannot read {name}: it is a directory");
    }
    Ok(source(file, progress(Some(&metadata))?))
}

fn progress(metadata: Option<&Metadata>) -> anyhow::Result<ProgressBar> {
    let Some(file) = metadata.filter(|it| it.is_file()) else {
        return unbounded();
    };
    let progress = ProgressBar::new(file.len());
    progress.set_style(style(
        "{wide_bar} {bytes} of {total_bytes} ({bytes_per_sec}, {eta} left)",
    )?);
    Ok(progress)
}

/// For what has no known length.
fn unbounded() -> anyhow::Result<ProgressBar> {
    let progress = ProgressBar::new_spinner();
    progress.set_style(style("{spinner} {bytes} ({bytes_per_sec})")?);
    Ok(progress)
}

fn style(template: &str) -> anyhow::Result<ProgressStyle> {
    Ok(ProgressStyle::with_template(template)?)
}

fn source(reader: impl Read + Send + 'static, progress: ProgressBar) -> Source {
    Source {
        reader: Box::new(progress.wrap_read(reader)),
        progress,
    }
}

/// Starts reading. The thread ends with the file, or when nobody receives any more.
pub fn start(source: Source, on_conflict: ConflictPolicy) -> Receiver<Part> {
    let (sender, receiver) = channel(WAITING);
    // Not one of the runtime's threads: those are waited for, and reading a terminal may not end.
    std::thread::spawn(move || read(source, on_conflict, &sender));
    receiver
}

fn read(source: Source, on_conflict: ConflictPolicy, sender: &Sender<Part>) {
    let mut chunk = Vec::with_capacity(CHUNK_ROWS);
    let mut bytes = 0;
    let mut take = |row: Row| {
        bytes += size(&row);
        chunk.push(understand(row, on_conflict));
        if chunk.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
            return true;
        }
        bytes = 0;
        let rows = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS));
        sender.blocking_send(Part::Rows(rows)).is_ok()
    };
    let end = stream::read(source.reader, &mut take);
    // Where nobody receives any more, the import has failed and said so.
    if !chunk.is_empty() {
        let _ = sender.blocking_send(Part::Rows(chunk));
    }
    let _ = sender.blocking_send(Part::End(end));
}

fn size(row: &Row) -> usize {
    let fields = row.fields.iter().flatten();
    fields.map(|(_, value)| value.get().len()).sum()
}

fn understand(row: Row, on_conflict: ConflictPolicy) -> ReadRow {
    let release = match row.fields {
        Ok(fields) => read_release(&fields, on_conflict),
        Err(message) => {
            let error = Path::default().error(UserErrorCode::InvalidValue, message);
            Err(vec![error])
        }
    };
    ReadRow {
        line: row.line,
        release,
    }
}
