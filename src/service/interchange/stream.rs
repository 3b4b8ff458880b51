//! Reading files of documents, of any size in bounded memory.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use serde::de::DeserializeSeed;
use serde_json::Deserializer;

use super::detect::{Layout, layout};
use super::json::{Fields, message};
use super::rows::{Level, Position, Rows};

/// Bytes in one document at most: so much of a file is held at once.
pub const MAX_DOCUMENT: usize = 64 << 20;
/// Bytes looked at to find out how a file is written.
const LOOK_AHEAD: u64 = 256 << 10;
/// Bytes read from the system at once.
const BUFFER: usize = 256 << 10;
/// What some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A document of a file.
#[derive(Debug)]
pub struct Row {
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What it says, or why that cannot be read, as a sentence.
    pub fields: Result<Fields, String>,
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system could not read it.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is no JSON from here on, and where the next document begins cannot be told.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A document is too long to be held.
    #[error("line {line}: a document is longer than {limit} bytes")]
    TooLong {
        /// The line, from 1.
        line: u64,
        /// Bytes that a document may have.
        limit: usize,
    },
}

/// Hands every document of `source` to `take`, which says whether it wants more. The source may be
/// a list, an object with a list under `releases`, one document per line, or documents one after
/// the other.
///
/// # Errors
/// When the source cannot be read to its end. A line that is no JSON is told as a row.
pub fn read(source: impl Read, take: &mut dyn FnMut(Row) -> bool) -> Result<(), ReadError> {
    read_within(MAX_DOCUMENT, source, take)
}

/// Reads with no more than `limit` bytes in a document.
pub(super) fn read_within(
    limit: usize,
    source: impl Read,
    take: &mut dyn FnMut(Row) -> bool,
) -> Result<(), ReadError> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    let mut start = Vec::new();
    source.by_ref().take(LOOK_AHEAD).read_to_end(&mut start)?;
    if start.starts_with(BYTE_ORDER_MARK) {
        start.drain(..BYTE_ORDER_MARK.len());
    }
    let layout = layout(&start);
    let source = Cursor::new(start).chain(source);
    match layout {
        Layout::Lines => Ok(read_lines(limit, source, take)?),
        Layout::Values => read_values(limit, source, take),
    }
}

fn read_values(
    limit: usize,
    source: impl BufRead,
    take: &mut dyn FnMut(Row) -> bool,
) -> Result<(), ReadError> {
    let position = Rc::new(Position::new(1, limit));
    let failure = Rc::new(RefCell::new(None));
    let source = Tracked {
        source,
        position: Rc::clone(&position),
        failure: Rc::clone(&failure),
    };
    let mut json = Deserializer::from_reader(source);
    match values(&mut json, &position, take) {
        Ok(()) => Ok(()),
        Err(error) => match failure.take() {
            Some(failure) => Err(ReadError::Io(failure)),
            None if error.is_io() => Err(ReadError::TooLong {
                line: position.line.get(),
                limit,
            }),
            None => Err(ReadError::Syntax {
                line: error.line(),
                column: error.column(),
                message: message(&error),
            }),
        },
    }
}

/// Picks the documents out of one JSON value after the other.
fn values<'de, R: serde_json::de::Read<'de>>(
    json: &mut Deserializer<R>,
    position: &Position,
    take: &mut dyn FnMut(Row) -> bool,
) -> serde_json::Result<()> {
    let mut is_stopped = false;
    loop {
        match json.end() {
            Ok(()) => return Ok(()),
            Err(error) if error.is_io() => return Err(error),
            Err(_) => {}
        }
        let rows = Rows {
            take,
            position,
            is_stopped: &mut is_stopped,
            level: Level::Top,
        };
        match rows.deserialize(&mut *json) {
            Err(_) if is_stopped => return Ok(()),
            result => result?,
        }
    }
}

fn read_lines(
    limit: usize,
    mut source: impl BufRead,
    take: &mut dyn FnMut(Row) -> bool,
) -> io::Result<()> {
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        number += 1;
        line.clear();
        let mut start = source.by_ref().take(limit as u64);
        let length = start.read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(());
        }
        let rows = if length == limit && !line.ends_with(b"\n") {
            source.skip_until(b'\n')?;
            vec![too_long(number, limit)]
        } else {
            rows_of_line(&line, number)
        };
        for row in rows {
            if !take(row) {
                return Ok(());
            }
        }
    }
}

/// The documents on a line: all of them, or what is wrong with it.
fn rows_of_line(line: &[u8], number: u64) -> Vec<Row> {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    if line.trim_ascii().is_empty() {
        return Vec::new();
    }
    let position = Position::new(number, line.len());
    let mut rows = Vec::with_capacity(1);
    let mut take = |row| {
        rows.push(row);
        true
    };
    match values(&mut Deserializer::from_slice(line), &position, &mut take) {
        Ok(()) => rows,
        Err(error) => vec![Row {
            line: number,
            fields: Err(format!(
                "is not JSON: {} at column {}",
                message(&error),
                error.column()
            )),
        }],
    }
}

fn too_long(line: u64, limit: usize) -> Row {
    Row {
        line,
        fields: Err(format!("is longer than {limit} bytes")),
    }
}

/// Counts the lines that are read, and ends the reading of a document that is too long.
struct Tracked<R> {
    source: R,
    position: Rc<Position>,
    /// Why nothing more can be read.
    failure: Rc<RefCell<Option<io::Error>>>,
}

impl<R: BufRead> Read for Tracked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.position.room.get();
        if room == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let end = buffer.len().min(room);
        let length = match self.source.read(&mut buffer[..end]) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => {
                let kind = error.kind();
                *self.failure.borrow_mut() = Some(error);
                return Err(kind.into());
            }
        };
        let read = &buffer[..length];
        let lines = read
            .iter()
            .map(|byte| u64::from(*byte == b'\n'))
            .sum::<u64>();
        self.position.line.set(self.position.line.get() + lines);
        self.position.room.set(room - length);
        Ok(length)
    }
}
