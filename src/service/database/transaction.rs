//! Transactions, and how changes are made whole.

use std::sync::Arc;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::{Database, connection_error};
use crate::service::error::{Error, Result};
use crate::service::group::Outcome;
use crate::service::insert::Inserts;

/// How many begin a transaction at once, those among them who have gone away. Only as many as there
/// are connections get anywhere.
pub(super) const MAX_BEGINNING: usize = 1_024;

/// How often a change is tried again when another transaction got in its way.
const ATTEMPTS: u32 = 10;

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
        self.begin_over(&self.snapshots, options).await
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
        let wanted = self.readers.want();
        let connection = connection.clone();
        let begin = async move {
            let _held = (place, wanted);
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
    pub(in crate::service) async fn insert(&self, rows: Inserts) -> Result<()> {
        let transaction = self.begin().await?;
        rows.finish(&transaction).await?;
        transaction.commit().await?;
        self.changes.send_replace(());
        Ok(())
    }
}
