//! Orlo as a process of its own, which can be killed.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// `orlo serve` on a free port of this machine; killed when this is dropped.
pub struct Process {
    child: Child,
    url: String,
    client: reqwest::Client,
}

impl Process {
    /// Starts it and waits until it is ready.
    pub async fn start(database_url: &str, arguments: &[&str]) -> Self {
        Self::start_within(&[], database_url, arguments).await
    }

    /// The same, started by another program, which must become Orlo.
    pub async fn start_within(within: &[&str], database_url: &str, arguments: &[&str]) -> Self {
        let orlo = env!("CARGO_BIN_EXE_orlo");
        let serve = [
            "serve",
            "--bind",
            "127.0.0.1:0",
            "--database-url",
            database_url,
        ];
        let line = [within, &[orlo], &serve, arguments].concat();
        let mut child = Command::new(line[0])
            .args(&line[1..])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("ORLO_LOG", "info")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let address = timeout(PATIENCE, address(log)).await.unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        Self {
            child,
            url: format!("http://{address}"),
            client: client.unwrap(),
        }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// A caller of this process; it may outlive it.
    pub fn caller(&self) -> Caller {
        Caller {
            url: self.url.clone(),
            client: self.client.clone(),
        }
    }

    /// `kill -9`.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) {
        let id = self.id().to_string();
        let kill = std::process::Command::new("kill").arg(id).status();
        assert!(kill.unwrap().success());
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap();
        assert!(status.unwrap().success());
    }
}

/// Reads the log until it says the address; what comes after is read and forgotten, so that the
/// process never waits for a reader.
async fn address(log: BufReader<tokio::process::ChildStderr>) -> String {
    let mut lines = log.lines();
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, rest)) = line.split_once("http://") {
            let address = rest.split('/').next().unwrap().to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return address;
        }
        said.push(line);
    }
    panic!("orlo did not start: {said:#?}");
}

/// Sends requests to a process. Clones share their connections.
#[derive(Clone)]
pub struct Caller {
    url: String,
    client: reqwest::Client,
}

impl Caller {
    /// The answer to an operation; none when there was none.
    pub async fn try_send(&self, query: &str, variables: &Value) -> Option<Value> {
        let body = json!({"query": query, "variables": variables});
        let request = self.client.post(format!("{}/graphql", self.url));
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.ok()?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    }

    /// The answer to an operation, which there must be.
    pub async fn send(&self, query: &str, variables: &Value) -> Value {
        let answer = self.try_send(query, variables).await;
        answer.unwrap_or_else(|| panic!("no answer to {query}"))
    }

    /// The status of a page; none when there was no answer.
    pub async fn status(&self, path: &str) -> Option<u16> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await;
        Some(answer.ok()?.status().as_u16())
    }
}

/// Waits until `condition` holds, at most [`PATIENCE`].
pub async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(
        timeout(PATIENCE, waiting).await.is_ok(),
        "waited in vain: {what}"
    );
}

/// Whether the tests run as root.
pub fn is_root() -> bool {
    let output = std::process::Command::new("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}
