//! Answering in the thread that asks, and giving up.

use std::time::{Duration, Instant};

use entity::row::Rows;
use rusqlite::{Connection, Error, ErrorCode};
use sea_orm::Statement;

use crate::service::sqlite;

/// After how many of its instructions SQLite asks whether to go on.
const PROGRESS_INTERVAL: i32 = 200;

/// How often it may go on: 200,000 instructions take some milliseconds.
const MAX_PROGRESS: u32 = 1_000;

/// How long the answers may take, if the file is slow.
const MAX_TIME: Duration = Duration::from_millis(20);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// To the statement at this place.
    To(usize, Error),
    /// The connection is of no use.
    Lost(Error),
}

/// The rows of each of `statements`, all from one state of the database.
///
/// # Errors
/// When one of them is not answered at once, for whatever reason.
pub(super) fn answer_all(
    connection: &Connection,
    statements: &[&Statement],
) -> Result<Vec<Rows>, NoAnswer> {
    let (began, mut progress) = (Instant::now(), 0);
    let is_enough = move || {
        progress += 1;
        progress > MAX_PROGRESS || began.elapsed() > MAX_TIME
    };
    let set = connection.progress_handler(PROGRESS_INTERVAL, Some(is_enough));
    set.map_err(NoAnswer::Lost)?;
    // Each statement by itself would lock the file by itself.
    let are_many = statements.len() > 1;
    if are_many {
        sqlite::execute(connection, "BEGIN").map_err(NoAnswer::Lost)?;
    }
    let answers = answer_each(connection, statements, began);
    // What ends the transaction is not to be given up.
    let unset = connection.progress_handler(PROGRESS_INTERVAL, None::<fn() -> bool>);
    unset.map_err(NoAnswer::Lost)?;
    if are_many {
        sqlite::execute(connection, "COMMIT").map_err(NoAnswer::Lost)?;
    }
    answers
}

/// The answers to `statements`, which may take as long as it is allowed since they `began`. When they take
/// too long, it is laid to the one that took longest.
fn answer_each(
    connection: &Connection,
    statements: &[&Statement],
    began: Instant,
) -> Result<Vec<Rows>, NoAnswer> {
    let mut answers = Vec::with_capacity(statements.len());
    let (mut before, mut longest) = (Duration::ZERO, (Duration::ZERO, 0));
    for (place, statement) in statements.iter().enumerate() {
        let answer = answer(connection, statement);
        let now = began.elapsed();
        longest = longest.max((now.saturating_sub(before), place));
        before = now;
        match answer {
            Err(error) if error.sqlite_error_code() != Some(ErrorCode::OperationInterrupted) => {
                return Err(NoAnswer::To(place, error));
            }
            Err(error) => return Err(NoAnswer::To(longest.1, error)),
            Ok(rows) => answers.push(rows),
        }
        if now > MAX_TIME && answers.len() < statements.len() {
            return Err(NoAnswer::To(longest.1, Error::InvalidQuery));
        }
    }
    Ok(answers)
}

fn answer(connection: &Connection, statement: &Statement) -> Result<Rows, Error> {
    let mut prepared = sqlite::prepare(connection, statement)?;
    let width = prepared.column_count();
    let mut found = prepared.raw_query();
    let mut rows = Rows::new(width);
    while let Some(row) = found.next()? {
        for place in 0..width {
            let value = row.get_ref(place)?;
            rows.push(sqlite::found(value).ok_or(Error::InvalidQuery)?);
        }
    }
    Ok(rows)
}
