//! A disk without room for more.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Caller, Process, is_root, until};

/// Where the small disk is, as Orlo sees it; nobody else does.
const MOUNT: &str = "/mnt";
/// Bytes of the disk that something else than Orlo takes.
const FILLER: usize = 3 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_loses_nothing_and_is_survived() {
    // In a world of its own, so that nothing is left mounted, however the test ends.
    let mount = format!("mount -t tmpfs -o size=8m tmpfs {MOUNT} && exec \"$@\"");
    let mut within = vec!["unshare", "--mount"];
    if !is_root() {
        within.push("--map-root-user");
    }
    if !may_mount(&within) {
        println!("skipped: this machine lets the test mount nothing");
        return;
    }
    within.extend(["sh", "-c", &mount, "sh"]);
    let url = format!("sqlite://{MOUNT}/orlo.db");
    let process = Process::start_within(&within, &url, &[]).await;
    let caller = process.caller();
    let filler = PathBuf::from(format!("/proc/{}/root{MOUNT}/filler", process.id()));
    fs::write(&filler, vec![1; FILLER]).unwrap();

    let mut answered = Vec::new();
    let refused = loop {
        let name = format!("{}", answered.len());
        let answer = write(&caller, &name).await;
        if answer["data"]["recordRelease"]["ok"] != true {
            break answer;
        }
        answered.push(name);
        assert!(answered.len() < 10_000, "the disk is never full");
    };
    assert!(answered.len() > 5, "{refused:#}");
    assert_eq!(
        refused["errors"][0]["message"], "internal error",
        "{refused:#}"
    );
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INTERNAL");

    // Questions are answered all the while, and what was recorded is there.
    assert_eq!(count(&caller).await, answered.len());
    fs::remove_file(&filler).unwrap();
    until("there is room again", async || {
        write(&caller, "again").await["data"]["recordRelease"]["ok"] == true
    })
    .await;
    assert_eq!(count(&caller).await, answered.len() + 1);
    process.stop().await;
}

/// Records a release that takes some room.
async fn write(caller: &Caller, name: &str) -> Value {
    let query = "mutation ($input: RecordReleaseInput!) { recordRelease(input: $input) { ok } }";
    let input = json!({"externalId": name, "notes": "x".repeat(20_000)});
    caller.send(query, &json!({ "input": input })).await
}

async fn count(caller: &Caller) -> usize {
    let answer = caller.send("{ releases { totalCount } }", &json!({})).await;
    let count = answer["data"]["releases"]["totalCount"].as_u64();
    usize::try_from(count.unwrap_or_else(|| panic!("{answer:#}"))).unwrap()
}

fn may_mount(within: &[&str]) -> bool {
    let try_it = format!("mount -t tmpfs -o size=1m tmpfs {MOUNT}");
    let output = Command::new(within[0])
        .args(&within[1..])
        .args(["sh", "-c", &try_it])
        .output();
    output.is_ok_and(|output| output.status.success())
}
