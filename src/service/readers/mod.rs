//! The connections that read.

mod deadline;
mod kept;

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::metric::Info;
use sea_orm::prelude::async_trait;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::sqlx::{Error as SqlxError, PgPool};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::Mutex;

use self::deadline::{Deadline, interrupt_after};
pub(super) use self::kept::Wanted;
use self::kept::{Ask, Kept};

/// Connections to read over; cheap to clone. On PostgreSQL they are of one pool. On SQLite each is by
/// itself, because its time limit is: setting that on whichever connection a pool gives costs as
/// much as a small statement does.
#[derive(Clone, Debug)]
pub(super) struct Readers(Arc<[Own]>);

#[derive(Clone)]
struct Own {
    connections: Arc<dyn Ask>,
    backend: DbBackend,
    /// How many use it, or wait for it.
    users: Arc<AtomicUsize>,
    /// On SQLite, those who ask over the connection, one after the other.
    turn: Option<Arc<Mutex<()>>>,
    /// What hears of every statement.
    callback: Option<Callback>,
}

type Callback = Arc<dyn Fn(&Info<'_>) + Send + Sync>;

/// A connection that is used for as long as this lives. A statement whose asker goes away is given
/// up on SQLite, so that nobody waits for an answer that nobody wants.
#[derive(Debug)]
pub struct Reader<'a>(&'a Own);

impl Readers {
    /// Connections of a pool, half of which may stay out of it between statements: the others are
    /// for those that write, or listen.
    pub fn postgres(pool: PgPool) -> Self {
        let most = pool.options().get_max_connections() / 2;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let kept = Kept::new(pool, most, None);
        Self(Arc::new([Own::new(kept, DbBackend::Postgres, None)]))
    }

    /// `count` connections to an SQLite file, the first of which is opened now and the others when
    /// they are needed. No statement takes longer than `limit`.
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
            let pool = interrupt_after(&deadline, pool.clone()).max_connections(1);
            let pool = if index == 0 {
                pool.connect_with(connect.clone()).await?
            } else {
                pool.connect_lazy_with(connect.clone())
            };
            let kept = Kept::new(pool, 1, Some(deadline));
            readers.push(Own::new(kept, DbBackend::Sqlite, Some(Arc::default())));
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

    /// Sees to it that somebody else finds a connection in the pool, as long as the answer lives.
    pub fn want(&self) -> Vec<Wanted> {
        self.0.iter().map(|own| own.connections.want()).collect()
    }

    /// How many connections there are, and how many of them wait for something to do.
    pub fn usage(&self) -> (usize, usize) {
        let usages = self.0.iter().map(|own| own.connections.usage());
        usages.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
    }

    /// The same, with `callback` told of every statement; clones made before are left as they are.
    pub fn with_callback(&self, callback: impl Fn(&Info<'_>) + Send + Sync + 'static) -> Self {
        let callback: Callback = Arc::new(callback);
        let told = self.0.iter().map(|own| Own {
            callback: Some(Arc::clone(&callback)),
            ..own.clone()
        });
        Self(told.collect())
    }

    /// Closes every connection, after what it does.
    pub async fn close(&self) {
        for own in self.0.iter() {
            own.connections.close().await;
        }
    }
}

impl Own {
    fn new(
        connections: impl Ask + 'static,
        backend: DbBackend,
        turn: Option<Arc<Mutex<()>>>,
    ) -> Self {
        Self {
            connections: Arc::new(connections),
            backend,
            users: Arc::default(),
            turn,
            callback: None,
        }
    }

    /// Has `statement` answered when it is its turn, and told of.
    async fn ask<T>(
        &self,
        statement: &Statement,
        answer: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        self.in_turn(async {
            let began = Instant::now();
            let answer = answer.await;
            if let Some(callback) = &self.callback {
                callback(&Info {
                    elapsed: began.elapsed(),
                    statement,
                    failed: answer.is_err(),
                });
            }
            answer
        })
        .await
    }

    async fn in_turn<T>(&self, answer: impl Future<Output = T> + Send) -> T {
        let _turn = match &self.turn {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        answer.await
    }
}

impl Debug for Own {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Own").field(&self.connections).finish()
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.0.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let answer = self.0.connections.execute(&statement);
        self.0.ask(&statement, answer).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let answer = self.0.connections.execute_unprepared(sql);
        self.0.in_turn(answer).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let answer = self.0.connections.query_one(&statement);
        self.0.ask(&statement, answer).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.0.connections.query_all(&statement);
        self.0.ask(&statement, answer).await
    }
}
