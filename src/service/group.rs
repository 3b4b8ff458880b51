//! Changes of several callers that become durable together, on SQLite.
//!
//! SQLite has one writer, and a commit waits for the disk. If every caller commits by itself, each
//! waits for the disk of all that came before. So whoever finished its change leaves the transaction
//! open and queues once more, to commit it. Those that queued meanwhile add their changes first, each
//! in a savepoint of its own; the first that comes back commits for all of them. Who is alone queues
//! behind nobody and commits at once. Nobody is told of a change before it is durable.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DatabaseTransaction, DbErr, RuntimeErr, TransactionTrait};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::timeout;

use super::database::{Transaction, Verdict};
use super::error::{Error, Result};

/// The transaction that is open for changes; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Group(Arc<Mutex<Option<Open>>>);

type Turn = OwnedMutexGuard<Option<Open>>;

#[derive(Debug)]
struct Open {
    transaction: DatabaseTransaction,
    end: watch::Sender<Option<End>>,
}

/// How a transaction ended.
#[derive(Clone, Debug)]
enum End {
    Committed,
    /// It could not be committed.
    Failed(Error),
    /// Another change broke it.
    Broken,
}

/// What became of a change.
pub(super) enum Outcome<T> {
    Done(T),
    /// It was taken back because of another one, and may be made again.
    Again,
}

impl Group {
    /// Makes a change in the open transaction, or in one that `begin` opens. Waits no longer than
    /// `patience` for its turn.
    pub async fn change<T, B, F>(
        &self,
        patience: Duration,
        begin: impl FnOnce() -> B,
        work: impl FnOnce(Transaction) -> F,
    ) -> Result<Outcome<T>>
    where
        B: Future<Output = Result<DatabaseTransaction>>,
        F: Future<Output = Result<Verdict<T>>>,
    {
        let mut turn = self.turn(patience).await?;
        if turn.is_none() {
            *turn = Some(Open {
                transaction: begin().await?,
                end: watch::Sender::new(None),
            });
        }
        let Some(open) = turn.as_ref() else {
            return Err(ended_unseen());
        };
        let member = Member {
            group: self.clone(),
            end: open.end.subscribe(),
        };
        let (verdict, turn) = match savepoint(turn).await? {
            (Ok(savepoint), turn) => within(turn, savepoint, work).await,
            (Err(error), turn) => (Err(error), turn),
        };
        if let Err(Error::Database(_) | Error::Corrupt(_)) = &verdict {
            // SQLite may have taken back everything, not just what failed.
            give_up(turn).await;
        } else {
            drop(turn);
        }
        // A refusal too is only as good as what it was founded on.
        match (verdict, member.end().await?) {
            (Err(error @ (Error::Database(_) | Error::Corrupt(_))), _)
            | (_, End::Failed(error)) => Err(error),
            (_, End::Broken) => Ok(Outcome::Again),
            (verdict, End::Committed) => match verdict? {
                Verdict::Keep(value) | Verdict::Undo(value) => Ok(Outcome::Done(value)),
            },
        }
    }

    async fn turn(&self, patience: Duration) -> Result<Turn> {
        let turn = timeout(patience, Arc::clone(&self.0).lock_owned()).await;
        turn.map_err(|_| {
            let error = SqlxError::PoolTimedOut;
            Error::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
        })
    }
}

/// Somebody who has used a transaction, and sees to it that it ends.
struct Member {
    group: Group,
    end: watch::Receiver<Option<End>>,
}

impl Member {
    /// Waits until the transaction has ended, or ends it when its turn comes.
    async fn end(mut self) -> Result<End> {
        let ended = finish(&self.group, &mut self.end).await;
        ended.ok_or_else(ended_unseen)
    }
}

impl Drop for Member {
    /// Whoever goes away in the middle leaves a transaction that nobody else may come to end.
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.end.borrow().is_none() {
            let (group, mut end) = (self.group.clone(), self.end.clone());
            runtime.spawn(async move { finish(&group, &mut end).await });
        }
    }
}

async fn finish(group: &Group, end: &mut watch::Receiver<Option<End>>) -> Option<End> {
    let turn = tokio::select! {
        biased;
        ended = end.wait_for(Option::is_some) => return ended.ok()?.clone(),
        turn = Arc::clone(&group.0).lock_owned() => turn,
    };
    // It may have ended just now.
    let ended = end.borrow().clone();
    match ended {
        Some(ended) => Some(ended),
        None => commit(turn).await,
    }
}

/// Begins a change in the transaction that is open, even if the caller goes away: the library would
/// not take back that change then, but the whole transaction.
async fn savepoint(turn: Turn) -> Result<(Result<Transaction>, Turn)> {
    let beginning = tokio::spawn(async move {
        let begun = match turn.as_ref() {
            Some(open) => open.transaction.begin().await.map_err(Error::from),
            None => Err(ended_unseen()),
        };
        // In this order: when nobody waits, it is taken back before others have their turn.
        (begun.map(Arc::new), turn)
    });
    beginning.await.map_err(|_| ended_unseen())
}

/// Does `work` in `savepoint`. When the caller goes away, that is taken back before others have their
/// turn, as the last argument is dropped first.
async fn within<T, F>(
    turn: Turn,
    savepoint: Transaction,
    work: impl FnOnce(Transaction) -> F,
) -> (Result<Verdict<T>>, Turn)
where
    F: Future<Output = Result<Verdict<T>>>,
{
    // Boxed: what happens inside a transaction is large, and would make every resolver so.
    let verdict = Box::pin(work(Arc::clone(&savepoint))).await;
    let Some(savepoint) = Arc::into_inner(savepoint) else {
        let error = Error::Corrupt("a change kept its transaction".to_owned());
        return (Err(error), turn);
    };
    let ended = match verdict {
        Ok(Verdict::Keep(_)) => savepoint.commit().await,
        _ => savepoint.rollback().await,
    };
    match ended {
        Ok(()) => (verdict, turn),
        Err(error) => (Err(error.into()), turn),
    }
}

fn ended_unseen() -> Error {
    Error::Corrupt("a transaction ended unseen".to_owned())
}

/// Commits the transaction that is open. It is done even if the caller goes away, because others
/// wait for it.
async fn commit(mut turn: Turn) -> Option<End> {
    let committing = tokio::spawn(async move {
        let Open { transaction, end } = turn.take()?;
        let ended = match transaction.commit().await {
            Ok(()) => End::Committed,
            Err(error) => End::Failed(error.into()),
        };
        end.send_replace(Some(ended.clone()));
        drop(turn);
        Some(ended)
    });
    committing.await.ok().flatten()
}

/// Takes back the transaction that is open, even if the caller goes away.
async fn give_up(mut turn: Turn) {
    let giving_up = tokio::spawn(async move {
        let Some(Open { transaction, end }) = turn.take() else {
            return;
        };
        if let Err(error) = transaction.rollback().await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "a transaction was taken back by the database itself");
        }
        end.send_replace(Some(End::Broken));
        drop(turn);
    });
    // It cannot fail.
    let _ = giving_up.await;
}
