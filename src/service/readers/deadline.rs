//! Until when a statement of SQLite may take, which has no such limit of its own, but asks now and
//! then whether to go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};

/// After how many of its instructions SQLite asks whether to go on; about a millisecond.
pub(super) const PROGRESS_INTERVAL: i32 = 20_000;

/// Until when the statement may take that is asked over a connection.
#[derive(Debug)]
pub(super) struct Deadline {
    begin: Instant,
    /// How long statements may take, in milliseconds.
    limit: u64,
    /// In milliseconds after `begin`.
    at: AtomicU64,
}

impl Deadline {
    pub fn new(limit: Option<Duration>) -> Self {
        let limit = limit.and_then(|limit| u64::try_from(limit.as_millis()).ok());
        Self {
            begin: Instant::now(),
            limit: limit.unwrap_or(u64::MAX),
            at: AtomicU64::new(u64::MAX),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A statement begins now to take its time.
    pub fn set(&self) {
        let at = self.now().saturating_add(self.limit);
        self.at.store(at, Ordering::Relaxed);
    }

    /// What is asked may not go on.
    pub fn pass(&self) {
        self.at.store(0, Ordering::Relaxed);
    }

    fn is_passed(&self) -> bool {
        self.now() >= self.at.load(Ordering::Relaxed)
    }
}

/// Interrupts what the connections of the pool do when `deadline` has passed.
pub(super) fn interrupt_after(
    deadline: &Arc<Deadline>,
    pool: SqlitePoolOptions,
) -> SqlitePoolOptions {
    let deadline = Arc::clone(deadline);
    pool.after_connect(move |connection: &mut SqliteConnection, _| {
        let deadline = Arc::clone(&deadline);
        deadline.set();
        Box::pin(async move {
            let mut handle = connection.lock_handle().await?;
            handle.set_progress_handler(PROGRESS_INTERVAL, move || !deadline.is_passed());
            Ok(())
        })
    })
}
