//! What subscribers take who wait for something to happen.

use std::fs;

use serde_json::{Value, json};

use crate::database::{Backend, TestDatabase};
use crate::live::changes::BARE;
use crate::live::socket::Socket;
use crate::live::subscriber::EventStream;
use crate::process::Process;

/// Subscribers in all.
const COUNT: usize = 2_000;

/// Memory that they may take, in KiB.
const LIMIT: usize = 100_000_000 / 1024;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of the release binary: make memory"]
async fn two_thousand_idle_subscribers_take_less_than_100_mb() {
    if std::env::var_os("ORLO_TEST_BINARY").is_none() {
        // What is built for tests takes more.
        return;
    }
    for (sockets, streams) in [(COUNT, 0), (0, COUNT), (COUNT / 2, COUNT / 2)] {
        let (before, after) = measure(sockets, streams).await;
        let taken = after - before;
        let each = taken / COUNT;
        eprintln!(
            "{sockets} over WebSocket, {streams} over SSE: {before} KiB before, {after} KiB after, {each} KiB each"
        );
        assert!(taken < LIMIT, "{taken} KiB");
    }
}

/// Memory of a process that has just been started, and with so many subscribers.
async fn measure(sockets: usize, streams: usize) -> (usize, usize) {
    let storage = TestDatabase::migrated(Backend::Sqlite);
    let process = Process::start(storage.url(), &[]).await;
    let before = resident(&process);
    let caller = process.caller();
    let mut by_socket: Vec<Socket> = Vec::new();
    for _ in 0..sockets {
        let mut socket = Socket::open(process.address(), &Value::Null).await;
        socket.try_start("1", BARE, &json!({})).await.unwrap();
        by_socket.push(socket);
    }
    let mut by_stream: Vec<EventStream> = Vec::new();
    for _ in 0..streams {
        by_stream.push(caller.try_follow(BARE, &json!({})).await.unwrap());
    }
    let is_counted = async || subscribers(&process).await == sockets + streams;
    crate::process::until("all of them follow", is_counted).await;
    // Each has told something once: that takes memory too, and shows that they follow.
    let write = "mutation { recordRelease(input: {}) { ok } }";
    caller.send(write, &json!({})).await;
    for socket in &mut by_socket {
        assert_eq!(socket.next().await["type"], "next");
    }
    for stream in &mut by_stream {
        assert_eq!(stream.next().await.unwrap().0, "next");
    }
    let after = resident(&process);
    drop((by_socket, by_stream));
    process.stop().await;
    (before, after)
}

/// How many subscriptions the process says are open.
async fn subscribers(process: &Process) -> usize {
    let page = process.caller().page("/metrics").await;
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("orlo_subscribers "));
    line.unwrap().parse().unwrap()
}

/// Memory of the process that is not swapped out, in KiB.
fn resident(process: &Process) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
}
