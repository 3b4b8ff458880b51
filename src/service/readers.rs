//! The connections that read.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::prelude::async_trait;
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult,
    SqlxSqliteConnector, Statement,
};
use tokio::sync::Mutex;

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
    /// On SQLite, who may ask over it.
    turn: Option<Arc<Turn>>,
}

/// A connection that is used for as long as this lives. A statement whose asker goes away is given
/// up, so that nobody waits for an answer that nobody wants.
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

impl Reader<'_> {
    /// Asks when it is its turn.
    async fn ask<T>(&self, answer: impl Future<Output = T> + Send) -> T {
        let Some(turn) = &self.0.turn else {
            return answer.await;
        };
        let _turn = turn.lock.lock().await;
        let asked = Asked(&turn.deadline);
        let answer = answer.await;
        std::mem::forget(asked);
        answer
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.connection.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.ask(self.0.connection.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.ask(self.0.connection.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.ask(self.0.connection.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.ask(self.0.connection.query_all_raw(statement)).await
    }
}

/// Who asks over a connection of SQLite, one after the other, and until when.
#[derive(Debug)]
struct Turn {
    lock: Mutex<()>,
    deadline: Arc<Deadline>,
}

impl Turn {
    fn new(deadline: Arc<Deadline>) -> Self {
        let lock = Mutex::default();
        Self { lock, deadline }
    }
}

/// A statement that was asked. When this is dropped, nobody waits for its answer any more.
struct Asked<'a>(&'a Deadline);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.pass();
    }
}

/// Until when a statement may take.
#[derive(Debug)]
struct Deadline {
    begin: Instant,
    /// How long statements may take, in milliseconds.
    limit: u64,
    /// In milliseconds after `begin`.
    at: AtomicU64,
}

impl Deadline {
    fn new(limit: Option<Duration>) -> Self {
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

    /// It begins now to take its time.
    fn set(&self) {
        let at = self.now().saturating_add(self.limit);
        self.at.store(at, Ordering::Relaxed);
    }

    /// It may not go on.
    fn pass(&self) {
        self.at.store(0, Ordering::Relaxed);
    }

    fn is_passed(&self) -> bool {
        self.now() >= self.at.load(Ordering::Relaxed)
    }
}

impl Readers {
    /// Connections of a pool, which knows itself which one is free.
    pub fn pool(connection: DatabaseConnection) -> Self {
        Self(Arc::new([Own::new(connection, None)]))
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
            let deadline = Arc::new(Deadline::new(limit));
            let pool = limit_statements(pool.clone(), &deadline).max_connections(1);
            let pool = if index == 0 {
                pool.connect_with(connect.clone()).await?
            } else {
                pool.connect_lazy_with(connect.clone())
            };
            let connection = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
            readers.push(Own::new(connection, Some(Arc::new(Turn::new(deadline)))));
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
        let changed = self.0.iter().map(|own| {
            let mut connection = own.connection.clone();
            change(&mut connection);
            Own::new(connection, own.turn.clone())
        });
        Self(changed.collect())
    }
}

impl Own {
    const fn new(connection: DatabaseConnection, turn: Option<Arc<Turn>>) -> Self {
        Self {
            connection,
            users: AtomicUsize::new(0),
            turn,
        }
    }
}

/// Interrupts what goes on when `deadline` has passed, which is set when the only connection is
/// taken from the pool: one statement, or all of those in one transaction. SQLite has no such limit
/// of its own, but asks now and then whether to go on.
fn limit_statements(pool: SqlitePoolOptions, deadline: &Arc<Deadline>) -> SqlitePoolOptions {
    let (at_first, then) = (Arc::clone(deadline), Arc::clone(deadline));
    pool.after_connect(move |connection: &mut SqliteConnection, _| {
        let deadline = Arc::clone(&at_first);
        deadline.set();
        Box::pin(async move {
            let mut handle = connection.lock_handle().await?;
            handle.set_progress_handler(PROGRESS_INTERVAL, move || !deadline.is_passed());
            Ok(())
        })
    })
    // The file needs no ping; this takes its place.
    .test_before_acquire(false)
    .before_acquire(move |_, _| {
        then.set();
        Box::pin(async { Ok(true) })
    })
}
