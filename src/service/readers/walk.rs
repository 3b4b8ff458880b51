//! Questions to SQLite about very many records.
//!
//! SQLite is in this process: to count two million rows here, as it comes upon them, takes a fraction of the
//! time that it takes to have them sorted into groups there. They are found in one of the threads that
//! may be blocked, over a connection of their own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use entity::row::Value;
use rusqlite::{Connection, Error as RusqliteError, ErrorCode, Row};
use sea_orm::metric::Info;
use sea_orm::{DbErr, Statement};
use tokio::task::spawn_blocking;

use super::Readers;
use super::deadline::PROGRESS_INTERVAL;
use crate::service::error::{Error, Result};
use crate::service::sqlite;

/// How much of the file a connection keeps in memory, in KiB: what it comes upon, it comes upon once.
const CACHE_SIZE: u32 = 2_048;

/// What becomes of the rows of a question.
pub trait Visit: Send + 'static {
    /// Takes the next row.
    ///
    /// # Errors
    /// When the row is not as expected, or there is too much. Then none follows.
    fn visit(&mut self, row: &FoundRow<'_>) -> Result<()>;
}

/// A row that SQLite has come upon.
#[derive(Debug)]
pub struct FoundRow<'a>(&'a Row<'a>);

/// A question, and until when it may be answered.
struct Walk {
    path: PathBuf,
    statement: Statement,
    limit: Option<Duration>,
    is_given_up: Arc<AtomicBool>,
}

/// How many questions are answered now, and whether no further one may be.
#[derive(Clone, Default)]
pub(super) struct Walks {
    walking: Arc<AtomicUsize>,
    is_closed: Arc<AtomicBool>,
}

/// One that is, until this is dropped.
struct Walking(Arc<AtomicUsize>);

impl Walks {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.walking.load(Ordering::Relaxed)
    }

    /// None follows.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    fn begin(&self) -> Walking {
        self.walking.fetch_add(1, Ordering::Relaxed);
        Walking(Arc::clone(&self.walking))
    }
}

impl Drop for Walking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Gives a question up when it is dropped.
#[derive(Default)]
struct GiveUp(Arc<AtomicBool>);

impl Readers {
    /// `visit` after it was given all rows of `statement`; none where the question has to be asked in
    /// another way: of PostgreSQL, of a database that is in no file, or with functions that only the
    /// connections of sqlx have.
    ///
    /// # Errors
    /// When the database fails, or takes longer than allowed, and those of `visit`.
    pub async fn walk<V: Visit>(&self, statement: &Statement, visit: V) -> Result<Option<V>> {
        let reader = self.free();
        let (Some(path), Some(turn)) = (self.file(), &reader.own.turn) else {
            return Ok(None);
        };
        let turn = Arc::clone(turn).lock_owned().await;
        if self.walks.is_closed() {
            return Ok(None);
        }
        let walking = self.walks.begin();
        let give_up = GiveUp::default();
        let walk = Walk {
            path: path.to_owned(),
            statement: statement.clone(),
            limit: self.limit,
            is_given_up: Arc::clone(&give_up.0),
        };
        let began = Instant::now();
        let walked = spawn_blocking(move || {
            // The turn lasts until SQLite has stopped, also when nobody waits any more.
            let _held = (turn, walking);
            walk.run(visit)
        });
        let lost = |error| DbErr::Custom(format!("the thread that counts has ended: {error}"));
        let visited = walked.await.map_err(lost)?;
        if let (Some(callback), false) = (&self.callback, matches!(visited, Ok(None))) {
            callback(&Info {
                elapsed: began.elapsed(),
                statement,
                failed: matches!(visited, Err(Error::Database(_) | Error::TookTooLong)),
            });
        }
        visited
    }
}

impl Walk {
    fn run<V: Visit>(self, mut visit: V) -> Result<Option<V>> {
        let connection = match self.open() {
            Ok(connection) => connection,
            Err(error) => return Ok(not_asked(&error)),
        };
        let mut prepared = match sqlite::prepare(&connection, &self.statement) {
            Ok(prepared) => prepared,
            Err(error) => return Ok(not_asked(&error)),
        };
        let mut rows = prepared.raw_query();
        let mut next = rows.next();
        if let Err(error) = &next
            && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
        {
            return Ok(not_asked(error));
        }
        while let Some(row) = next.map_err(|error| failed(&error))? {
            visit.visit(&FoundRow(row))?;
            next = rows.next();
        }
        Ok(Some(visit))
    }

    fn open(&self) -> std::result::Result<Connection, RusqliteError> {
        let connection = sqlite::open_to_read(&self.path, CACHE_SIZE)?;
        let until = self
            .limit
            .and_then(|limit| Instant::now().checked_add(limit));
        let is_given_up = Arc::clone(&self.is_given_up);
        let is_over = move || {
            is_given_up.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() > until)
        };
        connection.progress_handler(PROGRESS_INTERVAL, Some(is_over))?;
        Ok(connection)
    }
}

impl FoundRow<'_> {
    /// The value at `place`.
    ///
    /// # Errors
    /// When there is none of a kind that rows have.
    pub fn value(&self, place: usize) -> Result<Value<'_>> {
        let value = self.0.get_ref(place).ok().and_then(sqlite::found);
        let wrong = || DbErr::Type(format!("the value at {place} is missing or wrong"));
        Ok(value.ok_or_else(wrong)?)
    }
}

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn not_asked<V>(error: &RusqliteError) -> Option<V> {
    tracing::debug!(%error, "a question to SQLite about many records was not asked");
    None
}

fn failed(error: &RusqliteError) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Error::TookTooLong,
        _ => sqlite::failed(error).into(),
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, DbBackend};
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;
    use crate::service::{Database, DatabaseOptions};

    /// Has a row only after an hour or so.
    const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000000) \
                           SELECT count(*) FROM n";

    /// The numbers in the rows, of which there may be three.
    #[derive(Debug, Default, PartialEq)]
    struct Numbers(Vec<i64>);

    impl Visit for Numbers {
        fn visit(&mut self, row: &FoundRow<'_>) -> Result<()> {
            let Value::Integer(number) = row.value(0)? else {
                return Err(Error::Corrupt("no number".to_owned()));
            };
            self.0.push(number);
            if self.0.len() > 3 {
                return Err(Error::LimitExceeded("too many".to_owned()));
            }
            Ok(())
        }
    }

    /// A database with a table of five numbers, and one connection beside the one that writes.
    async fn five_rows(limit: Option<Duration>) -> (TempDir, Database) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("a.db").display());
        let mut options = DatabaseOptions::new(url);
        options.max_connections = 1;
        options.statement_timeout = limit;
        let database = Database::connect(&options).await.unwrap();
        let rows = "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3), (4), (5)";
        database.writer().execute_unprepared(rows).await.unwrap();
        (directory, database)
    }

    async fn numbers(database: &Database, sql: &str, value: i64) -> Result<Option<Vec<i64>>> {
        let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.into()]);
        let visited = database.walk(&statement, Numbers::default()).await;
        visited.map(|numbers| numbers.map(|numbers| numbers.0))
    }

    #[tokio::test]
    async fn every_row_is_visited_until_there_are_too_many() {
        let (_directory, database) = five_rows(None).await;
        let ask = "SELECT a FROM t WHERE a >= ? ORDER BY a";
        let few = numbers(&database, ask, 3).await;
        assert_eq!(few.unwrap(), Some(vec![3, 4, 5]));
        let many = numbers(&database, ask, 2).await;
        assert!(matches!(many, Err(Error::LimitExceeded(_))), "{many:?}");
        let missing = numbers(&database, "SELECT 0.5 FROM t WHERE a > ?", 1).await;
        assert!(matches!(missing, Err(Error::Database(_))), "{missing:?}");
        database.close().await.unwrap();
    }

    #[tokio::test]
    async fn what_it_cannot_ask_is_left_to_others() {
        let (_directory, database) = five_rows(None).await;
        for sql in [
            "SELECT a FROM t WHERE a REGEXP ?",
            "SELECT a FROM u WHERE a = ?",
        ] {
            assert_eq!(numbers(&database, sql, 1).await.unwrap(), None, "{sql}");
        }
        database.close().await.unwrap();
        let in_memory = DatabaseOptions::new("sqlite::memory:");
        let in_memory = Database::connect(&in_memory).await.unwrap();
        let none = numbers(&in_memory, "SELECT ?", 1).await;
        assert_eq!(none.unwrap(), None);
    }

    #[tokio::test]
    async fn it_ends_when_it_took_too_long_or_nobody_waits() {
        let (_directory, database) = five_rows(Some(Duration::from_millis(50))).await;
        let statement = Statement::from_string(DbBackend::Sqlite, ENDLESS);
        let error = database.walk(&statement, Numbers::default()).await;
        assert!(error.unwrap_err().is_timeout());
        database.close().await.unwrap();
        let (_directory, database) = five_rows(None).await;
        let endless = database.walk(&statement, Numbers::default());
        let patience = Duration::from_millis(50);
        assert!(timeout(patience, endless).await.is_err());
        // It was the only connection's turn.
        let next = database.reader().execute_unprepared("SELECT 1").await;
        assert!(next.is_ok(), "{next:?}");
        database.close().await.unwrap();
    }
}
