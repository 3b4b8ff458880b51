//! A PostgreSQL of its own, which a test can stop and start.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::database::execute;
use crate::postgres::find_programs;
use crate::process::{PATIENCE, is_root, until};

/// A server with an empty database; it ends and its files go when this is dropped.
pub struct Server {
    programs: PathBuf,
    running: Option<Child>,
    directory: TempDir,
}

impl Server {
    /// Makes the files of a server and starts it.
    pub async fn start_new() -> Self {
        let directory = TempDir::with_prefix("orlo-outage.").unwrap();
        let programs = find_programs().unwrap();
        let mut server = Self {
            programs,
            running: None,
            directory,
        };
        let path = server.directory.path();
        if is_root() {
            let owned = std::process::Command::new("chown")
                .args(["postgres"])
                .arg(path)
                .status();
            assert!(owned.unwrap().success());
        }
        let made = server
            .program("initdb")
            .args([
                "--username=orlo",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
            ])
            .arg("--pgdata")
            .arg(path.join("data"))
            .output()
            .await
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        server.start().await;
        server
    }

    /// Starts it again after [`Server::stop`].
    pub async fn start(&mut self) {
        let path = self.directory.path();
        let mut command = self.program("postgres");
        command
            .args(["-c", "listen_addresses=", "-k"])
            .arg(path)
            .arg("-D")
            .arg(path.join("data"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running = Some(command.spawn().unwrap());
        let file = path.join("data/postmaster.pid");
        let is_ready = async || fs::read_to_string(&file).is_ok_and(|text| text.contains("ready"));
        until("PostgreSQL is ready", is_ready).await;
        assert_eq!(execute(self.url(), "SELECT 1".to_owned()).await, 1);
    }

    /// Ends it as `pg_ctl` does in this mode: `fast` breaks all connections first, `immediate` is
    /// like a crash.
    pub async fn stop(&mut self, mode: &str) {
        let data = self.directory.path().join("data");
        let stopped = self
            .program("pg_ctl")
            .args(["stop", "--mode", mode, "--pgdata"])
            .arg(data)
            .output()
            .await
            .unwrap();
        assert!(stopped.status.success(), "{stopped:?}");
        let mut child = self.running.take().unwrap();
        timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    }

    /// Where it is, as `--database-url` takes it.
    pub fn url(&self) -> String {
        let directory = self.directory.path().display();
        format!("postgres://orlo@localhost/postgres?host={directory}")
    }

    /// One of PostgreSQL's programs, as a user that it agrees to run as. It ends with the test,
    /// however that ends.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "QUIT"]);
        if is_root() {
            command.args([
                "--reuid",
                "postgres",
                "--regid",
                "postgres",
                "--clear-groups",
            ]);
        }
        command.arg(self.programs.join(name)).kill_on_drop(true);
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    /// Without its parts running on, which a mere kill would leave to find out by themselves.
    fn drop(&mut self) {
        let id = self.running.as_ref().and_then(Child::id);
        if let Some(id) = id {
            let id = id.to_string();
            let _ = std::process::Command::new("kill")
                .args(["-QUIT", &id])
                .status();
            let gone = || !PathBuf::from(format!("/proc/{id}/exe")).exists();
            for _ in 0..100 {
                if gone() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}
