//! Orlo as a process of its own, which can be killed.

use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::live::subscriber::EventStream;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A free port of this machine.
const ANYWHERE: &str = "127.0.0.1:0";

/// `orlo serve`; killed when this is dropped.
pub struct Process {
    child: Child,
    url: String,
    log: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
    client: reqwest::Client,
}

impl Process {
    /// Starts it on a free port and waits until it is ready.
    pub async fn start(database_url: &str, arguments: &[&str]) -> Self {
        Self::start_within(&[], database_url, arguments).await
    }

    /// The same, started by another program, which must become Orlo.
    pub async fn start_within(within: &[&str], database_url: &str, arguments: &[&str]) -> Self {
        Self::spawn(within, ANYWHERE, database_url, arguments).await
    }

    /// The same at an address of which the port is known.
    pub async fn start_at(address: &str, database_url: &str, arguments: &[&str]) -> Self {
        Self::spawn(&[], address, database_url, arguments).await
    }

    async fn spawn(within: &[&str], address: &str, url: &str, arguments: &[&str]) -> Self {
        let mut child = command(within, address, url, arguments).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let said = Arc::new(Mutex::new(String::new()));
        let (sender, ready) = oneshot::channel();
        let reading = tokio::spawn(read_log(log, Arc::clone(&said), sender));
        let address = timeout(PATIENCE, ready).await.unwrap();
        let address = address.unwrap_or_else(|_| panic!("orlo did not start: {said:?}"));
        Self {
            child,
            url: format!("http://{address}"),
            log: said,
            reading,
            client: client(),
        }
    }

    /// Starts it without a stderr. It cannot say when it is ready.
    pub async fn start_mute(database_url: &str) -> Self {
        let free = std::net::TcpListener::bind(ANYWHERE).unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let without_stderr = ["sh", "-c", "exec \"$@\" 2>&-", "sh"];
        let child = command(&without_stderr, &address, database_url, &[]).spawn();
        let process = Self {
            child: child.unwrap(),
            url: format!("http://{address}"),
            log: Arc::default(),
            reading: tokio::spawn(async {}),
            client: client(),
        };
        let caller = process.caller();
        let is_ready = async || caller.status("/readyz").await == Some(200);
        until("orlo is ready", is_ready).await;
        process
    }

    /// Reads its log no further, so that it cannot write it any more.
    pub async fn hang_up(&mut self) {
        self.reading.abort();
        // With it goes the other end.
        assert!((&mut self.reading).await.unwrap_err().is_cancelled());
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

    /// Asks it to end, and waits until it has. Returns all that it logged.
    pub async fn stop(mut self) -> String {
        let id = self.id().to_string();
        let kill = std::process::Command::new("kill").arg(id).status();
        assert!(kill.unwrap().success());
        let status = timeout(PATIENCE, self.child.wait()).await.unwrap();
        assert!(status.unwrap().success());
        if !self.reading.is_finished() {
            timeout(PATIENCE, &mut self.reading).await.unwrap().unwrap();
        }
        self.log()
    }
}

/// The binary, unless `ORLO_TEST_BINARY` names another one, without the settings of whoever runs the
/// tests.
fn command(within: &[&str], address: &str, url: &str, arguments: &[&str]) -> Command {
    let named = std::env::var("ORLO_TEST_BINARY");
    let orlo = named.unwrap_or_else(|_| env!("CARGO_BIN_EXE_orlo").to_owned());
    let serve = ["serve", "--bind", address, "--database-url", url];
    let line = [within, &[&orlo], &serve, arguments].concat();
    let mut command = Command::new(line[0]);
    command
        .args(&line[1..])
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("ORLO_LOG", "info")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .unwrap()
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
        let answer = self.post("/graphql", query, variables).await?;
        serde_json::from_slice(&answer.bytes().await.ok()?).ok()
    }

    /// The events of a subscription; none when it is not answered.
    pub async fn try_follow(&self, query: &str, variables: &Value) -> Option<EventStream> {
        let answer = self.post("/graphql/stream", query, variables).await?;
        let body = reqwest::Body::from(answer.error_for_status().ok()?);
        Some(EventStream::new(axum::body::Body::new(body)))
    }

    async fn post(&self, path: &str, query: &str, variables: &Value) -> Option<reqwest::Response> {
        let body = json!({"query": query, "variables": variables});
        let request = self.client.post(format!("{}{path}", self.url));
        let mut request = request.header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.body(body.to_string()).send().await.ok()
    }

    /// The answer to an operation, which there must be.
    pub async fn send(&self, query: &str, variables: &Value) -> Value {
        let answer = self.try_send(query, variables).await;
        answer.unwrap_or_else(|| panic!("no answer to {query}"))
    }

    /// The text of a page, which there must be.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await;
        answer.unwrap().text().await.unwrap()
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
