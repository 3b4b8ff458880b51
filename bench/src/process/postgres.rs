//! A PostgreSQL of the benchmark's own, from the machine's server binaries.

use std::env;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::{Program, usage};

const MISSING: &str = "\
PostgreSQL's programs (initdb, postgres, psql) are missing. Debian, Ubuntu: apt-get install postgresql;
elsewhere let ORLO_TEST_PG_BIN name the directory that holds them, or run with `--database sqlite`";

/// A running server.
pub struct Postgres {
    program: Program,
    programs: PathBuf,
    socket: PathBuf,
}

impl Postgres {
    /// Starts it on its data, which are made when there are none. The socket and the log go to
    /// `socket`, a directory with a short name.
    ///
    /// # Errors
    /// When PostgreSQL is not there or does not start.
    pub fn start(data: &Path, socket: PathBuf, settings: &[String]) -> anyhow::Result<Self> {
        let programs = find_programs().context(MISSING)?;
        let user = unprivileged()?;
        for directory in [data, &socket] {
            fs::create_dir_all(directory)?;
            if let Some((user, group)) = user {
                chown(directory, Some(user), Some(group))?;
            }
        }
        if !data.join("PG_VERSION").exists() {
            make(&programs, data, user)?;
        }
        let mut arguments = vec!["-D".to_owned(), data.display().to_string()];
        let own = [
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", socket.display()),
        ];
        for setting in own.iter().chain(settings) {
            arguments.extend(["-c".to_owned(), setting.clone()]);
        }
        let log = socket.join("log");
        let program = Program::start(&programs.join("postgres"), arguments, log, user)?;
        let server = Self {
            program,
            programs,
            socket,
        };
        while server.sql("postgres", "SELECT 1").is_err() {
            server
                .program
                .ensure_runs()
                .context("PostgreSQL does not start")?;
            sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://orlo@localhost/{database}?host={}",
            self.socket.display()
        )
    }

    /// What a statement answers, without any decoration.
    ///
    /// # Errors
    /// When the server refuses it.
    pub fn sql(&self, database: &str, statement: &str) -> anyhow::Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "orlo",
                "-d",
                database,
                "-h",
            ])
            .arg(&self.socket)
            .args(["-c", statement])
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{statement}: {said}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The time that all its processes have spent computing.
    pub fn cpu_millis(&self) -> u64 {
        usage::family_cpu_millis(self.program.id)
    }

    pub fn log(&self) -> String {
        self.program.log()
    }
}

fn make(programs: &Path, data: &Path, user: Option<(u32, u32)>) -> anyhow::Result<()> {
    let mut command = Command::new(programs.join("initdb"));
    command.arg("--pgdata").arg(data);
    command.args([
        "--username=orlo",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]);
    if let Some((user, group)) = user {
        command.uid(user).gid(group).current_dir("/tmp");
    }
    let output = command.output().context("cannot run initdb")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "initdb: {said}");
    Ok(())
}

/// Whom PostgreSQL runs as when this is root, which it refuses.
fn unprivileged() -> anyhow::Result<Option<(u32, u32)>> {
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    let name = if id(&["-u", "postgres"]).is_ok() {
        "postgres"
    } else {
        "nobody"
    };
    Ok(Some((id(&["-u", name])?, id(&["-g", name])?)))
}

fn id(arguments: &[&str]) -> anyhow::Result<u32> {
    let output = Command::new("id").args(arguments).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The directory of PostgreSQL's programs: the one that is named, else that of the newest version.
fn find_programs() -> Option<PathBuf> {
    let has_programs = |directory: &PathBuf| {
        let programs = ["initdb", "postgres", "psql"];
        programs.iter().all(|name| directory.join(name).is_file())
    };
    if let Some(named) = env::var_os("ORLO_TEST_PG_BIN") {
        return Some(PathBuf::from(named)).filter(has_programs);
    }
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.and_then(|output| String::from_utf8(output.stdout).ok());
    let told = told.map(|directory| PathBuf::from(directory.trim()));
    let installed = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut installed: Vec<u32> = installed
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    installed.sort_unstable_by(|a, b| b.cmp(a));
    let installed = installed
        .iter()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")));
    let path = env::var_os("PATH").unwrap_or_default();
    told.into_iter()
        .chain(installed)
        .chain(env::split_paths(&path))
        .find(has_programs)
}
