//! Orlo as a process of its own, which can be killed.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// `orlo serve` on a free port of this machine; killed when this is dropped.
pub struct Process {
    child: Child,
    url: String,
    log: Arc<Mutex<String>>,
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
        let said = Arc::new(Mutex::new(String::new()));
        let (sender, ready) = oneshot::channel();
        tokio::spawn(read_log(log, Arc::clone(&said), sender));
        let address = timeout(PATIENCE, ready).await.unwrap();
        let address = address.unwrap_or_else(|_| panic!("orlo did not start: {said:?}"));
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        Self {
            child,
            url: format!("http://{address}"),
            log: said,
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
            token: None,
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Where it listens, e.g. `127.0.0.1:40001`.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
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

/// Reads the log to its end, so that the process never waits for a reader, and tells the address
/// as soon as it is said.
async fn read_log(
    log: BufReader<ChildStderr>,
    said: Arc<Mutex<String>>,
    ready: oneshot::Sender<String>,
) {
    let mut ready = Some(ready);
    let mut lines = log.lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let address = line.split_once("ready: GraphiQL is at http://");
        let address = address.and_then(|(_, rest)| rest.split('/').next());
        if let Some((address, ready)) = address.zip(ready.take_if(|_| address.is_some())) {
            let _ = ready.send(address.to_owned());
        }
        let mut said = said.lock().unwrap();
        said.push_str(&line);
        said.push('\n');
    }
}

/// Sends requests to a process. Clones share their connections.
#[derive(Clone)]
pub struct Caller {
    url: String,
    client: reqwest::Client,
    token: Option<String>,
}

impl Caller {
    /// The same with a token.
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The answer to an operation; none when there was none.
    pub async fn try_send(&self, query: &str, variables: &Value) -> Option<Value> {
        let body = json!({"query": query, "variables": variables});
        let request = self.client.post(format!("{}/graphql", self.url));
        let mut request = request.header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
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
