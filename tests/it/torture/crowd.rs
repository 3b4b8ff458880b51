//! Many clients at once that mean no good.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::database::{Backend, TestDatabase};
use crate::process::{PATIENCE, Process};

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_idle_connections_keep_nobody_waiting() {
    crowd(500).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs 20,000 open files: make torture"]
async fn ten_thousand_idle_connections_keep_nobody_waiting() {
    crowd(10_000).await;
}

const WRITE: &str = "mutation { recordRelease(input: {}) { ok } }";

/// Opens many connections that say nothing, or half a request; others are answered all the while.
async fn crowd(count: usize) {
    let storage = TestDatabase::migrated(Backend::Sqlite);
    let process = Process::start(storage.url(), &[]).await;
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        let connected = timeout(PATIENCE, TcpStream::connect(process.address())).await;
        let mut connection = connected.unwrap().unwrap();
        if number % 2 == 0 {
            // The server may have closed it already.
            let _ = connection
                .write_all(b"POST /graphql HTTP/1.1\r\nHost: orlo\r\n")
                .await;
        }
        connections.push(connection);
    }
    let started = Instant::now();
    let answer = process.caller().send(WRITE, &json!({})).await;
    assert_eq!(answer["data"]["recordRelease"]["ok"], true, "{answer:#}");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    drop(connections);
    assert_eq!(process.caller().status("/readyz").await, Some(200));
    process.stop().await;
}
