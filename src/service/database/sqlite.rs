//! Opening an SQLite file.

use std::sync::Arc;

use sea_orm::sqlx::ConnectOptions as _;
use sea_orm::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sea_orm::{DbErr, SqlxSqliteConnector};
use tokio::sync::{Semaphore, watch};

use super::transaction::MAX_BEGINNING;
use super::{Database, DatabaseOptions, connection_error};
use crate::service::group::Group;
use crate::service::readers::Readers;

/// How connections of SQLite are set that write.
pub(super) const WRITING: [(&str, &str); 5] = [
    // What was answered is on the disk.
    ("synchronous", "FULL"),
    ("foreign_keys", "ON"),
    // After how many pages of 4 KiB the write-ahead log goes back into the file.
    ("wal_autocheckpoint", "4000"),
    // In KiB. Rows go to many places of a large file, which need not be read again each time.
    ("cache_size", "-40960"),
    // What a statement would be taken back with, which else is written to a file and read never.
    ("temp_store", "MEMORY"),
];

impl Database {
    /// One connection writes, so that writers queue here rather than fail on each other; the
    /// others read beside it, which the write-ahead log allows.
    pub(super) async fn connect_sqlite(
        options: &DatabaseOptions,
    ) -> std::result::Result<Self, DbErr> {
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
        let set = |connect: SqliteConnectOptions, (name, value)| connect.pragma(name, value);
        let writing = WRITING.into_iter().fold(connect.clone(), set);
        let writer = pool
            .clone()
            .max_connections(1)
            .connect_with(writing)
            .await
            .map_err(connection_error)?;
        let connect = connect.pragma("query_only", "ON");
        let snapshots = pool.clone().max_connections(options.max_connections);
        let snapshots = snapshots.connect_lazy_with(connect.clone());
        let (count, limit) = (options.max_connections, options.statement_timeout);
        let readers = Readers::sqlite(&connect, &pool, count, limit);
        Ok(Self {
            readers: readers.await.map_err(connection_error)?,
            snapshots: SqlxSqliteConnector::from_sqlx_sqlite_pool(snapshots),
            writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
            group: Some(Group::default()),
            beginning: Arc::new(Semaphore::new(MAX_BEGINNING)),
            patience: options.acquire_timeout,
            changes: watch::Sender::default(),
        })
    }
}
