//! `kill -9` in the middle of many writes at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::TestApp;
use crate::database::{Backend, TestDatabase};
use crate::postgres;
use crate::process::{Caller, Process, until};
use crate::rules::invariants;

/// Callers that write at the same moment.
const WRITERS: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9_on_sqlite() {
    kill_again_and_again(Backend::Sqlite, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9_on_postgres() {
    kill_again_and_again(Backend::Postgres, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make torture"]
async fn what_was_answered_survives_a_hundred_times_kill_9_on_sqlite() {
    kill_again_and_again(Backend::Sqlite, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make torture"]
async fn what_was_answered_survives_a_hundred_times_kill_9_on_postgres() {
    kill_again_and_again(Backend::Postgres, 100).await;
}

/// What callers were told, by external id: how far each release has come.
type Answered = Arc<Mutex<Vec<(String, Step)>>>;

/// The last step of a release that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Created,
    Started,
    Finished,
}

async fn kill_again_and_again(backend: Backend, times: usize) {
    if backend == Backend::Postgres && postgres::is_off() {
        return;
    }
    let storage = Arc::new(TestDatabase::migrated(backend));
    let answered = Answered::default();
    for round in 0..times {
        let process = Process::start(storage.url(), &[]).await;
        let before = answered.lock().unwrap().len();
        let mut writers = JoinSet::new();
        let sent = Arc::new(AtomicUsize::new(0));
        for writer in 0..WRITERS {
            let name = format!("{round}-{writer}");
            let answered = Arc::clone(&answered);
            writers.spawn(write(process.caller(), name, answered, Arc::clone(&sent)));
        }
        // At another moment of the writing each time.
        let enough = before + 20 + (round * 37) % 150;
        until("writes are answered", async || {
            answered.lock().unwrap().len() >= enough
        })
        .await;
        process.kill().await;
        writers.join_all().await;
        assert!(sent.load(Ordering::SeqCst) > answered.lock().unwrap().len() - before);
        // Reading everything takes its time, so not after each of many times.
        if times < 10 || round % 10 == 9 {
            check(&storage, &answered).await;
        }
    }
    eprintln!(
        "{times} times killed, {} writes answered",
        answered.lock().unwrap().len()
    );
}

/// Records releases step by step until nobody answers any more.
async fn write(caller: Caller, name: String, answered: Answered, sent: Arc<AtomicUsize>) {
    let packages = json!([{"name": "a", "version": "1"}, {"name": "b", "version": name}]);
    for number in 0.. {
        let id = format!("{name}-{number}");
        let create = json!({
            "externalId": id, "platforms": ["p1", "p2"], "references": ["R-1"],
            "notes": ["one", "two"], "metadata": {"k": id}, "packages": packages,
        });
        let inside = json!({"inRelease": {"release": {"externalId": id}, "name": "a"}});
        let finish = json!({"release": {"externalId": id}, "success": true});
        let steps = [
            (Step::Created, CREATE, create),
            (Step::Started, START, json!({ "package": inside })),
            (Step::Finished, FINISH, finish),
        ];
        for (step, mutation, input) in steps {
            sent.fetch_add(1, Ordering::SeqCst);
            let answer = caller.try_send(mutation, &json!({ "input": input })).await;
            let Some(answer) = answer else { return };
            assert_eq!(answer["data"]["payload"]["ok"], true, "{answer:#}");
            answered.lock().unwrap().push((id.clone(), step));
        }
    }
}

const CREATE: &str =
    "mutation ($input: CreateReleaseInput!) { payload: createRelease(input: $input) { ok } }";
const START: &str =
    "mutation ($input: StartPackageInput!) { payload: startPackage(input: $input) { ok } }";
const FINISH: &str =
    "mutation ($input: FinishReleaseInput!) { payload: finishRelease(input: $input) { ok } }";

/// Checks that all that was answered is there, and nothing by halves.
async fn check(storage: &Arc<TestDatabase>, answered: &Answered) {
    let app = TestApp::over(Arc::clone(storage)).await;
    let mut stored = std::collections::HashMap::new();
    let mut after = Value::Null;
    loop {
        let page = app.query(PAGE, json!({ "after": after })).await;
        let page = &page["releases"];
        for release in page["nodes"].as_array().unwrap() {
            let id = release["externalId"].as_str().unwrap();
            stored.insert(id.to_owned(), whole(release));
        }
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    for (id, step) in answered.lock().unwrap().iter() {
        let found = stored.get(id);
        assert!(
            found.is_some_and(|found| found >= step),
            "{id}: {step:?} was answered, {found:?} is there"
        );
    }
    invariants::check(&app).await;
    app.database().close().await.unwrap();
}

const PAGE: &str = "query ($after: String) {
    releases(first: 500, after: $after, orderBy: [{ field: CREATED_AT, direction: ASC }]) {
        pageInfo { hasNextPage endCursor }
        nodes {
            externalId finishedAt platformNames references metadata
            notes { text } packages { name status }
        }
    }
}";

/// How far a stored release has come; it must be so as a whole.
fn whole(release: &Value) -> Step {
    let id = &release["externalId"];
    assert_eq!(release["platformNames"], json!(["p1", "p2"]), "{release:#}");
    assert_eq!(release["references"], json!(["R-1"]), "{release:#}");
    assert_eq!(release["metadata"], json!({ "k": id }), "{release:#}");
    assert_eq!(
        release["notes"],
        json!([{"text": "one"}, {"text": "two"}]),
        "{release:#}"
    );
    let packages =
        |first| json!([{"name": "a", "status": first}, {"name": "b", "status": "NOT_STARTED"}]);
    let step = if release["finishedAt"].is_string() {
        (Step::Finished, "SUCCESSFUL")
    } else if release["packages"] == packages("IN_PROGRESS") {
        (Step::Started, "IN_PROGRESS")
    } else {
        (Step::Created, "NOT_STARTED")
    };
    assert_eq!(release["packages"], packages(step.1), "{release:#}");
    step.0
}
