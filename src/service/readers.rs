//! The connections that read.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use sea_orm::{DatabaseConnection, SqlxSqliteConnector};

/// After how many of its instructions SQLite asks whether to go on; about a millisecond.
const PROGRESS_INTERVAL: i32 = 20_000;

/// Connections to read over; cheap to clone. On PostgreSQL they are one pool. On SQLite each is by
/// itself, because its time limit is: setting that on whichever connection a pool gives costs as
/// much as a small statement does.
#[derive(Clone, Debug)]
pub(super) struct Readers(Arc<[Own]>);

#[derive(Debug)]
struct Own {
    connection: DatabaseConnection,
    /// How many use it, or wait for it.
    users: AtomicUsize,
}

/// A connection that is used for as long as this lives.
#[derive(Debug)]
pub struct Reader<'a>(&'a Own);

impl Deref for Reader<'_> {
    type Target = DatabaseConnection;

    fn deref(&self) -> &DatabaseConnection {
        &self.0.connection
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Readers {
    /// Connections of a pool, which knows itself which one is free.
    pub fn pool(connection: DatabaseConnection) -> Self {
        Self(Arc::new([Own::new(connection)]))
    }

    /// `count` connections to an SQLite file, the first of which is opened now and the others when
    /// they are needed. No statement, or transaction, takes longer than `limit`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub async fn sqlite(
        connect: &SqliteConnectOptions,
        pool: &SqlitePoolOptions,
        count: u32,
        limit: Option<Duration>,
    ) -> Result<Self, SqlxError> {
        let mut readers = Vec::new();
        for index in 0..count.max(1) {
            let pool = match limit {
                Some(limit) => limit_statements(pool.clone(), limit),
                None => pool.clone(),
            };
            let pool = pool.max_connections(1);
            let pool = if index == 0 {
                pool.connect_with(connect.clone()).await?
            } else {
                pool.connect_lazy_with(connect.clone())
            };
            readers.push(Own::new(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool)));
        }
        Ok(Self(readers.into()))
    }

    /// The connection that the fewest use.
    pub fn free(&self) -> Reader<'_> {
        let users = |own: &&Own| own.users.load(Ordering::Relaxed);
        let own = self.0.iter().min_by_key(users).unwrap_or(&self.0[0]);
        own.users.fetch_add(1, Ordering::Relaxed);
        Reader(own)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &DatabaseConnection> {
        self.0.iter().map(|own| &own.connection)
    }

    /// The same, with `change` done to each; clones made before are left as they are.
    pub fn changed(&self, change: impl Fn(&mut DatabaseConnection)) -> Self {
        let changed = self.all().map(|connection| {
            let mut connection = connection.clone();
            change(&mut connection);
            Own::new(connection)
        });
        Self(changed.collect())
    }
}

impl Own {
    const fn new(connection: DatabaseConnection) -> Self {
        Self {
            connection,
            users: AtomicUsize::new(0),
        }
    }
}

/// Interrupts what takes longer than `limit` from when the only connection was taken from the pool:
/// one statement, or all of those in one transaction. SQLite has no such limit of its own, but asks
/// now and then whether to go on.
fn limit_statements(pool: SqlitePoolOptions, limit: Duration) -> SqlitePoolOptions {
    let begin = Instant::now();
    let now = move || u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let deadline = Arc::new(AtomicU64::new(u64::MAX));
    let set = Arc::clone(&deadline);
    let set = move || set.store(now().saturating_add(limit), Ordering::Relaxed);
    let set_at_first = set.clone();
    pool.after_connect(move |connection: &mut SqliteConnection, _| {
        let deadline = Arc::clone(&deadline);
        set_at_first();
        Box::pin(async move {
            let mut handle = connection.lock_handle().await?;
            handle.set_progress_handler(PROGRESS_INTERVAL, move || {
                now() < deadline.load(Ordering::Relaxed)
            });
            Ok(())
        })
    })
    // The file needs no ping; this takes its place.
    .test_before_acquire(false)
    .before_acquire(move |_, _| {
        set();
        Box::pin(async { Ok(true) })
    })
}
