//! A throwaway PostgreSQL that the tests start themselves, one for all test processes of a run.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use crate::database::{execute, migrate, wait_for};

/// Starts the server and looks after it; see there.
const KEEPER: &str = include_str!("postgres.sh");

const MISSING: &str = "\
The tests need PostgreSQL's programs (initdb, pg_ctl, postgres) and did not find them.
  Debian, Ubuntu: apt-get install postgresql   (`make test` does so by itself)
  elsewhere:      set ORLO_TEST_PG_BIN to the directory that holds them
  without:        set ORLO_TEST_POSTGRES=off to leave PostgreSQL out of the tests";

/// Whether the tests are to leave PostgreSQL out.
#[expect(
    clippy::explicit_write,
    reason = "the test runner keeps what eprintln! says to itself"
)]
pub fn is_off() -> bool {
    static OFF: OnceLock<bool> = OnceLock::new();
    *OFF.get_or_init(|| {
        let off = env::var_os("ORLO_TEST_POSTGRES").is_some_and(|value| value == "off");
        if off {
            let notice = "ORLO_TEST_POSTGRES=off: nothing is tested on PostgreSQL";
            writeln!(io::stderr(), "{notice}").unwrap();
        }
        off
    })
}

/// A database of its own for one test; dropped with this value.
pub struct PostgresDatabase {
    name: String,
}

impl PostgresDatabase {
    /// A database without tables.
    pub fn empty() -> Self {
        Self::copy("template1")
    }

    /// A database with all tables.
    pub fn migrated() -> Self {
        Self::copy(&cluster().template)
    }

    fn copy(template: &str) -> Self {
        let name = unique("test");
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        wait_for(execute(cluster().url("postgres"), sql));
        Self { name }
    }

    pub fn url(&self) -> String {
        cluster().url(&self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        if thread::panicking() {
            // It goes with the server.
            return;
        }
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        wait_for(execute(cluster().url("postgres"), sql));
    }
}

/// A running server.
struct Cluster {
    /// Where its socket is.
    directory: String,
    /// The name of a migrated database.
    template: String,
    /// While any process shares this lock, the server runs.
    _users: File,
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match CLUSTER.get_or_init(Cluster::find_or_start) {
        Ok(cluster) => cluster,
        Err(reason) => panic!("{reason}"),
    }
}

impl Cluster {
    fn find_or_start() -> Result<Self, String> {
        let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres");
        fs::create_dir_all(&state).unwrap();
        let lock = |name: &str| File::create(state.join(name)).unwrap();
        // Held until this function returns: one process at a time finds or starts the server.
        let starting = lock("starting.lock");
        starting.lock().unwrap();
        let users = lock("users.lock");
        users.lock_shared().unwrap();
        let keeper = lock("keeper.lock");
        let directory = match running(&state, &keeper) {
            Some(directory) => directory,
            None => start(&state, &users, &keeper)?,
        };
        let mut cluster = Self {
            directory,
            template: String::new(),
            _users: users,
        };
        cluster.template = wait_for(cluster.find_or_make_template());
        Ok(cluster)
    }

    fn url(&self, database: &str) -> String {
        let Self { directory, .. } = self;
        format!("postgres://orlo@localhost/{database}?host={directory}")
    }

    /// Every build of the tests has a template of its own: it may know other tables.
    async fn find_or_make_template(&self) -> String {
        let program = env::current_exe().unwrap();
        let mut hasher = DefaultHasher::new();
        program.hash(&mut hasher);
        let built = fs::metadata(&program).unwrap().modified().unwrap();
        built.hash(&mut hasher);
        let name = format!("template_{:x}", hasher.finish());

        let admin = self.url("postgres");
        let find = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if execute(admin.clone(), find).await == 0 {
            // Under its name only when it is complete.
            let draft = unique("draft");
            execute(admin.clone(), format!("CREATE DATABASE {draft}")).await;
            migrate(&self.url(&draft)).await;
            execute(admin, format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
        }
        name
    }
}

/// The directory of the server that another process has started, if it is being looked after.
fn running(state: &Path, keeper: &File) -> Option<String> {
    let is_kept = keeper.try_lock().is_err();
    let directory = fs::read_to_string(state.join("ready")).ok()?;
    is_kept.then_some(directory)
}

fn start(state: &Path, users: &File, keeper: &File) -> Result<String, String> {
    let programs = find_programs().ok_or(MISSING)?;
    // A keeper whose caller died before the server was ready ends once nobody seems to need it.
    users.unlock().unwrap();
    keeper.lock().unwrap();
    users.lock_shared().unwrap();
    keeper.unlock().unwrap();

    let directory = start_keeper(state, &programs)?;
    fs::write(state.join("ready"), &directory).unwrap();
    Ok(directory)
}

#[expect(clippy::zombie_processes, reason = "the keeper outlives this process")]
fn start_keeper(state: &Path, programs: &Path) -> Result<String, String> {
    // Under nextest every test is a process, and between two of them there may be none.
    let linger = if env::var_os("NEXTEST").is_some() {
        "3"
    } else {
        "0"
    };
    let arguments = [state.as_os_str(), programs.as_os_str(), OsStr::new(linger)];
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER, "postgres.sh"])
        .args(arguments)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(keeper.stdout.take().unwrap());
    let mut said = String::new();
    for line in output.lines() {
        let line = line.unwrap();
        if let Some(directory) = line.strip_prefix("ready ") {
            return Ok(directory.to_owned());
        }
        said += &line;
        said.push('\n');
    }
    let status = keeper.wait().unwrap();
    Err(format!("PostgreSQL did not start ({status}):\n{said}"))
}

/// The directory of PostgreSQL's programs: the one that is named, or else the first that has them.
pub fn find_programs() -> Option<PathBuf> {
    let has_programs = |directory: &PathBuf| {
        let programs = ["initdb", "pg_ctl", "postgres"];
        programs.iter().all(|name| directory.join(name).is_file())
    };
    if let Some(named) = env::var_os("ORLO_TEST_PG_BIN") {
        return Some(PathBuf::from(named)).filter(has_programs);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    told_by_pg_config()
        .into_iter()
        .chain(installed_by_debian())
        .chain(env::split_paths(&path))
        .find(has_programs)
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    let directory = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(directory.trim()))
}

/// One directory for each major version, newest first.
fn installed_by_debian() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<u32> = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    let directory = |version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    versions.into_iter().map(directory).collect()
}

fn unique(kind: &str) -> String {
    format!("{kind}_{}", uuid::Uuid::now_v7().simple())
}
