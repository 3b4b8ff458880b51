//! A log that nobody reads.

use serde_json::json;

use crate::database::{Backend, TestDatabase};
use crate::process::{Process, until};

const WRITE: &str = "mutation { recordRelease(input: {}) { ok } }";

/// Writes, which the log is told of, and ends it.
async fn write_and_stop(process: Process) {
    for _ in 0..3 {
        let answer = process.caller().send(WRITE, &json!({})).await;
        assert_eq!(answer["data"]["recordRelease"]["ok"], true, "{answer:#}");
    }
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_log_is_read_no_further_works_and_stops() {
    let storage = TestDatabase::migrated(Backend::Sqlite);
    let mut process = Process::start(storage.url(), &["--slow-query", "1ns"]).await;
    let answer = process.caller().send(WRITE, &json!({})).await;
    assert_eq!(answer["data"]["recordRelease"]["ok"], true, "{answer:#}");
    let is_logged = async || process.log().contains("a slow operation");
    until("the log is read", is_logged).await;
    process.hang_up().await;
    write_and_stop(process).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_log_works_and_stops() {
    let storage = TestDatabase::migrated(Backend::Sqlite);
    write_and_stop(Process::start_mute(storage.url()).await).await;
}
