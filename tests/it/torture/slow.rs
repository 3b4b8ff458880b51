//! Clients that send a byte now and then, and more connections than there may be.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::database::{Backend, TestDatabase};
use crate::process::{Caller, PATIENCE, Process};

/// What a slow client waits between two bytes.
const PAUSE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_hung_up_on_and_keep_nobody_waiting() {
    let limits = ["--header-timeout", "3s", "--body-timeout", "3s"];
    slow_clients(20, &limits, Duration::from_secs(3)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: make torture"]
async fn two_thousand_slow_clients_are_hung_up_on_within_the_usual_limits() {
    slow_clients(1_000, &[], Duration::from_mins(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs 20,000 open files: make torture"]
async fn ten_thousand_connections_are_more_than_there_may_be_and_keep_nobody_out() {
    more_than_there_may_be(10_000, 1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_there_may_be_keep_nobody_out() {
    more_than_there_may_be(300, 50).await;
}

const WRITE: &str = "mutation { recordRelease(input: {}) { ok } }";

async fn assert_writes(caller: &Caller) {
    let answer = caller.send(WRITE, &json!({})).await;
    assert_eq!(answer["data"]["recordRelease"]["ok"], true, "{answer:#}");
}

/// So many clients send a head, and as many a body, one byte at a time. `limit` is the longer one of
/// those that end it.
async fn slow_clients(count: usize, arguments: &[&str], limit: Duration) {
    const HEAD: &str = "POST /graphql HTTP/1.1\r\nhost: orlo\r\n\
        content-type: application/json\r\ncontent-length: 100000\r\n";
    let storage = TestDatabase::migrated(Backend::Sqlite);
    let process = Process::start(storage.url(), arguments).await;
    let (mut heads, mut bodies) = (JoinSet::new(), JoinSet::new());
    for _ in 0..count {
        let connect = || TcpStream::connect(process.address());
        let (head, body) = (connect().await.unwrap(), connect().await.unwrap());
        heads.spawn(drip(head, "", HEAD));
        bodies.spawn(drip(body, &HEAD[..HEAD.len()], "\r\n{\"query\": \""));
    }
    let caller = process.caller();
    let began = Instant::now();
    for _ in 0..20 {
        assert_writes(&caller).await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(10),
        "{:?}",
        began.elapsed()
    );
    let patience = limit + PATIENCE;
    let hung_up = timeout(patience, heads.join_all()).await.unwrap();
    for answer in hung_up {
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    for answer in timeout(patience, bodies.join_all()).await.unwrap() {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 408"), "{answer}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["errors"][0]["extensions"]["code"], "TIMEOUT", "{body}");
    }
    assert_writes(&caller).await;
    process.stop().await;
}

/// Sends `at_once`, then `slowly` one byte at a time and again from the start, until the server has
/// hung up. Returns its answer.
async fn drip(stream: TcpStream, at_once: &str, slowly: &'static str) -> String {
    let (mut from, mut to) = stream.into_split();
    to.write_all(at_once.as_bytes()).await.unwrap();
    let sending = tokio::spawn(async move {
        // What is said again is another header, or more of the body.
        for byte in slowly.bytes().cycle() {
            if to.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(PAUSE).await;
        }
    });
    let mut answer = Vec::new();
    // The connection may break, because the server has not read everything.
    let _ = from.read_to_end(&mut answer).await;
    sending.abort();
    String::from_utf8(answer).unwrap()
}

/// Opens connections that say nothing, many more than there may be. Each gets its turn and loses it.
async fn more_than_there_may_be(count: usize, limit: usize) {
    let storage = TestDatabase::migrated(Backend::Sqlite);
    let maximum = limit.to_string();
    let limits = ["--max-connections", &maximum, "--header-timeout", "2s"];
    let process = Process::start(storage.url(), &limits).await;
    let address = process.address().to_owned();
    let mut crowd = JoinSet::new();
    for _ in 0..count {
        let address = address.clone();
        crowd.spawn(async move {
            // The system may not have room for it.
            let Ok(mut stream) = TcpStream::connect(address).await else {
                return;
            };
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
    }
    let caller = process.caller();
    let mut most = 0;
    for _ in 0..5 {
        assert_writes(&caller).await;
        let files = fs::read_dir(format!("/proc/{}/fd", process.id())).unwrap();
        most = most.max(files.count());
    }
    // Those of the database and of the runtime are few.
    assert!(most <= limit + 100, "{most} open files");
    crowd.abort_all();
    assert_writes(&caller).await;
    process.stop().await;
}
