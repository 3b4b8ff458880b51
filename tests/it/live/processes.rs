//! Following what other processes change.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::changes::{BARE, all_events, begin, next_events};
use super::subscriber::{PATIENCE, Subscriber};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::command;
use crate::database::Backend;

on_both_databases!(
    what_another_process_changes_is_told,
    what_a_command_imports_is_told,
    events_come_once_and_in_order_whatever_dies,
);

async fn what_another_process_changes_is_told(app: TestApp) {
    let after = begin(&app).await;
    let sibling = app.sibling().await;
    let mut here = Subscriber::start(&app, BARE, json!({"after": after}));
    let mut there = Subscriber::start(&sibling, BARE, json!({"after": after}));
    for app in [&app, &sibling, &app] {
        release().record(app).await;
        let told = next_events(&mut here, 1).await;
        assert_eq!(told, next_events(&mut there, 1).await);
    }
}

async fn what_a_command_imports_is_told(app: TestApp) {
    let after = begin(&app).await;
    let mut subscriber = Subscriber::start(&app, BARE, json!({"after": after}));
    let documents = r#"{"user": "ann"} {"user": "bob"}"#;
    let url = app.database_url().to_owned();
    let import = move || command::import(&url, &[], documents).ok();
    tokio::task::spawn_blocking(import).await.unwrap();
    let told = next_events(&mut subscriber, 2).await;
    assert_eq!(told, all_events(&app).await[1..]);
}

/// `orlo serve`, killed with this value.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    /// Starts one at `address`, of which the port may be 0.
    fn start(app: &TestApp, address: &str) -> Self {
        let arguments = [
            "serve",
            "--bind",
            address,
            "--database-url",
            app.database_url(),
        ];
        let mut child = command::command(&arguments)
            .env("ORLO_LOG", "info")
            .env("ORLO_LOG_FORMAT", "json")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line: Value = serde_json::from_str(&log.next().unwrap().unwrap()).unwrap();
            if let Value::String(address) = &line["address"] {
                break address.clone();
            }
        };
        // Somebody has to read the rest.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, address }
    }

    /// Kills it and starts another one in its place.
    fn replace(&mut self, app: &TestApp) {
        let address = self.address.clone();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start(app, &address);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks by HTTP 1.0, whose answers end with the connection.
async fn ask(
    address: &str,
    path: &str,
    query: &str,
    variables: &Value,
) -> std::io::Result<TcpStream> {
    let body = json!({"query": query, "variables": variables}).to_string();
    let head = format!(
        "POST {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all((head + &body).as_bytes()).await?;
    Ok(stream)
}

/// Records a release, again and again until that is confirmed.
async fn record(address: &str, external_id: &str) {
    let query = "mutation ($id: String) { createRelease(input: { externalId: $id }) { ok } }";
    loop {
        let attempt = async {
            let mut answer = String::new();
            let mut stream = ask(address, "/graphql", query, &json!({"id": external_id})).await?;
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        if attempt
            .await
            .is_ok_and(|answer| answer.contains("\"ok\":true"))
        {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Follows from `after` until `count` events were told, and comes back whenever it is cut off.
async fn follow(address: String, mut after: Value, count: usize) -> Vec<(Value, Value)> {
    let mut seen = Vec::new();
    while seen.len() < count {
        let stream = ask(&address, "/graphql/stream", BARE, &json!({"after": after})).await;
        let Ok(stream) = stream else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let mut lines = tokio::io::BufReader::new(stream).lines();
        while seen.len() < count
            && let Ok(Some(line)) = lines.next_line().await
        {
            let Some(answer) = line.strip_prefix("data: {") else {
                continue;
            };
            let answer: Value = serde_json::from_str(&format!("{{{answer}")).unwrap();
            let change = &answer["data"]["releaseChanged"];
            if change.is_object() {
                after = change["cursor"].clone();
                seen.push((change["event"]["id"].clone(), after.clone()));
            }
        }
    }
    seen
}

/// Two processes on one database under load: one is killed and started again, and the database goes
/// away and comes back.
async fn events_come_once_and_in_order_whatever_dies(app: TestApp) {
    const WRITERS: usize = 4;
    const EACH: usize = 100;
    if app.backend() == Backend::Sqlite {
        // There it is one process.
        return;
    }
    let after = begin(&app).await;
    let start = |_| Server::start(&app, "127.0.0.1:0");
    let [mut one, other] = [0, 1].map(start);
    let addresses = [one.address.clone(), other.address.clone()];
    let mut followers = JoinSet::new();
    for index in 0..6 {
        let address = addresses[index % 2].clone();
        followers.spawn(follow(address, after.clone(), WRITERS * EACH));
    }
    let done = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (address, done) = (addresses[writer % 2].clone(), Arc::clone(&done));
        writers.spawn(async move {
            for index in 0..EACH {
                record(&address, &format!("{writer}-{index}")).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let reach = async |count: usize| {
        while done.load(Ordering::SeqCst) < count {
            sleep(Duration::from_millis(5)).await;
        }
    };
    let trouble = async {
        reach(80).await;
        one.replace(&app);
        reach(160).await;
        app.interrupt_database().await;
        reach(240).await;
        one.replace(&app);
        reach(WRITERS * EACH).await;
    };
    timeout(PATIENCE * 2, trouble).await.unwrap();
    writers.join_all().await;
    let all = all_events(&app).await;
    let ids: HashSet<String> = all.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(ids.len(), 1 + WRITERS * EACH);
    let followed = timeout(PATIENCE, followers.join_all()).await;
    for seen in followed.unwrap() {
        assert!(seen == all[1..], "other events than there are");
    }
}
