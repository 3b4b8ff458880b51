//! Subscriptions as clients that people use make them.

use std::process::Stdio;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use orlo::http::Live;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::subscriber::{PATIENCE, Subscriber};
use crate::app::{Listening, TestApp, on_both_databases};
use crate::builders::release;
use crate::clients;

on_both_databases!(
    graphql_ws_follows_releases,
    graphql_sse_follows_releases,
    curl_follows_releases,
    right_and_wrong_uses_of_the_socket_are_told_apart,
    sockets_and_streams_end_when_the_server_stops,
    a_silent_stream_shows_that_it_lives,
    streams_are_asked_for_like_other_requests,
);

/// Where the sockets of `server` are.
fn sockets(server: &Listening) -> String {
    server.url("/graphql/ws").replace("http://", "ws://")
}

/// Records something and returns the cursor behind it.
async fn begin(app: &TestApp) -> String {
    release().record(app).await;
    let data = app
        .query("{ events(last: 1) { pageInfo { endCursor } } }", json!({}))
        .await;
    data["events"]["pageInfo"]["endCursor"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Lets a script follow while releases are recorded.
async fn follows(app: TestApp, script: &str, url: impl Fn(&Listening) -> String) {
    let after = begin(&app).await;
    let server = app.listen().await;
    release().user("missed").record(&app).await;
    let mut child = clients::command(script, &[&url(&server), &after, "3"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = async || timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
    assert_eq!(line().await.unwrap(), "RELEASE_CREATED missed");
    release()
        .user("live")
        .package("api", "1")
        .record(&app)
        .await;
    assert_eq!(line().await.unwrap(), "RELEASE_CREATED live");
    assert_eq!(line().await.unwrap(), "PACKAGE_ADDED live");
    assert_eq!(line().await, None);
    assert!(child.wait().await.unwrap().success());
}

async fn graphql_ws_follows_releases(app: TestApp) {
    follows(app, "follow-ws.mjs", sockets).await;
}

async fn graphql_sse_follows_releases(app: TestApp) {
    follows(app, "follow-sse.mjs", |server| {
        server.url("/graphql/stream")
    })
    .await;
}

async fn curl_follows_releases(app: TestApp) {
    let after = begin(&app).await;
    let server = app.listen().await;
    let query =
        format!("subscription {{ releaseChanged(after: \"{after}\") {{ release {{ user }} }} }}");
    let mut child = Command::new("curl")
        .args([
            "-sS",
            "-N",
            "-G",
            "--compressed",
            "-D",
            "-",
            &server.url("/graphql/stream"),
        ])
        .args(["--data-urlencode", &format!("query={query}")])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (head, mut lines) = head(&mut child).await;
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    assert!(
        head.contains("\ncontent-type: text/event-stream\n"),
        "{head}"
    );
    assert!(!head.contains("content-encoding"), "{head}");
    let mut line = async || {
        timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    };
    assert_eq!(line().await, ":");
    assert_eq!(line().await, "");
    for user in ["ann", "bob"] {
        release().user(user).record(&app).await;
        assert_eq!(line().await, "event: next");
        let data = json!({"data": {"releaseChanged": {"release": {"user": user}}}});
        let told = line().await;
        let told: Value = serde_json::from_str(told.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(told, data);
        assert_eq!(line().await, "");
    }
}

async fn head(child: &mut Child) -> (String, tokio::io::Lines<BufReader<ChildStdout>>) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut head: Vec<String> = Vec::new();
    loop {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        match line.unwrap().trim_end() {
            "" => return (head.join("\n"), lines),
            line => head.push(line.to_owned()),
        }
    }
}

async fn right_and_wrong_uses_of_the_socket_are_told_apart(app: TestApp) {
    let mut live = Live::default();
    live.timing.init = Duration::from_secs(1);
    live.timing.keep_alive = Duration::from_secs(2);
    let server = app.with_live(live).listen().await;
    let output = clients::run("protocol.mjs", &[&sockets(&server)]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let expected = r#"no subprotocol: 4406 Subprotocol not acceptable
another subprotocol: error Server sent no subprotocol 1006
no init: 4408 Connection initialisation timeout
no JSON: 4400 The message must be a JSON object
no object: 4400 The message must be a JSON object
no type: 4400 The message has no type
unknown type: 4400 There is no message type start
binary: 4400 Messages must be text
init with a text: 4400 The payload must be an object
a text with a ping: 4400 The payload must be an object
a list with a pong: 4400 The payload must be an object
what servers say: 4400 There is no message type connection_ack
two inits: connection_ack 4429 Too many initialisation requests
two inits at once: connection_ack 4429 Too many initialisation requests
subscribe before init: 4401 Unauthorized
subscribe without id: connection_ack 4400 The message has no id
subscribe with a number as id: connection_ack 4400 The message has no id
subscribe with variables that are none: connection_ack 4400 "variables" must be an object
subscribe without payload: connection_ack 4400 The payload of subscribe must be an object
subscribe without query: connection_ack 4400 the parameter "query" is missing
complete without id: connection_ack 4400 The message has no id
the same id twice: connection_ack 4409 Subscriber for 1 already exists
too large: connection_ack closed
an id again after complete: connection_ack next:1:{"__typename":"Query"} complete:1
an id again after an error: connection_ack error:1:"BAD_REQUEST" next:1:{"__typename":"Query"} complete:1
nothing after complete: connection_ack pong
complete of nothing: connection_ack pong
ping before init: pong:{"a":1}
pong before init: pong
pong: connection_ack pong
the server pings: connection_ack ping
who is silent: connection_ack ping ping 1006
frames of the lower protocol: connection_ack PONG ping
a client that ends: 1000
a client that ends later: connection_ack next:1:{"__typename":"Query"} complete:1 1000
nulls: connection_ack next:n:{"__typename":"Query"} complete:n
query: connection_ack next:q:{"b":"Query"} complete:q
mutation: connection_ack next:m:{"createRelease":{"ok":true}} complete:m
does not validate: connection_ack error:v:"BAD_REQUEST"
does not parse: connection_ack error:p:"BAD_REQUEST"
a cursor that is none: connection_ack error:c:"BAD_REQUEST"
a page of this host: connection_ack
a page from elsewhere: status 403
"#;
    assert_eq!(said, expected, "{said}");
}

async fn sockets_and_streams_end_when_the_server_stops(app: TestApp) {
    let stop = CancellationToken::new();
    let live = Live::until(stop.clone());
    let app = app.with_live(live.clone());
    let server = app.listen().await;
    let after = begin(&app).await;
    let query = "subscription ($after: String) { releaseChanged(after: $after) { cursor } }";
    let mut stream = Subscriber::start(&app, query, json!({"after": after}));
    release().record(&app).await;
    stream.next().await;
    let mut child = clients::command("closed.mjs", &[&sockets(&server)])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = async || {
        timeout(PATIENCE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap()
    };
    assert_eq!(line().await, "ready");
    stop.cancel();
    assert_eq!(line().await, "closed 1001 The server is stopping");
    // Not completed: whoever follows goes on with another process.
    assert_eq!(stream.event().await, None);
    timeout(PATIENCE, live.ended()).await.unwrap();
}

async fn a_silent_stream_shows_that_it_lives(app: TestApp) {
    use http_body_util::BodyExt as _;
    let mut live = Live::default();
    live.timing.keep_alive = Duration::from_millis(100);
    let app = app.with_live(live);
    let query = "subscription { releaseChanged { cursor } }";
    let mut body = super::subscriber::open(app.router().clone(), query, json!({})).await;
    for _ in 0..3 {
        let frame = timeout(PATIENCE, body.frame())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(frame.into_data().unwrap(), ":\n\n");
    }
}

async fn streams_are_asked_for_like_other_requests(app: TestApp) {
    let ask = |method: &str, path: &str, accept: &str, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", accept)
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let app = app.clone();
        async move { app.send(request).await }
    };
    let query = r#"{"query": "{ __typename }"}"#;
    let mutation = r#"{"query": "mutation { createRelease(input: {}) { ok } }"}"#;
    let stream = "/graphql/stream";
    let by_get = "/graphql/stream?query=%7B__typename%7D";
    let answer = ask("POST", stream, "text/event-stream", query).await;
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("x-accel-buffering"), "no");
    let expected = ":\n\nevent: next\ndata: {\"data\":{\"__typename\":\"Query\"}}\n\nevent: complete\ndata: \n\n";
    assert_eq!(answer.text(), expected);
    assert_eq!(ask("GET", by_get, "*/*", "").await.text(), expected);
    let answer = ask("POST", stream, "*/*", mutation).await;
    assert!(
        answer.text().contains(r#"{"createRelease":{"ok":true}}"#),
        "{answer:?}"
    );
    let unreadable = ask("POST", stream, "*/*", r#"{"query": "{"}"#).await;
    assert_eq!(unreadable.status, StatusCode::OK);
    assert!(
        unreadable.text().contains("\"code\":\"BAD_REQUEST\""),
        "{unreadable:?}"
    );
    let other = "/graphql/stream?query=mutation%7BcreateRelease(input:%7B%7D)%7Bok%7D%7D";
    for (answer, status) in [
        (ask("POST", stream, "application/json", query).await, 406),
        (ask("POST", stream, "*/*", "no").await, 400),
        (ask("GET", stream, "*/*", "").await, 400),
        (ask("GET", other, "*/*", "").await, 405),
        (ask("PUT", stream, "*/*", query).await, 405),
        (ask("GET", "/graphql/ws", "*/*", "").await, 426),
    ] {
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        let code = &answer.json()["errors"][0]["extensions"]["code"];
        assert_eq!(*code, "BAD_REQUEST");
    }
}
