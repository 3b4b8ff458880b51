//! What runs beside the benchmark, and ends with it.

mod orlo;
mod postgres;
mod usage;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

pub use orlo::{Build, Imported, Server};
pub use postgres::Postgres;

const KEEPER: &str = include_str!("keeper.sh");

/// A shell that holds something until it, or the benchmark, ends; see `keeper.sh`.
struct Keeper {
    shell: Child,
    /// What it said about that.
    said: String,
}

impl Keeper {
    fn start(command: &mut Command, log: Stdio) -> anyhow::Result<Self> {
        let mut shell = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("cannot start a shell")?;
        let mut said = String::new();
        if let Some(output) = shell.stdout.take() {
            BufReader::new(output).read_line(&mut said)?;
        }
        let said = said.trim().to_owned();
        Ok(Self { shell, said })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn keeper(kind: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper.sh", kind]);
    command
}

/// A temporary directory.
pub struct Workplace(Keeper);

impl Workplace {
    /// # Errors
    /// When there cannot be one.
    pub fn new() -> anyhow::Result<Self> {
        let keeper = Keeper::start(&mut keeper("directory"), Stdio::inherit())?;
        anyhow::ensure!(!keeper.said.is_empty(), "cannot make a temporary directory");
        Ok(Self(keeper))
    }

    pub fn path(&self) -> &Path {
        Path::new(&self.0.said)
    }
}

/// A program that goes on until this is dropped.
struct Program {
    _keeper: Keeper,
    id: u32,
    log: PathBuf,
}

impl Program {
    /// Starts it; what it says goes to the log. As another user when one is named.
    fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        log: PathBuf,
        user: Option<(u32, u32)>,
    ) -> anyhow::Result<Self> {
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = keeper("program");
        command.arg(program).args(arguments);
        // Nothing but the defaults.
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        if let Some((user, group)) = user {
            command.uid(user).gid(group).current_dir("/tmp");
        }
        let keeper = Keeper::start(&mut command, Stdio::from(file))?;
        let id = keeper.said.parse().context("cannot start a program")?;
        Ok(Self {
            _keeper: keeper,
            id,
            log,
        })
    }

    fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn ensure_runs(&self) -> anyhow::Result<()> {
        let runs = usage::runs(self.id);
        anyhow::ensure!(runs, "it ended and said:\n{}", self.log());
        Ok(())
    }
}
