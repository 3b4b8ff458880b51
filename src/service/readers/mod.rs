//! The connections that read.

mod deadline;
mod direct;
mod kept;
mod walk;

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use entity::row::Rows;
use sea_orm::metric::Info;
use sea_orm::prelude::async_trait;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sea_orm::sqlx::{Error as SqlxError, PgPool, SqlitePool};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, sqlx};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use self::deadline::{Deadline, interrupt_after};
use self::direct::Direct;
pub(super) use self::kept::Wanted;
use self::kept::{Ask, Kept};
use self::walk::Walks;
pub use self::walk::{FoundRow, Visit};

/// How many places there are at least on PostgreSQL for those who get very many values at once: they wait for
/// it, and not for a processor.
const MIN_PLACES: usize = 4;

/// Connections to read over; cheap to clone. On PostgreSQL they are of one pool. On SQLite each is by
/// itself, because its time limit is: setting that on whichever connection a pool gives costs as
/// much as a small statement does.
#[derive(Clone)]
pub(super) struct Readers {
    own: Arc<[Own]>,
    /// On SQLite, the way to ask without them.
    direct: Option<Arc<Direct>>,
    /// On SQLite, how long a statement may take.
    limit: Option<Duration>,
    /// On SQLite, the questions that are answered without them too, about very many records.
    walks: Walks,
    /// The places of those who get very many values at once.
    places: Arc<Semaphore>,
    /// What hears of every statement.
    callback: Option<Callback>,
}

#[derive(Clone)]
struct Own {
    connections: Arc<dyn Ask>,
    backend: DbBackend,
    /// How many use it, or wait for it.
    users: Arc<AtomicUsize>,
    /// On SQLite, those who ask over the connection, one after the other.
    turn: Option<Arc<Mutex<()>>>,
}

type Callback = Arc<dyn Fn(&Info<'_>) + Send + Sync>;

/// A connection that is used for as long as this lives. A statement whose asker goes away is given
/// up on SQLite, so that nobody waits for an answer that nobody wants.
pub struct Reader<'a> {
    own: &'a Own,
    callback: Option<&'a Callback>,
}

impl Readers {
    /// Connections of a pool, half of which may stay out of it between statements: the others are
    /// for those that write, or listen.
    pub fn postgres(pool: PgPool) -> Self {
        let most = pool.options().get_max_connections() / 2;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let kept = Kept::new(pool, most, None);
        let places = processors().max(MIN_PLACES);
        Self::new([Own::new(kept, DbBackend::Postgres, None)], places)
    }

    /// `count` connections to an SQLite file, the first of which is opened now and the others when
    /// they are needed, beside those for small questions. No statement takes longer than `limit`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub async fn sqlite(
        connect: &SqliteConnectOptions,
        pool: &SqlitePoolOptions,
        count: u32,
        limit: Option<Duration>,
    ) -> Result<Self, SqlxError> {
        let mut own = Vec::new();
        let mut file = None;
        for index in 0..count.max(1) {
            let deadline = Arc::new(Deadline::new(limit));
            let pool = interrupt_after(&deadline, pool.clone()).max_connections(1);
            let pool = if index == 0 {
                let pool = pool.connect_with(connect.clone()).await?;
                file = file_of(&pool).await?;
                pool
            } else {
                pool.connect_lazy_with(connect.clone())
            };
            let kept = Kept::new(pool, 1, Some(deadline));
            own.push(Own::new(kept, DbBackend::Sqlite, Some(Arc::default())));
        }
        Ok(Self {
            direct: file.map(|file| Arc::new(Direct::new(file))),
            limit,
            ..Self::new(own, processors())
        })
    }

    fn new(own: impl Into<Arc<[Own]>>, places: usize) -> Self {
        Self {
            own: own.into(),
            direct: None,
            limit: None,
            walks: Walks::default(),
            places: Arc::new(Semaphore::new(places)),
            callback: None,
        }
    }

    /// The connection that the fewest use.
    pub fn free(&self) -> Reader<'_> {
        let users = |own: &&Own| own.users.load(Ordering::Relaxed);
        let own = self.own.iter().min_by_key(users).unwrap_or(&self.own[0]);
        own.users.fetch_add(1, Ordering::Relaxed);
        Reader {
            own,
            callback: self.callback.as_ref(),
        }
    }

    /// The rows of each of `statements` at once, if they are answered directly; those who hear of
    /// statements hear of them as of one.
    pub fn ask_directly(&self, statements: &[&Statement]) -> Option<Vec<Rows>> {
        let began = Instant::now();
        let rows = self.direct.as_ref()?.ask(statements)?;
        if let Some(callback) = &self.callback {
            callback(&Info {
                elapsed: began.elapsed(),
                statement: &joined(statements),
                failed: false,
            });
        }
        Some(rows)
    }

    /// A place to get very many values at once, as long as it lives: who waits for one takes time, and who need
    /// not wait takes memory.
    pub async fn place_for_many(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Sees to it that somebody else finds a connection in the pool, as long as the answer lives.
    pub fn want(&self) -> Vec<Wanted> {
        self.own.iter().map(|own| own.connections.want()).collect()
    }

    /// The file that is read; none on PostgreSQL, or where SQLite has none.
    pub fn file(&self) -> Option<&Path> {
        self.direct.as_ref().map(|direct| direct.path())
    }

    /// How many connections there are, and how many of them wait for something to do.
    pub fn usage(&self) -> (usize, usize) {
        let direct = self.direct.as_ref().map(|direct| direct.usage());
        let others = [direct.unwrap_or_default(), (self.walks.count(), 0)];
        let usages = self.own.iter().map(|own| own.connections.usage());
        usages
            .chain(others)
            .fold((0, 0), |sum, usage| (sum.0 + usage.0, sum.1 + usage.1))
    }

    /// The same, with `callback` told of every statement; clones made before are left as they are.
    pub fn with_callback(&self, callback: impl Fn(&Info<'_>) + Send + Sync + 'static) -> Self {
        Self {
            callback: Some(Arc::new(callback)),
            ..self.clone()
        }
    }

    /// Closes every connection, after what it does.
    pub async fn close(&self) {
        self.walks.close();
        if let Some(direct) = &self.direct {
            direct.close().await;
        }
        for own in self.own.iter() {
            own.in_turn(own.connections.close()).await;
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
        }
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

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Where the file is that the connections of `pool` have open; none if they have none.
async fn file_of(pool: &SqlitePool) -> Result<Option<PathBuf>, SqlxError> {
    let ask = "SELECT file FROM pragma_database_list WHERE name = 'main'";
    let file: Option<String> = sqlx::query_scalar(ask).fetch_one(pool).await?;
    Ok(file.filter(|file| !file.is_empty()).map(PathBuf::from))
}

/// All of `statements` as one.
fn joined<'a>(statements: &[&'a Statement]) -> Cow<'a, Statement> {
    if let &[statement] = statements {
        return Cow::Borrowed(statement);
    }
    let texts: Vec<&str> = statements.iter().map(|it| it.sql.as_str()).collect();
    let values = statements.iter().flat_map(|it| it.values.iter());
    let values = values.flat_map(|values| values.iter().cloned());
    let text = texts.join(";\n");
    Cow::Owned(Statement::from_sql_and_values(
        DbBackend::Sqlite,
        text,
        values,
    ))
}

impl Reader<'_> {
    /// Has `statement` answered when it is its turn, and told of.
    async fn ask<T>(
        &self,
        statement: &Statement,
        answer: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        let told = async {
            let began = Instant::now();
            let answer = answer.await;
            if let Some(callback) = self.callback {
                callback(&Info {
                    elapsed: began.elapsed(),
                    statement,
                    failed: answer.is_err(),
                });
            }
            answer
        };
        self.own.in_turn(told).await
    }
}

impl Debug for Reader<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(self.own).finish()
    }
}

impl Debug for Readers {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Readers").field(&self.own).finish()
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.own.users.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Reader<'_> {
    fn get_database_backend(&self) -> DbBackend {
        self.own.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let answer = self.own.connections.execute(&statement);
        self.ask(&statement, answer).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let answer = self.own.connections.execute_unprepared(sql);
        self.own.in_turn(answer).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let answer = self.own.connections.query_one(&statement);
        self.ask(&statement, answer).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.own.connections.query_all(&statement);
        self.ask(&statement, answer).await
    }
}
