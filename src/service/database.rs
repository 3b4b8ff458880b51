//! The way to the database: where it is, how it is opened, and how changes are made whole.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _, Error as SqlxError};
use sea_orm::{
    AccessMode, ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, RuntimeErr, SqliteTransactionMode, SqlxPostgresConnector, SqlxSqliteConnector,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::database_url::DatabaseUrl;
use super::error::{Error, Result};
use super::group::{Group, Outcome};
use super::insert::Inserts;
use super::readers::{Reader, Readers};

/// How long to wait after other processes were told of a change: those that follow are told of
/// together.
const TELLING_PAUSE: Duration = Duration::from_millis(10);

/// What listens on this channel of PostgreSQL hears when a process has changed something.
pub(super) const CHANNEL: &str = "orlo_event";

/// How much of the file SQLite's writer remembers, in KiB at most.
const WRITER_CACHE_KIB: u32 = 48 << 10;

/// After how many pages of 4 KiB the write-ahead log goes back into the file.
const WRITTEN_BACK_AFTER: u32 = 4_000;

/// How many begin a transaction at once, those among them who have gone away. Only as many as there
/// are connections get anywhere.
const MAX_BEGINNING: usize = 1_024;

/// How often a change is tried again when another transaction got in its way.
const ATTEMPTS: u32 = 10;

/// How to open a database.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// Where it is.
    pub url: DatabaseUrl,
    /// How many connections may be open at once (at least 1). On SQLite these are readers; there
    /// is one writer beside them.
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
    fn of(name: &'static str, size: u32, idle: usize) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        Self {
            name,
            idle,
            used: size.saturating_sub(idle),
        }
    }
}

/// A transaction as a change sees it. Shared rather than borrowed, because the compiler cannot see
/// yet that what borrows it may move between threads.
pub type Transaction = Arc<DatabaseTransaction>;

/// What to do with the changes of a transaction that went well.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<T> {
    /// Make them last.
    Keep(T),
    /// Take them back.
    Undo(T),
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

    /// One connection writes, so that writers queue here rather than fail on each other; the
    /// others read beside it, which the write-ahead log allows.
    async fn connect_sqlite(options: &DatabaseOptions) -> std::result::Result<Self, DbErr> {
        let connect = options
            .url
            .as_str()
            .parse::<SqliteConnectOptions>()
            .map_err(connection_error)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(options.acquire_timeout)
            .foreign_keys(true)
            .with_regexp()
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(None)
            .max_lifetime(None);
        // Rows go to many places of a large file, which need not be read again each time.
        let writing = connect
            .clone()
            .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
            .pragma("wal_autocheckpoint", WRITTEN_BACK_AFTER.to_string());
        let writer = pool
            .clone()
            .max_connections(1)
            .connect_with(writing)
            .await
            .map_err(connection_error)?;
        let connect = connect.pragma("query_only", "ON");
        let (count, limit) = (options.max_connections, options.statement_timeout);
        let readers = Readers::sqlite(&connect, &pool, count, limit);
        Ok(Self {
            readers: readers.await.map_err(connection_error)?,
            writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
            group: Some(Group::default()),
            beginning: Arc::new(Semaphore::new(MAX_BEGINNING)),
            patience: options.acquire_timeout,
            changes: watch::Sender::default(),
        })
    }

    async fn connect_postgres(options: &DatabaseOptions) -> std::result::Result<Self, DbErr> {
        let mut connect = options
            .url
            .as_str()
            .parse::<PgConnectOptions>()
            .map_err(connection_error)?
            .application_name("orlo")
            // The planner takes statements of many layers to be much more work than they are, and
            // would compile them for seconds.
            .options([("jit", "off")])
            .disable_statement_logging();
        if let Some(limit) = options.statement_timeout {
            connect = connect.options([("statement_timeout", limit.as_millis().to_string())]);
        }
        // A pool only says that it waited in vain; one connection says why.
        let first = timeout(options.acquire_timeout, connect.connect());
        let first = first
            .await
            .map_err(|_| connection_error(SqlxError::PoolTimedOut))?;
        let first = first.map_err(connection_error)?;
        first.close().await.map_err(connection_error)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .connect_with(connect)
            .await
            .map_err(connection_error)?;
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        let changes = watch::Sender::default();
        tokio::spawn(tell_others(connection.clone(), changes.subscribe()));
        Ok(Self {
            readers: Readers::pool(connection.clone()),
            writer: connection,
            group: None,
            beginning: Arc::new(Semaphore::new(MAX_BEGINNING)),
            patience: options.acquire_timeout,
            changes,
        })
    }

    /// A connection to ask one question over; on SQLite it cannot write.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        self.readers.free()
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
            DbBackend::Postgres => {
                let pool = self.writer.get_postgres_connection_pool();
                vec![PoolUsage::of("all", pool.size(), pool.num_idle())]
            }
            DbBackend::Sqlite => {
                let writer = std::iter::once(&self.writer);
                vec![
                    sqlite("readers", self.readers.all()),
                    sqlite("writer", writer),
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
        self.readers = self
            .readers
            .changed(|reader| reader.set_metric_callback(callback.clone()));
        self.writer.set_metric_callback(callback);
    }

    /// Is told whenever this process has changed something, after it is stored.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// When the database cannot be reached, or stays locked by another process.
    pub async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.begin_over(&self.writer, options).await
    }

    /// Begins a transaction that only reads, and sees the database as it is now until it ends.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction> {
        let mut options = TransactionOptions::default();
        // Every transaction of SQLite is like this, and it knows no such words.
        if self.backend() == DbBackend::Postgres {
            options.isolation_level = Some(IsolationLevel::RepeatableRead);
            options.access_mode = Some(AccessMode::ReadOnly);
        }
        self.begin_over(&self.reader(), options).await
    }

    /// Begins a transaction. On PostgreSQL it is begun even if the caller goes away, to be taken back
    /// then: the library would leave the connection within it, and what others do over it later would
    /// never be committed.
    async fn begin_over(
        &self,
        connection: &DatabaseConnection,
        options: TransactionOptions,
    ) -> Result<DatabaseTransaction> {
        if self.backend() != DbBackend::Postgres {
            return Ok(connection.begin_with_options(options).await?);
        }
        let place = Arc::clone(&self.beginning).acquire_owned();
        let place = timeout(self.patience, place).await;
        let place = place.map_err(|_| connection_error(SqlxError::PoolTimedOut))?;
        let connection = connection.clone();
        let begin = async move {
            let _place = place;
            connection.begin_with_options(options).await
        };
        let begun = tokio::spawn(begin.in_current_span()).await;
        Ok(begun.map_err(|_| connection_error(SqlxError::WorkerCrashed))??)
    }

    /// Does `work` in one transaction: all of it or nothing. Where another transaction got in the
    /// way, it is done again from the start, so it must not change anything but the database, and
    /// must not keep the transaction.
    ///
    /// # Errors
    /// What `work` fails with, or the database.
    pub async fn write<T, F>(&self, work: impl Fn(Transaction) -> F + Send + Sync) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        self.write_or_undo(|tx| {
            let work = work(tx);
            async { Ok(Verdict::Keep(work.await?)) }
        })
        .await
    }

    /// Like [`Database::write`], for work that may want to know what it would have done.
    ///
    /// # Errors
    /// What `work` fails with, or the database.
    pub async fn write_or_undo<T, F>(
        &self,
        work: impl Fn(Transaction) -> F + Send + Sync,
    ) -> Result<T>
    where
        F: Future<Output = Result<Verdict<T>>> + Send,
    {
        let mut attempt = 1;
        loop {
            match self.attempt(&work).await {
                Ok(Outcome::Again) if attempt < ATTEMPTS => attempt += 1,
                Err(error) if error.is_transient() && attempt < ATTEMPTS => attempt += 1,
                Ok(Outcome::Done(value)) => return Ok(value),
                Ok(Outcome::Again) => {
                    return Err(Error::Corrupt("changes keep failing".to_owned()));
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn attempt<T, F>(
        &self,
        work: &(impl Fn(Transaction) -> F + Send + Sync),
    ) -> Result<Outcome<T>>
    where
        F: Future<Output = Result<Verdict<T>>> + Send,
    {
        if let Some(group) = &self.group {
            let outcome = group.change(self.patience, || self.begin(), work).await?;
            self.changes.send_replace(());
            return Ok(outcome);
        }
        let shared = Arc::new(self.begin().await?);
        // Boxed: what happens inside a transaction is large, and would make every resolver so.
        let verdict = Box::pin(work(Arc::clone(&shared))).await;
        let transaction = Arc::into_inner(shared)
            .ok_or_else(|| Error::Corrupt("a change kept its transaction".to_owned()))?;
        if let Ok(Verdict::Keep(_)) = verdict {
            transaction.commit().await?;
            self.changes.send_replace(());
        } else {
            transaction.rollback().await?;
        }
        match verdict? {
            Verdict::Keep(value) | Verdict::Undo(value) => Ok(Outcome::Done(value)),
        }
    }

    /// Inserts rows, all of them or none. A statement by itself would do, but would go on after its
    /// caller has gone away.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn insert(&self, rows: Inserts) -> Result<()> {
        let transaction = self.begin().await?;
        rows.finish(&transaction).await?;
        transaction.commit().await?;
        self.changes.send_replace(());
        Ok(())
    }

    /// Closes every connection, after what they are doing.
    ///
    /// # Errors
    /// When the database fails while closing.
    pub async fn close(&self) -> std::result::Result<(), DbErr> {
        for reader in self.readers.all() {
            reader.clone().close().await?;
        }
        self.writer.clone().close().await
    }
}

/// Tells the other processes on the database of changes. Not within the transactions that make them:
/// PostgreSQL lets one that notifies commit at a time. Whoever is not told, because this process
/// died or the database did, will find out by looking now and then.
async fn tell_others(connection: DatabaseConnection, mut changes: watch::Receiver<()>) {
    let notify = format!("NOTIFY {CHANNEL}");
    while changes.changed().await.is_ok() {
        if let Err(error) = connection.execute_unprepared(&notify).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "other processes were not told of a change");
        }
        tokio::time::sleep(TELLING_PAUSE).await;
    }
}

/// How busy SQLite's connections are, each of which is a pool.
fn sqlite<'a>(
    name: &'static str,
    connections: impl Iterator<Item = &'a DatabaseConnection>,
) -> PoolUsage {
    let pools = connections.map(DatabaseConnection::get_sqlite_connection_pool);
    let (size, idle) = pools.fold((0, 0), |(size, idle), pool| {
        (size + pool.size(), idle + pool.num_idle())
    });
    PoolUsage::of(name, size, idle)
}

fn connection_error(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}
