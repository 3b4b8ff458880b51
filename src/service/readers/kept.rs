//! Connections that stay out of their pool between statements.
//!
//! A pool asks every connection that comes back to it whether it is alive, which takes as long as a
//! small statement does. Most of what a request asks for are small statements.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::prelude::async_trait;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{
    self, AssertSqlSafe, Connection as _, Database, Error as SqlxError, Executor, IntoArguments,
    Pool,
};
use sea_orm::{ConnAcquireErr, DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;

use super::deadline::Deadline;

/// After how long without use a connection to a server is asked whether it is alive before it is
/// used.
const TRUSTED_FOR: Duration = Duration::from_millis(100);

/// After how long a connection goes back to the pool, which replaces old ones, and those that nobody
/// needs.
const OUT_FOR: Duration = Duration::from_mins(1);

/// Connections of one pool, some of which stay out of it.
pub(super) struct Kept<D: Database> {
    pool: Pool<D>,
    /// How many stay out at most.
    most: usize,
    /// Those that are out and wait for something to do, the last used last.
    idle: Mutex<Vec<Taken<D>>>,
    /// How many others want a connection of the pool now.
    wanted: Arc<AtomicUsize>,
    /// On SQLite, until when the only connection may go on with what it does.
    deadline: Option<Arc<Deadline>>,
}

/// That somebody wants a connection of the pool, until this is dropped.
#[derive(Debug)]
pub(in crate::service) struct Wanted(Arc<AtomicUsize>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A connection that is out of the pool. When it is dropped it goes back, after what it does.
struct Taken<D: Database> {
    connection: PoolConnection<D>,
    out_since: Instant,
    used_at: Instant,
    deadline: Option<Arc<Deadline>>,
}

/// The ways to ask over one of several connections.
#[async_trait::async_trait]
pub(super) trait Ask: Debug + Send + Sync {
    /// Executes `statement`.
    async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr>;

    /// Executes `sql` without preparing it.
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr>;

    /// The first row of `statement`.
    async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr>;

    /// All rows of `statement`.
    async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr>;

    /// Sees to it that the pool has a connection for somebody else.
    fn want(&self) -> Wanted;

    /// How many connections there are, and how many of them wait for something to do.
    fn usage(&self) -> (usize, usize);

    /// Closes every connection, after what it does.
    async fn close(&self);
}

impl<D: Database> Kept<D> {
    /// Connections of `pool`, of which `most` stay out of it at most.
    pub fn new(pool: Pool<D>, most: usize, deadline: Option<Arc<Deadline>>) -> Self {
        Self {
            pool,
            most,
            idle: Mutex::default(),
            wanted: Arc::default(),
            deadline,
        }
    }

    /// Whether the pool has less than others want.
    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) > self.num_idle()
    }

    /// How many connections in the pool wait for something to do.
    fn num_idle(&self) -> usize {
        // Where one is taken before its return is counted, there seem to be more than can be for a moment.
        let idle = self.pool.num_idle();
        if idle > self.size() { 0 } else { idle }
    }

    /// How many connections there are.
    fn size(&self) -> usize {
        usize::try_from(self.pool.size()).unwrap_or(usize::MAX)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Taken<D>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for one statement, whose time begins.
    async fn take(&self) -> Result<Taken<D>, DbErr> {
        let taken = match self.take_kept().await {
            Some(taken) => taken,
            None => self.take_out().await?,
        };
        if let Some(deadline) = &self.deadline {
            deadline.set();
        }
        Ok(taken)
    }

    async fn take_kept(&self) -> Option<Taken<D>> {
        loop {
            let mut taken = self.idle().pop()?;
            let is_trusted = taken.used_at.elapsed() < TRUSTED_FOR || self.deadline.is_some();
            if is_trusted || taken.connection.ping().await.is_ok() {
                return Some(taken);
            }
        }
    }

    async fn take_out(&self) -> Result<Taken<D>, DbErr> {
        let connection = self.pool.acquire().await.map_err(not_acquired)?;
        let now = Instant::now();
        Ok(Taken {
            connection,
            out_since: now,
            used_at: now,
            deadline: self.deadline.clone(),
        })
    }

    /// Keeps a connection for the next statement, unless it may be broken, has been out for long, or
    /// is wanted.
    fn give<T>(&self, mut taken: Taken<D>, answer: &Result<T, SqlxError>) {
        let is_sound = matches!(
            answer,
            Ok(_) | Err(SqlxError::Database(_) | SqlxError::RowNotFound)
        );
        if !is_sound || taken.out_since.elapsed() > OUT_FOR {
            return;
        }
        taken.used_at = Instant::now();
        let mut idle = self.idle();
        let is_needless = |taken: &Taken<D>| taken.used_at.elapsed() > OUT_FOR;
        let needless = idle.first().is_some_and(is_needless);
        let needless = needless.then(|| idle.remove(0));
        // Asked while nobody else can: what is kept after it was wanted, or the pool was closed, would
        // be waited for.
        if idle.len() < self.most && !self.is_wanted() && !self.pool.is_closed() {
            idle.push(taken);
        }
        drop(idle);
        drop(needless);
    }
}

impl<D: Database> Drop for Taken<D> {
    /// If it still does something, nobody waits for the answer any more.
    fn drop(&mut self) {
        if let Some(deadline) = &self.deadline {
            deadline.pass();
        }
    }
}

impl<D: Database> Debug for Kept<D> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.pool).finish()
    }
}

#[async_trait::async_trait]
impl<D: Database> Ask for Kept<D>
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    SqlxValues: IntoArguments<D>,
    D::Arguments: IntoArguments<D>,
    ExecResult: From<D::QueryResult>,
    QueryResult: From<D::Row>,
{
    async fn execute(&self, statement: &Statement) -> Result<ExecResult, DbErr> {
        let mut taken = self.take().await?;
        let answer = query(statement).execute(&mut *taken.connection).await;
        self.give(taken, &answer);
        answer.map(Into::into).map_err(not_executed)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let mut taken = self.take().await?;
        let sql = AssertSqlSafe(sql.to_owned());
        let answer = taken.connection.execute(sql).await;
        self.give(taken, &answer);
        answer.map(Into::into).map_err(not_executed)
    }

    async fn query_one(&self, statement: &Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut taken = self.take().await?;
        let answer = query(statement)
            .fetch_optional(&mut *taken.connection)
            .await;
        self.give(taken, &answer);
        Ok(answer.map_err(not_answered)?.map(Into::into))
    }

    async fn query_all(&self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut taken = self.take().await?;
        let answer = query(statement).fetch_all(&mut *taken.connection).await;
        self.give(taken, &answer);
        let rows = answer.map_err(not_answered)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    fn want(&self) -> Wanted {
        self.wanted.fetch_add(1, Ordering::SeqCst);
        // Also where the pool may open another one: of several who want one, the first may be about to open the
        // last.
        if self.is_wanted() {
            let spare = self.idle().pop();
            drop(spare);
        }
        Wanted(Arc::clone(&self.wanted))
    }

    fn usage(&self) -> (usize, usize) {
        (self.size(), self.num_idle() + self.idle().len())
    }

    async fn close(&self) {
        // None comes out any more, so that those that are out now are all that will be.
        let closed = self.pool.close();
        self.idle().clear();
        closed.await;
    }
}

fn query<D: Database>(statement: &Statement) -> Query<'_, D, SqlxValues>
where
    SqlxValues: IntoArguments<D>,
{
    let values = statement.values.clone();
    let values = values.unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

fn not_acquired(error: SqlxError) -> DbErr {
    match error {
        SqlxError::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        SqlxError::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}

fn not_answered(error: SqlxError) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn not_executed(error: SqlxError) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}
