//! Small questions to SQLite, answered in the thread that asks.
//!
//! Beside it, sqlx has a thread for each connection: to hand a question over and the rows back takes
//! longer than to find a record. So a question is first asked here, and given up when it turns out
//! not to be small: the threads of the server are there for everybody, and none may be kept from them
//! for long.

mod answer;

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use entity::row::Rows;
use quick_cache::sync::Cache;
use rusqlite::{Connection, Error, ErrorCode};
use sea_orm::{Statement, Value as Parameter, Values};

use self::answer::{NoAnswer, answer_all};
use crate::service::sqlite;

/// After how long a statement is tried again that was given up.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How many of those are remembered.
const MAX_REMEMBERED: usize = 1_000;

/// How much of the file a connection keeps in memory, in KiB.
const CACHE_SIZE: u32 = 8_192;

/// How many statements a connection keeps prepared.
const MAX_PREPARED: usize = 100;

/// Connections to one file, as many as threads have asked at the same time.
pub(super) struct Direct {
    path: PathBuf,
    connections: Mutex<Connections>,
    /// What was given up, by the hash of its text. Two texts with one hash cost time, and no more.
    given_up: Cache<u64, GivenUp>,
    hasher: RandomState,
}

#[derive(Default)]
struct Connections {
    /// Those that wait for something to do.
    idle: Vec<Connection>,
    /// How many do something.
    used: usize,
    is_closed: bool,
    /// When one could not be opened.
    failed_at: Option<Instant>,
}

/// A connection that does something; goes back when it is dropped.
struct Used<'a> {
    direct: &'a Direct,
    connection: Option<Connection>,
}

/// How a statement was asked that was given up.
#[derive(Clone, Copy)]
struct GivenUp {
    at: Instant,
    /// How long its parameters were. Where they are a list, a shorter one may well be answered.
    length: usize,
}

impl Direct {
    /// Connections to the database in the file at `path`, none of them open yet.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            connections: Mutex::default(),
            given_up: Cache::new(MAX_REMEMBERED),
            hasher: RandomState::new(),
        }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rows of each of `statements`, all from one state of the database; none when they have to be
    /// asked for in another way, whyever.
    pub fn ask(&self, statements: &[&Statement]) -> Option<Vec<Rows>> {
        if !statements.iter().all(|it| self.may_be_small(it)) {
            return None;
        }
        let used = self.take()?;
        let answers = answer_all(used.connection.as_ref()?, statements);
        drop(used);
        match answers {
            Ok(answers) => Some(answers),
            Err(NoAnswer::To(place, error)) => {
                tracing::debug!(%error, "a question to SQLite was not answered directly");
                // Whoever is in the way will be gone soon.
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) {
                    return None;
                }
                let statement = statements.get(place)?;
                let given_up = GivenUp {
                    at: Instant::now(),
                    length: length_of(statement),
                };
                self.given_up.insert(self.hash(statement), given_up);
                None
            }
            Err(NoAnswer::Lost(error)) => {
                tracing::warn!(%error, "a connection to SQLite was lost");
                None
            }
        }
    }

    /// How many connections there are, and how many of them wait for something to do.
    pub fn usage(&self) -> (usize, usize) {
        let connections = self.lock();
        let idle = connections.idle.len();
        (idle + connections.used, idle)
    }

    /// Closes every connection, after what it does.
    pub async fn close(&self) {
        let idle = {
            let mut connections = self.lock();
            connections.is_closed = true;
            std::mem::take(&mut connections.idle)
        };
        drop(idle);
        // It takes as long as a small question does.
        while self.usage().0 > 0 {
            tokio::task::yield_now().await;
        }
    }

    fn may_be_small(&self, statement: &Statement) -> bool {
        // Without a condition, SQLite may look at all of a table in one instruction.
        statement.sql.contains(" WHERE ") && !self.was_given_up(statement)
    }

    fn was_given_up(&self, statement: &Statement) -> bool {
        // Mostly nothing was, and no text needs to be looked at.
        !self.given_up.is_empty()
            && self
                .given_up
                .get(&self.hash(statement))
                .is_some_and(|it| is_recent(it.at) && it.length <= length_of(statement))
    }

    fn hash(&self, statement: &Statement) -> u64 {
        self.hasher.hash_one(&statement.sql)
    }

    fn take(&self) -> Option<Used<'_>> {
        let mut connections = self.lock();
        let has_failed = connections.failed_at.is_some_and(is_recent);
        if connections.is_closed || (has_failed && connections.idle.is_empty()) {
            return None;
        }
        connections.used += 1;
        let idle = connections.idle.pop();
        drop(connections);
        let mut used = Used {
            direct: self,
            connection: idle,
        };
        if used.connection.is_none() {
            used.connection = self.open();
        }
        used.connection.is_some().then_some(used)
    }

    fn open(&self) -> Option<Connection> {
        let opened = open(&self.path);
        let note = |error: &Error| {
            tracing::warn!(%error, "no further connection to SQLite for small questions");
            self.lock().failed_at = Some(Instant::now());
        };
        opened.inspect_err(note).ok()
    }

    fn lock(&self) -> MutexGuard<'_, Connections> {
        let connections = self.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Used<'_> {
    fn drop(&mut self) {
        let mut connections = self.direct.lock();
        connections.used -= 1;
        let connection = self.connection.take();
        // One that would go on to see the database as it is now is of no use.
        let sound = connection.filter(Connection::is_autocommit);
        if !connections.is_closed {
            connections.idle.extend(sound);
        }
    }
}

fn is_recent(time: Instant) -> bool {
    time.elapsed() < TRIED_AGAIN_AFTER
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

fn open(path: &Path) -> Result<Connection, Error> {
    let connection = sqlite::open_to_read(path, CACHE_SIZE)?;
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use entity::row::Value;
    use sea_orm::DbBackend;
    use tempfile::TempDir;
    use uuid::Uuid;

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
        assert_eq!(direct.usage().1, 1);
    }

    #[test]
    fn what_takes_long_is_given_up_and_not_tried_again_at_once() {
        let (_directory, writer, direct) = two_rows();
        let small = statement("SELECT a, b FROM t WHERE a = 3", []);
        let large = |text: &str| statement(LARGE, [text.into()]);
        // Whichever of them was the one that had to stop.
        let (before, after) = (large("long"), small.clone());
        assert!(direct.ask(&[&small, &before, &after]).is_none());
        assert!(!direct.may_be_small(&large("long")));
        assert!(!direct.may_be_small(&large("longer")));
        assert!(direct.may_be_small(&large("abc")));
        assert!(direct.may_be_small(&small));
        // The database is seen as it is now.
        let insert = "INSERT INTO t VALUES (3, 'three')";
        writer.execute_batch(insert).unwrap();
        let row = rows(&[Value::Integer(3), Value::Text("three")]);
        assert_eq!(ask(&direct, &small.sql), Some(row));
        assert_eq!(direct.usage().1, 1);
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

    #[tokio::test]
    async fn none_is_open_after_it_was_closed() {
        let (_directory, _writer, direct) = two_rows();
        let sql = "SELECT a, b FROM t WHERE a = 1";
        assert!(ask(&direct, sql).is_some());
        direct.close().await;
        assert_eq!(direct.usage(), (0, 0));
        assert_eq!(ask(&direct, sql), None);
    }
}
