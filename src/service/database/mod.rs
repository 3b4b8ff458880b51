//! The way to the database: where it is, how it is opened, and how changes are made whole.

mod bulk;
mod indexes;
mod postgres;
mod sqlite;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use entity::row::Rows;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use self::bulk::{Bulk, NewRows};
pub(super) use self::postgres::CHANNEL;
pub use self::transaction::{Transaction, Verdict};
use super::database_url::DatabaseUrl;
use super::group::Group;
use super::readers::{Reader, Readers, Visit};

/// How to open a database.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many connections may be open at once (at least 1). On SQLite these are readers; there
    /// is one writer beside them, and for small questions one reader for each thread that asks.
    pub max_connections: u32,
    /// How long to wait for a connection, and on SQLite for another process's write.
    pub acquire_timeout: Duration,
    /// How long one statement may take, on SQLite one that only reads; no limit when none.
    pub statement_timeout: Option<Duration>,
}

impl DatabaseOptions {
    /// The defaults for the database at `url`: 16 connections, 10 seconds.
    #[must_use]
    pub fn new(url: impl Into<DatabaseUrl>) -> Self {
        Self {
            url: url.into(),
            max_connections: 16,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: None,
        }
    }
}

/// An open database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    readers: Readers,
    /// The connections for transactions that only read, opened when there is one.
    snapshots: DatabaseConnection,
    writer: DatabaseConnection,
    /// How changes become durable together; on PostgreSQL they need not.
    group: Option<Group>,
    /// The places of those that begin a transaction.
    beginning: Arc<Semaphore>,
    /// How long to wait for a connection, or for one's turn.
    patience: Duration,
    changes: watch::Sender<()>,
}

/// How busy the connections of a pool are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUsage {
    /// Which pool: `all` on PostgreSQL, `readers` and `writer` on SQLite.
    pub name: &'static str,
    /// Connections that wait for something to do.
    pub idle: usize,
    /// Connections that do something.
    pub used: usize,
}

impl PoolUsage {
    const fn of(name: &'static str, (size, idle): (usize, usize)) -> Self {
        Self {
            name,
            idle,
            used: size.saturating_sub(idle),
        }
    }
}

impl Database {
    /// Opens the database; a missing SQLite file is created. Nothing is migrated.
    ///
    /// # Errors
    /// When the URL is of no known kind, or the database cannot be reached.
    pub async fn connect(options: &DatabaseOptions) -> std::result::Result<Self, DbErr> {
        let url = options.url.as_str();
        if options.url.is_sqlite() {
            Self::connect_sqlite(options).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            Self::connect_postgres(options).await
        } else {
            Err(DbErr::Conn(RuntimeErr::Internal(
                "the database URL must begin with sqlite:// or postgres://".to_owned(),
            )))
        }
    }

    /// A connection to ask one question over; on SQLite it cannot write.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        self.readers.free()
    }

    /// The rows of each of `statements`, all from one state of the database, if they are small questions
    /// to SQLite that are answered on the spot; otherwise they have to be asked over a reader.
    pub(super) fn ask_directly(&self, statements: &[&Statement]) -> Option<Vec<Rows>> {
        self.readers.ask_directly(statements)
    }

    /// `visit` after it was given all rows of `statement`, which may be very many; none where they have to
    /// be asked for over a reader.
    ///
    /// # Errors
    /// When the database fails, or takes longer than allowed, and those of `visit`.
    pub(super) async fn walk<V: Visit>(
        &self,
        statement: &Statement,
        visit: V,
    ) -> super::error::Result<Option<V>> {
        self.readers.walk(statement, visit).await
    }

    /// A place to get very many values at once, as long as it lives.
    pub(super) async fn place_for_many(&self) -> Option<OwnedSemaphorePermit> {
        self.readers.place_for_many().await
    }

    /// The connections to change things over, for migrations. Changes of records go through
    /// [`Database::write`].
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Which database it is.
    #[must_use]
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// How busy the connections are.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolUsage> {
        match self.backend() {
            DbBackend::Postgres => vec![PoolUsage::of("all", self.readers.usage())],
            DbBackend::Sqlite => {
                let writer = self.writer.get_sqlite_connection_pool();
                let size = usize::try_from(writer.size()).unwrap_or(usize::MAX);
                vec![
                    PoolUsage::of("readers", self.readers.usage()),
                    PoolUsage::of("writer", (size, writer.num_idle())),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// Counts every statement sent over any connection by calling `callback`; for tests and
    /// metrics. Clones made before are not counted.
    pub fn on_statement<F>(&mut self, callback: F)
    where
        F: Fn(&sea_orm::metric::Info<'_>) + Send + Sync + Clone + 'static,
    {
        self.readers = self.readers.with_callback(callback.clone());
        self.snapshots.set_metric_callback(callback.clone());
        self.writer.set_metric_callback(callback);
    }

    /// Is told whenever this process has changed something, after it is stored.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Closes every connection, after what they are doing.
    ///
    /// # Errors
    /// When the database fails while closing.
    pub async fn close(&self) -> std::result::Result<(), DbErr> {
        self.readers.close().await;
        self.snapshots.clone().close().await?;
        self.writer.clone().close().await
    }
}

fn connection_error(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
