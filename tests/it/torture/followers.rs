//! Subscribers, while the processes that tell them and the database die and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::server::Server;
use crate::clients;
use crate::database::{Backend, TestDatabase};
use crate::live::changes::BARE;
use crate::live::socket::{Heard, Socket};
use crate::postgres;
use crate::process::{Caller, PATIENCE, Process, until};

/// Callers that write at the same moment.
const WRITERS: usize = 6;

/// How many releases are recorded between two misfortunes.
const BETWEEN: usize = 60;

/// Events that each of them makes.
const EVENTS_EACH: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_hear_of_everything_once_and_in_order_whatever_dies() {
    follow_through_trouble(1).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes long: make torture"]
async fn subscribers_hear_of_everything_once_and_in_order_whatever_dies_ten_times() {
    follow_through_trouble(10).await;
}

/// Clients that people use, as docs/live.md has them come back.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_come_back_with_their_cursor_miss_nothing() {
    const ROUNDS: usize = 3;
    let storage = TestDatabase::migrated(Backend::Sqlite);
    let mut process = start(None, storage.url()).await;
    record(&process.caller(), "first").await;
    let first = end(&process.caller()).await;
    let expected = ROUNDS * 2 * EVENTS_EACH;
    let address = process.address().to_owned();
    let follow = |kind: &str, url: String| {
        let arguments = [kind, &url, first.as_str().unwrap(), &expected.to_string()];
        let child = clients::command("resume.mjs", &arguments).spawn().unwrap();
        tokio::spawn(timeout(PATIENCE, child.wait_with_output()))
    };
    let following = [
        follow("ws", format!("ws://{address}/graphql/ws")),
        follow("sse", format!("http://{address}/graphql/stream")),
    ];
    for round in 0..ROUNDS {
        // While the clients are there, where they have come back already, and while they are not.
        record(&process.caller(), &format!("before {round}")).await;
        process = killed_and_started(process, storage.url()).await;
        record(&process.caller(), &format!("after {round}")).await;
    }
    let all = all_behind(&process.caller(), first).await;
    let cursors = all
        .iter()
        .map(|(_, cursor)| format!("{}\n", cursor.as_str().unwrap()));
    let cursors: String = cursors.collect();
    for output in following {
        let output = output.await.unwrap().unwrap().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), cursors);
    }
    process.stop().await;
}

/// What a subscriber was told: events and their cursors.
type Seen = Vec<(Value, Value)>;

const WRITE: &str =
    "mutation ($input: CreateReleaseInput!) { createRelease(input: $input) { ok } }";
const END: &str = "{ events(last: 1) { pageInfo { endCursor } } }";
const EVENTS: &str = "query ($after: String) {
    events(first: 1000, after: $after) { edges { cursor node { id } } }
}";

/// Two processes write and tell. In each round each of them is killed once, and the database ends
/// once in good order and once as in a crash.
async fn follow_through_trouble(rounds: usize) {
    if postgres::is_off() {
        return;
    }
    let mut server = Server::start_new().await;
    let url = server.url();
    let mut one = start(None, &url).await;
    let mut other = start(None, &url).await;
    let addresses = [&one, &other].map(|process| process.address().to_owned());
    let callers = [one.caller(), other.caller()];
    record(&callers[0], "first").await;
    let first = end(&callers[0]).await;

    let releases = rounds * 4 * BETWEEN;
    let expected = releases * EVENTS_EACH;
    let subscribers = subscribe(&callers, &addresses, &first, expected);
    let done = Arc::new(AtomicUsize::new(0));
    let writers = write(&callers, releases, &done);
    let mut goal = 0;
    let mut next = async || {
        goal += BETWEEN;
        let is_reached = async || done.load(Ordering::SeqCst) >= goal;
        until("releases are recorded", is_reached).await;
    };
    for _ in 0..rounds {
        // In the middle of writing, always.
        one = killed_and_started(one, &url).await;
        next().await;
        restart(&mut server, "immediate").await;
        next().await;
        other = killed_and_started(other, &url).await;
        next().await;
        restart(&mut server, "fast").await;
        next().await;
    }
    writers.join_all().await;

    let all = all_behind(&callers[1], first).await;
    assert_eq!(all.len(), expected);
    for seen in timeout(PATIENCE, subscribers.join_all()).await.unwrap() {
        assert!(
            seen == all,
            "a subscriber was told other events than there are"
        );
    }
    one.stop().await;
    other.stop().await;
}

/// Subscribers of both processes, half of them over streams and half over sockets.
fn subscribe(
    callers: &[Caller; 2],
    addresses: &[String; 2],
    first: &Value,
    expected: usize,
) -> JoinSet<Seen> {
    let mut subscribers = JoinSet::new();
    for number in 0..8 {
        let place = number % 2;
        let follower = Follower {
            address: addresses[place].clone(),
            after: first.clone(),
            seen: Seen::new(),
            expected,
        };
        if number < 4 {
            subscribers.spawn(follower.over_streams(callers[place].clone()));
        } else {
            subscribers.spawn(follower.over_sockets());
        }
    }
    subscribers
}

/// Callers of both processes, who record so many releases together.
fn write(callers: &[Caller; 2], releases: usize, done: &Arc<AtomicUsize>) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (caller, done) = (callers[writer % 2].clone(), Arc::clone(done));
        writers.spawn(async move {
            for number in (writer..releases).step_by(WRITERS) {
                record(&caller, &number.to_string()).await;
                done.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    writers
}

async fn start(address: Option<&str>, url: &str) -> Process {
    let arguments = ["--database-timeout", "1s"];
    match address {
        Some(address) => Process::start_at(address, url, &arguments).await,
        None => Process::start(url, &arguments).await,
    }
}

/// `kill -9`, and another one in its place.
async fn killed_and_started(process: Process, url: &str) -> Process {
    let address = process.address().to_owned();
    process.kill().await;
    start(Some(&address), url).await
}

async fn restart(server: &mut Server, mode: &str) {
    server.stop(mode).await;
    server.start().await;
}

/// Records a release, again and again until that is confirmed.
async fn record(caller: &Caller, external_id: &str) {
    let package = json!({"name": "api", "version": "1"});
    let input = json!({ "input": {"externalId": external_id, "packages": package} });
    let recording = async {
        loop {
            let answer = caller.try_send(WRITE, &input).await;
            if answer.is_some_and(|answer| answer["data"]["createRelease"]["ok"] == true) {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, recording).await.unwrap();
}

/// The cursor of the last event.
async fn end(caller: &Caller) -> Value {
    let mut answer = caller.send(END, &json!({})).await;
    answer["data"]["events"]["pageInfo"]["endCursor"].take()
}

/// All events there are behind a cursor.
async fn all_behind(caller: &Caller, mut after: Value) -> Seen {
    let mut all = Seen::new();
    loop {
        let page = caller.send(EVENTS, &json!({ "after": after })).await;
        let edges = page["data"]["events"]["edges"].as_array().unwrap().clone();
        let Some(last) = edges.last() else {
            return all;
        };
        after = last["cursor"].clone();
        let event = |edge: Value| (edge["node"]["id"].clone(), edge["cursor"].clone());
        all.extend(edges.into_iter().map(event));
    }
}

/// Somebody who comes back with the last cursor whenever the connection breaks.
struct Follower {
    address: String,
    after: Value,
    seen: Seen,
    /// How many events there will be.
    expected: usize,
}

impl Follower {
    async fn over_streams(mut self, caller: Caller) -> Seen {
        while self.expects_more() {
            if let Some(mut events) = caller.try_follow(BARE, &self.variables()).await {
                while self.expects_more()
                    && let Some((_, answer)) = events.next().await
                    && self.takes(&answer)
                {}
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.seen
    }

    async fn over_sockets(mut self) -> Seen {
        while self.expects_more() {
            let socket = Socket::try_open(&self.address, &Value::Null).await;
            if let Some(mut socket) = socket
                && socket
                    .try_start("1", BARE, &self.variables())
                    .await
                    .is_some()
            {
                while self.expects_more()
                    && let Heard::Message(message) = socket.hear().await
                    && self.takes(&message["payload"])
                {}
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.seen
    }

    const fn expects_more(&self) -> bool {
        self.seen.len() < self.expected
    }

    fn variables(&self) -> Value {
        json!({ "after": self.after })
    }

    /// Notes the event that it is told of; false when it is told of none, but why there are no more
    /// now.
    fn takes(&mut self, answer: &Value) -> bool {
        let change = &answer["data"]["releaseChanged"];
        if !change.is_object() {
            return false;
        }
        self.after = change["cursor"].clone();
        let event = change["event"]["id"].clone();
        self.seen.push((event, self.after.clone()));
        true
    }
}
