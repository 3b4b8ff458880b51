//! Databases for tests: each test has its own, on either kind, and it is gone afterwards.

use std::fs::{self, File};
use std::path::Path;
use std::sync::OnceLock;
use std::thread;

use ::migration::{Migrator, MigratorTrait as _};
use orlo::service::{Database, DatabaseOptions};
use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use crate::postgres::PostgresDatabase;

/// The kinds of databases that Orlo runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// A database that lives as long as this value.
pub struct TestDatabase {
    backend: Backend,
    url: String,
    _storage: Storage,
}

/// Held for what dropping it does.
#[expect(dead_code, reason = "nothing else is done with it")]
enum Storage {
    Sqlite(TempDir),
    Postgres(PostgresDatabase),
}

impl TestDatabase {
    /// A database without tables.
    pub fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(|_| {}),
            Backend::Postgres => Self::postgres(PostgresDatabase::empty()),
        }
    }

    /// A database with all tables.
    pub fn migrated(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(|path| fs::write(path, migrated_file()).unwrap()),
            Backend::Postgres => Self::postgres(PostgresDatabase::migrated()),
        }
    }

    fn sqlite(fill: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir_in(sqlite_home()).unwrap();
        let path = directory.path().join("orlo.db");
        fill(&path);
        Self {
            backend: Backend::Sqlite,
            url: format!("sqlite://{}", path.display()),
            _storage: Storage::Sqlite(directory),
        }
    }

    fn postgres(database: PostgresDatabase) -> Self {
        Self {
            backend: Backend::Postgres,
            url: database.url(),
            _storage: Storage::Postgres(database),
        }
    }

    /// Opens the database as the server does, with fewer connections: many tests run at once.
    pub async fn connect(&self) -> Database {
        connect(&self.url, 8).await
    }

    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// Where it is, as `--database-url` takes it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

async fn connect(url: &str, max_connections: u32) -> Database {
    let mut options = DatabaseOptions::new(url);
    options.max_connections = max_connections;
    Database::connect(&options).await.unwrap()
}

/// Brings the database at `url` up to date.
pub async fn migrate(url: &str) {
    let database = connect(url, 1).await;
    Migrator::up(database.writer(), None).await.unwrap();
    database.close().await.unwrap();
}

/// Sends one statement to the database at `url` and says how many rows it concerned.
pub async fn execute(url: String, sql: String) -> u64 {
    let database = connect(&url, 1).await;
    let result = database.writer().execute_unprepared(&sql).await.unwrap();
    database.close().await.unwrap();
    result.rows_affected()
}

/// Does `work` on a runtime of its own, for places that cannot await.
pub fn wait_for<T: Send>(work: impl Future<Output = T> + Send) -> T {
    let run = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(work)
    };
    thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// Where the SQLite files are. What a killed run left there goes when the next one begins.
fn sqlite_home() -> &'static Path {
    static HOME: OnceLock<(&Path, File)> = OnceLock::new();
    let (home, _) = HOME.get_or_init(|| {
        let home = Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/sqlite"));
        let users = File::create(home.with_extension("lock")).unwrap();
        if users.try_lock().is_ok() {
            // It is missing after a clean build.
            let _ = fs::remove_dir_all(home);
            users.unlock().unwrap();
        }
        users.lock_shared().unwrap();
        fs::create_dir_all(home).unwrap();
        (home, users)
    });
    home
}

/// What a migrated SQLite file holds.
fn migrated_file() -> &'static [u8] {
    static FILE: OnceLock<Vec<u8>> = OnceLock::new();
    FILE.get_or_init(|| {
        let database = TestDatabase::empty(Backend::Sqlite);
        wait_for(migrate(database.url()));
        fs::read(database.url().trim_start_matches("sqlite://")).unwrap()
    })
}
