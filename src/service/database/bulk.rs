//! Storing many new rows in an SQLite file.
//!
//! Over sqlx, statements go to SQLite's thread one by one, and it has nothing to do until the next one is
//! there: a third of the time of a large import. Here many go there at once.

use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Error as RusqliteError, ErrorCode, OpenFlags};
use sea_orm::Statement;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{Sqlite, SqlitePool};
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::sqlite::WRITING;
use super::{Database, connection_error};
use crate::service::error::{Error, Result};
use crate::service::sqlite::{execute, failed, prepare};

/// How many statements the connection keeps prepared: for each table one for each power of two of rows.
const MAX_PREPARED: usize = 100;

/// A connection that stores rows which nobody has stored yet, on a thread of its own. What it has stored
/// lasts once it was told to [`commit`](Bulk::commit).
pub struct Bulk {
    writer: SqlitePool,
    /// Held while its transaction lasts: nobody else in this process writes.
    turn: Option<PoolConnection<Sqlite>>,
    /// To the thread, which ends when this does.
    work: mpsc::Sender<Work>,
    thread: JoinHandle<()>,
}

/// Something for the thread to do.
type Work = Box<dyn FnOnce(&Connection) + Send>;

/// Rows to store.
#[derive(Debug)]
pub struct NewRows {
    /// What inserts the first of them, of which none is inserted whose key is taken.
    pub first: Vec<Statement>,
    /// How many these are.
    pub count: usize,
    /// What inserts what refers to them.
    pub rest: Vec<Statement>,
}

impl Database {
    /// A connection to store many rows over; none on PostgreSQL, or where SQLite has no file.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn bulk(&self) -> Result<Option<Bulk>> {
        let Some(file) = self.readers.file() else {
            return Ok(None);
        };
        let connection = open(file, self.patience).map_err(|error| failed(&error))?;
        let (work, todo) = mpsc::channel::<Work>();
        let store = move || {
            for work in todo {
                work(&connection);
            }
        };
        let started = thread::Builder::new().name("bulk".to_owned()).spawn(store);
        let no_thread = |error| Error::Corrupt(format!("no thread to store rows: {error}"));
        Ok(Some(Bulk {
            thread: started.map_err(no_thread)?,
            writer: self.writer.get_sqlite_connection_pool().clone(),
            turn: None,
            work,
        }))
    }
}

impl Bulk {
    /// Stores all of `rows`, or none if a key of one of them is taken, or one refers to what is not there.
    /// Returns whether they were stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store(&mut self, rows: NewRows) -> Result<bool> {
        if self.turn.is_none() {
            self.turn = Some(self.writer.acquire().await.map_err(connection_error)?);
            self.run(|connection| execute(connection, "BEGIN IMMEDIATE"))
                .await?;
        }
        self.run(move |connection| store(connection, &rows)).await
    }

    /// Makes what was stored last.
    ///
    /// # Errors
    /// When the database fails; then nothing lasts that was stored since the last time.
    pub async fn commit(&mut self) -> Result<()> {
        if self.turn.is_none() {
            return Ok(());
        }
        self.run(|connection| execute(connection, "COMMIT")).await?;
        self.turn = None;
        Ok(())
    }

    /// Closes the connection; what was not committed is gone. The last connection that is closed to a file
    /// folds its write-ahead log back.
    pub async fn close(self) {
        drop(self.work);
        // It has nothing to tell.
        let _ = spawn_blocking(|| self.thread.join()).await;
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> std::result::Result<T, RusqliteError> + Send + 'static,
    ) -> Result<T> {
        let (done, result) = oneshot::channel();
        let work = move |connection: &Connection| {
            // Who has gone away needs no result.
            let _ = done.send(work(connection));
        };
        let lost = || Error::Corrupt("the thread that stores rows has ended".to_owned());
        self.work.send(Box::new(work)).map_err(|_| lost())?;
        result
            .await
            .map_err(|_| lost())?
            .map_err(|error| failed(&error).into())
    }
}

/// Set as the connection of sqlx that writes.
fn open(file: &Path, patience: Duration) -> std::result::Result<Connection, RusqliteError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    for (name, value) in WRITING {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

fn store(connection: &Connection, rows: &NewRows) -> std::result::Result<bool, RusqliteError> {
    execute(connection, "SAVEPOINT part")?;
    let stored = insert(connection, rows);
    if !matches!(stored, Ok(true))
        && let Err(error) = execute(connection, "ROLLBACK TO part")
    {
        // Where everything was taken back already, what it was for is worth telling.
        return Err(stored.err().unwrap_or(error));
    }
    match stored {
        Err(error) if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) => {
            Err(error)
        }
        stored => {
            execute(connection, "RELEASE part")?;
            Ok(stored.unwrap_or(false))
        }
    }
}

fn insert(connection: &Connection, rows: &NewRows) -> std::result::Result<bool, RusqliteError> {
    let mut inserted = 0;
    for statement in &rows.first {
        inserted += prepare(connection, statement)?.raw_execute()?;
    }
    if inserted < rows.count {
        return Ok(false);
    }
    for statement in &rows.rest {
        prepare(connection, statement)?.raw_execute()?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, DbBackend};
    use tempfile::TempDir;

    use super::*;
    use crate::service::DatabaseOptions;

    /// A database with the tables `a` and `b`, which refers to it.
    async fn two_tables() -> (TempDir, Database) {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("a.db").display());
        let database = Database::connect(&DatabaseOptions::new(url)).await.unwrap();
        let tables = "CREATE TABLE a (id INTEGER PRIMARY KEY);
                      CREATE TABLE b (a INTEGER UNIQUE REFERENCES a(id))";
        database.writer().execute_unprepared(tables).await.unwrap();
        (directory, database)
    }

    /// One row of `a`, and what inserts one of `b` that refers to `other`.
    fn rows(id: i64, other: i64) -> NewRows {
        let statement = |sql, value: i64| {
            Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.into()])
        };
        NewRows {
            first: vec![statement(
                "INSERT INTO a VALUES (?) ON CONFLICT DO NOTHING",
                id,
            )],
            count: 1,
            rest: vec![statement("INSERT INTO b VALUES (?)", other)],
        }
    }

    async fn stored(database: &Database) -> Vec<i64> {
        let ask = "SELECT a.id FROM a JOIN b ON a.id = b.a ORDER BY 1";
        let pool = database.writer().get_sqlite_connection_pool();
        let ids = sea_orm::sqlx::query_scalar(ask).fetch_all(pool).await;
        ids.unwrap()
    }

    #[tokio::test]
    async fn parts_are_stored_whole_or_not_at_all() {
        let (_directory, database) = two_tables().await;
        let mut bulk = database.bulk().unwrap().unwrap();
        assert!(bulk.store(rows(1, 1)).await.unwrap());
        // One is known, one refers to what is missing, one has a key that is taken.
        assert!(!bulk.store(rows(1, 2)).await.unwrap());
        assert!(!bulk.store(rows(2, 7)).await.unwrap());
        assert!(!bulk.store(rows(2, 1)).await.unwrap());
        assert!(bulk.store(rows(2, 2)).await.unwrap());
        bulk.commit().await.unwrap();
        assert_eq!(stored(&database).await, [1, 2]);
        // Others may write in between, and what was not kept is gone.
        assert!(bulk.store(rows(3, 3)).await.unwrap());
        bulk.close().await;
        let insert = "INSERT INTO a VALUES (4); INSERT INTO b VALUES (4)";
        database.writer().execute_unprepared(insert).await.unwrap();
        assert_eq!(stored(&database).await, [1, 2, 4]);
        database.close().await.unwrap();
    }
}
