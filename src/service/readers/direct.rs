//! Small questions to SQLite, answered in the thread that asks.
//!
//! Beside it, sqlx has a thread for each connection: to hand a question over and the rows back takes
//! longer than to find a record. So a question is first asked here, and given up when it turns out
//! not to be small: the threads of the server are there for everybody, and none may be kept from them
//! for long.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use entity::row::{Rows, Value};
use quick_cache::sync::Cache;
use rusqlite::types::{Null, ValueRef};
use rusqlite::{Connection, Error, OpenFlags};
use sea_orm::{Statement, Value as Parameter, Values};
use uuid::Uuid;

/// After how many of its instructions SQLite asks whether to go on.
const PROGRESS_INTERVAL: i32 = 500;

/// How often it may go on: 200,000 instructions take some milliseconds.
const MAX_PROGRESS: u32 = 400;

/// How long the answers may take, if the file is slow.
const MAX_TIME: Duration = Duration::from_millis(20);

/// After how long a statement is tried again that was no small one.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How many of those are remembered.
const MAX_REMEMBERED: usize = 256;

/// How much of the file a connection keeps in memory, as SQLite writes KiB.
const CACHE_SIZE: i32 = -8_192;

/// How many statements a connection keeps prepared.
const MAX_PREPARED: usize = 100;

/// Connections to one file, as many as threads have asked at the same time.
pub(super) struct Direct {
    path: PathBuf,
    /// Those that wait for something to do; none once they are closed.
    idle: Mutex<Option<Vec<Connection>>>,
    /// Statements that were not small, by their texts.
    large: Cache<String, Large>,
}

/// How a statement was asked that was not small.
#[derive(Clone, Copy)]
struct Large {
    asked_at: Instant,
    /// How long its parameters were. Where they are a list, a shorter one may well be answered.
    length: usize,
}

impl Direct {
    /// Connections to the database in the file at `path`, none of them open yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            idle: Mutex::new(Some(Vec::new())),
            large: Cache::new(MAX_REMEMBERED),
        }
    }

    /// The rows of each of `statements`, all from one state of the database; none when they have to be
    /// asked for in another way, whyever.
    pub fn ask(&self, statements: &[&Statement]) -> Option<Vec<Rows>> {
        if !statements.iter().all(|it| self.may_be_small(it)) {
            return None;
        }
        let connection = self.take()?;
        let answer = answer_all(&connection, statements);
        self.give(connection);
        let mut rows = Vec::with_capacity(statements.len());
        for (statement, answer) in statements.iter().zip(answer.ok()?) {
            let Ok(answer) = answer else {
                let large = Large {
                    asked_at: Instant::now(),
                    length: length_of(statement),
                };
                self.large.insert(statement.sql.clone(), large);
                return None;
            };
            rows.push(answer);
        }
        (rows.len() == statements.len()).then_some(rows)
    }

    /// How many connections wait for something to do.
    pub fn idle(&self) -> usize {
        self.lock().as_ref().map_or(0, Vec::len)
    }

    /// Closes every connection, after what it does.
    pub fn close(&self) {
        let closed = self.lock().take();
        drop(closed);
    }

    fn may_be_small(&self, statement: &Statement) -> bool {
        // Without a condition, SQLite may look at all of a table in one instruction.
        statement.sql.contains(" WHERE ") && !self.is_known(statement)
    }

    /// Whether it was not small a short while ago.
    fn is_known(&self, statement: &Statement) -> bool {
        !self.large.is_empty()
            && self.large.get(&statement.sql).is_some_and(|large| {
                large.asked_at.elapsed() < TRIED_AGAIN_AFTER && large.length <= length_of(statement)
            })
    }

    fn take(&self) -> Option<Connection> {
        let idle = self.lock().as_mut()?.pop();
        idle.or_else(|| open(&self.path).ok())
    }

    fn give(&self, connection: Connection) {
        // One that would go on to see the database as it is now is of no use.
        if connection.is_autocommit()
            && let Some(idle) = &mut *self.lock()
        {
            idle.push(connection);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the texts among its parameters are, in bytes.
fn length_of(statement: &Statement) -> usize {
    let parameters = statement.values.iter().flat_map(Values::iter);
    let lengths = parameters.map(|parameter| match parameter {
        Parameter::String(Some(text)) => text.len(),
        _ => 0,
    });
    lengths.sum()
}

/// Nothing waits: neither for another process, nor for another thread of this one.
fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.pragma_update(None, "cache_size", CACHE_SIZE)?;
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    Ok(connection)
}

/// The answers up to the first that is none. An error of its own is one of the connection.
fn answer_all(
    connection: &Connection,
    statements: &[&Statement],
) -> Result<Vec<Result<Rows, Error>>, Error> {
    let (began, mut progress) = (Instant::now(), 0);
    let is_enough = move || {
        progress += 1;
        progress > MAX_PROGRESS || began.elapsed() > MAX_TIME
    };
    connection.progress_handler(PROGRESS_INTERVAL, Some(is_enough))?;
    // Each statement by itself would lock the file by itself.
    let are_many = statements.len() > 1;
    if are_many {
        connection.prepare_cached("BEGIN")?.execute([])?;
    }
    let mut answers = Vec::with_capacity(statements.len());
    for statement in statements {
        answers.push(answer(connection, statement));
        if answers.last().is_some_and(Result::is_err) {
            break;
        }
    }
    if are_many {
        connection.prepare_cached("COMMIT")?.execute([])?;
    }
    Ok(answers)
}

fn answer(connection: &Connection, statement: &Statement) -> Result<Rows, Error> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let parameters = statement.values.iter().flat_map(Values::iter);
    for (place, parameter) in (1..).zip(parameters) {
        bind(&mut prepared, place, parameter)?;
    }
    let width = prepared.column_count();
    let mut found = prepared.raw_query();
    let mut rows = Rows::new(width);
    while let Some(row) = found.next()? {
        for place in 0..width {
            let value = row.get_ref(place)?;
            rows.push(value_of(value).ok_or(Error::InvalidQuery)?);
        }
    }
    Ok(rows)
}

/// As sqlx does it.
fn bind(
    prepared: &mut rusqlite::Statement<'_>,
    place: usize,
    parameter: &Parameter,
) -> Result<(), Error> {
    match parameter {
        Parameter::Bool(Some(it)) => prepared.raw_bind_parameter(place, it),
        Parameter::Int(Some(it)) => prepared.raw_bind_parameter(place, it),
        Parameter::BigInt(Some(it)) => prepared.raw_bind_parameter(place, it),
        Parameter::BigUnsigned(Some(it)) => match i64::try_from(*it) {
            Ok(it) => prepared.raw_bind_parameter(place, it),
            Err(_) => Err(Error::InvalidQuery),
        },
        Parameter::String(Some(it)) => prepared.raw_bind_parameter(place, it.as_str()),
        Parameter::Uuid(Some(it)) => prepared.raw_bind_parameter(place, &it.as_bytes()[..]),
        Parameter::Bool(None)
        | Parameter::Int(None)
        | Parameter::BigInt(None)
        | Parameter::BigUnsigned(None)
        | Parameter::String(None)
        | Parameter::Uuid(None) => prepared.raw_bind_parameter(place, Null),
        _ => Err(Error::InvalidQuery),
    }
}

/// A value as rows have it; none of a kind that they have not.
fn value_of(value: ValueRef<'_>) -> Option<Value<'_>> {
    Some(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(std::str::from_utf8(text).ok()?),
        ValueRef::Blob(bytes) => Value::Id(Uuid::from_slice(bytes).ok()?),
        ValueRef::Real(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use sea_orm::DbBackend;
    use tempfile::TempDir;

    use super::*;

    /// Never ends by itself.
    const LARGE: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                         SELECT count(*) FROM n WHERE i <> ?";

    /// A file with a table of two rows, and connections to it.
    fn two_rows() -> (TempDir, Connection, Direct) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = Connection::open(&path).unwrap();
        let rows = "PRAGMA journal_mode = WAL; CREATE TABLE t (a, b);
                    INSERT INTO t VALUES (1, 'one'), (2, NULL)";
        writer.execute_batch(rows).unwrap();
        (directory, writer, Direct::new(path))
    }

    fn statement(sql: &str, values: impl IntoIterator<Item = Parameter>) -> Statement {
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
    }

    /// What is asked for with `sql`, whose rows have two values.
    fn ask(direct: &Direct, sql: &str) -> Option<Rows> {
        direct.ask(&[&statement(sql, [])])?.pop()
    }

    fn rows(values: &[Value<'_>]) -> Rows {
        let mut rows = Rows::new(2);
        for value in values {
            rows.push(*value);
        }
        rows
    }

    #[test]
    fn every_statement_has_rows_of_its_own() {
        let (_directory, _writer, direct) = two_rows();
        let first = statement("SELECT a, b FROM t WHERE a < ?", [Parameter::from(9)]);
        let id = Uuid::from_u128(7);
        let second = "SELECT ?, ? FROM t WHERE b = ?";
        let second = statement(second, [id.into(), true.into(), "one".into()]);
        let answers = direct.ask(&[&first, &second]).unwrap();
        let [one, two] = [1, 2].map(Value::Integer);
        let expected = rows(&[one, Value::Text("one"), two, Value::Null]);
        assert_eq!(answers, [expected, rows(&[Value::Id(id), one])]);
        assert_eq!(direct.idle(), 1);
    }

    #[test]
    fn what_takes_long_is_given_up_and_not_tried_again_at_once() {
        let (_directory, writer, direct) = two_rows();
        let small = statement("SELECT a, b FROM t WHERE a = 3", []);
        let large = |text: &str| statement(LARGE, [text.into()]);
        assert!(direct.ask(&[&small, &large("long")]).is_none());
        assert!(!direct.may_be_small(&large("long")));
        assert!(!direct.may_be_small(&large("longer")));
        assert!(direct.may_be_small(&large("abc")));
        assert!(direct.may_be_small(&small));
        // The database is seen as it is now.
        let insert = "INSERT INTO t VALUES (3, 'three')";
        writer.execute_batch(insert).unwrap();
        let row = rows(&[Value::Integer(3), Value::Text("three")]);
        assert_eq!(ask(&direct, &small.sql), Some(row));
        assert_eq!(direct.idle(), 1);
    }

    #[test]
    fn what_it_does_not_know_is_asked_in_another_way() {
        let (_directory, _writer, direct) = two_rows();
        for sql in [
            "SELECT a, b FROM t",
            "SELECT a, b FROM t WHERE b REGEXP 'o'",
            "SELECT 0.5, x'00' FROM t WHERE a = 1",
            "SELECT x'00', 0.5 FROM t WHERE a = 1",
            "INSERT INTO t SELECT a, b FROM t WHERE a = 1",
        ] {
            assert_eq!(ask(&direct, sql), None, "{sql}");
        }
        let parameter = statement("SELECT a FROM t WHERE a = ?", [0.5.into()]);
        assert!(direct.ask(&[&parameter]).is_none());
        assert!(ask(&Direct::new("missing.db".into()), "SELECT 1 WHERE 1").is_none());
    }

    #[test]
    fn none_is_open_after_it_was_closed() {
        let (_directory, _writer, direct) = two_rows();
        let sql = "SELECT a, b FROM t WHERE a = 1";
        assert!(ask(&direct, sql).is_some());
        direct.close();
        assert_eq!(direct.idle(), 0);
        assert_eq!(ask(&direct, sql), None);
    }
}
