//! PostgreSQL goes away and comes back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::server::Server;
use crate::postgres;
use crate::process::{Caller, Process, until};

/// Callers that write at the same moment.
const WRITERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn orlo_recovers_from_a_moment_without_postgres() {
    outage(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes long: make torture"]
async fn orlo_recovers_from_ten_seconds_without_postgres() {
    outage(Duration::from_secs(10)).await;
}

const WRITE: &str =
    "mutation ($input: RecordReleaseInput!) { recordRelease(input: $input) { ok } }";

async fn outage(duration: Duration) {
    if postgres::is_off() {
        return;
    }
    let mut server = Server::start_new().await;
    let process = Process::start(&server.url(), &["--database-timeout", "1s"]).await;
    let caller = process.caller();
    let (answered, failed) = (Names::default(), Names::default());
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (answered, failed) = (Arc::clone(&answered), Arc::clone(&failed));
        let (caller, stop) = (caller.clone(), Arc::clone(&stop));
        writers.spawn(async move {
            for number in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let name = format!("{writer}-{number}");
                let is_written = write(&caller, &name).await;
                let list = if is_written { &answered } else { &failed };
                list.lock().unwrap().push(name);
            }
        });
    }
    let grow = async |list: &Names, by: usize| {
        let enough = list.lock().unwrap().len() + by;
        until("writes end", async || list.lock().unwrap().len() >= enough).await;
    };

    grow(&answered, 50).await;
    server.stop("immediate").await;
    let stopped = Instant::now();
    // Every caller is told, and soon.
    grow(&failed, WRITERS).await;
    assert_eq!(caller.status("/readyz").await, Some(503));
    assert_eq!(caller.status("/healthz").await, Some(200));
    tokio::time::sleep_until(stopped + duration).await;
    server.start().await;
    grow(&answered, 50).await;
    assert_eq!(caller.status("/readyz").await, Some(200));
    stop.store(true, Ordering::SeqCst);
    writers.join_all().await;

    let answered = answered.lock().unwrap().clone();
    for names in answered.chunks(500) {
        let found = caller.send(FIND, &json!({ "names": names })).await;
        let count = &found["data"]["releases"]["totalCount"];
        assert_eq!(*count, names.len(), "{found:#}");
    }
    process.stop().await;
}

type Names = Arc<Mutex<Vec<String>>>;

const FIND: &str = "query ($names: [String!]) {
    releases(filter: { externalId: { in: $names } }) { totalCount }
}";

/// Whether the write was answered with success; a failure must be told clearly and tell no more.
async fn write(caller: &Caller, name: &str) -> bool {
    let input = json!({"externalId": name, "packages": {"name": "api", "version": "1"}});
    let answer = caller.send(WRITE, &json!({ "input": input })).await;
    if answer["data"]["recordRelease"]["ok"] == true {
        return true;
    }
    let error: &Value = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "INTERNAL", "{answer:#}");
    let message = "the database cannot be reached; try again later";
    assert_eq!(error["message"], message, "{answer:#}");
    false
}
