//! How much may be done over sockets and streams: no more than by other requests.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::changes::eager;
use super::socket::Socket;
use super::subscriber::EventStream;
use crate::app::{Answer, Listening, TestApp, on_both_databases};
use crate::builders::release;
use crate::database::Backend;
use crate::limits::{post, with_limits};
use crate::process::until;

on_both_databases!(
    what_takes_too_long_over_sockets_and_streams_is_given_up,
    a_mutation_over_a_socket_takes_a_place,
    a_mutation_over_a_stream_takes_a_place,
    a_full_server_takes_no_further_subscription,
    a_full_socket_takes_no_further_operation,
);

const RECORD: &str = "mutation { createRelease(input: {}) { ok } }";
const SERVER: &str = "{ server { version } }";

/// Has every change wait until the end of the transaction that is returned.
async fn hold_up_changes(app: &TestApp) -> DatabaseTransaction {
    // On SQLite, nothing more is needed.
    let transaction = app.database().begin().await.unwrap();
    if app.backend() == Backend::Postgres {
        let lock = "LOCK TABLE release IN EXCLUSIVE MODE";
        transaction.execute_unprepared(lock).await.unwrap();
    }
    transaction
}

async fn open_socket(server: &Listening) -> Socket {
    Socket::open(&server.address().to_string(), &Value::Null).await
}

/// Sends an operation to `/graphql/stream`; nothing is read of the answer but its head.
async fn stream(app: &TestApp, query: &str) -> Response {
    let body = json!({ "query": query }).to_string();
    let request = Request::post("/graphql/stream").header("content-type", "application/json");
    let request = request.body(Body::from(body)).unwrap();
    app.router().clone().oneshot(request).await.unwrap()
}

/// The first event of a stream.
async fn first_event(answer: Response) -> Value {
    assert_eq!(answer.status(), StatusCode::OK);
    let (_, event) = EventStream::new(answer.into_body()).next().await.unwrap();
    event
}

fn code(errors: &Value) -> &str {
    errors[0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// The socket must be told that this operation is too much.
async fn assert_refused(socket: &mut Socket, id: &str, message: &str) {
    let told = socket.next().await;
    assert_eq!(told["type"], "error", "{told:#}");
    assert_eq!(told["id"], id, "{told:#}");
    assert_eq!(code(&told["payload"]), "LIMIT_EXCEEDED", "{told:#}");
    assert_eq!(told["payload"][0]["message"], message);
}

/// The socket must be told data of this operation.
async fn assert_answered(socket: &mut Socket, id: &str) {
    let told = socket.next().await;
    assert_eq!(told["type"], "next", "{told:#}");
    assert_eq!(told["id"], id, "{told:#}");
    assert!(told["payload"].get("errors").is_none(), "{told:#}");
}

/// Requests by HTTP must be told to come back later.
async fn assert_busy(app: &TestApp) {
    let over_stream = stream(app, SERVER).await;
    assert_eq!(over_stream.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(over_stream.headers()["retry-after"], "1");
    let answer: Answer = post(app, &json!({ "query": SERVER })).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
}

async fn what_takes_too_long_over_sockets_and_streams_is_given_up(app: TestApp) {
    let follow = eager(&app).await;
    let impatient = with_limits(&app, |limits| {
        limits.request_timeout = Duration::from_millis(200);
    });
    let server = impatient.listen().await;
    let mut socket = open_socket(&server).await;
    let mut following = EventStream::new(stream(&impatient, &follow).await.into_body());
    following.next().await.unwrap();
    socket.start("following", &follow).await;
    assert_answered(&mut socket, "following").await;

    let held_up = hold_up_changes(&app).await;
    socket.start("1", RECORD).await;
    let told = socket.next().await;
    assert_eq!(told["type"], "error", "{told:#}");
    assert_eq!(code(&told["payload"]), "TIMEOUT", "{told:#}");
    let told = first_event(stream(&impatient, RECORD).await).await;
    assert_eq!(code(&told["errors"]), "TIMEOUT", "{told:#}");
    held_up.rollback().await.unwrap();

    // Neither was made. The socket goes on, and so does what has been followed for longer.
    socket.start("1", "{ releases { totalCount } }").await;
    let told = socket.next().await;
    let data = json!({"releases": {"totalCount": 2}});
    assert_eq!(told["payload"]["data"], data, "{told:#}");
    assert_eq!(socket.next().await["type"], "complete");
    release().record(&app).await;
    assert_answered(&mut socket, "following").await;
    following.next().await.unwrap();
}

async fn a_mutation_over_a_socket_takes_a_place(app: TestApp) {
    let follow = eager(&app).await;
    let narrow = with_limits(&app, |limits| limits.concurrent_requests = 1);
    let server = narrow.listen().await;
    let mut socket = open_socket(&server).await;
    let held_up = hold_up_changes(&app).await;
    socket.start("1", RECORD).await;
    // What is said first is dealt with first.
    socket.start("2", SERVER).await;
    let busy = "the server is busy with 1 operations, which is the limit";
    assert_refused(&mut socket, "2", busy).await;
    assert_busy(&narrow).await;
    // Subscriptions wait most of the time, and have places of their own.
    let mut other = open_socket(&server).await;
    other.start("1", &follow).await;
    assert_answered(&mut other, "1").await;
    held_up.rollback().await.unwrap();
    assert_answered(&mut socket, "1").await;
    assert_eq!(socket.next().await["type"], "complete");
    for _ in 0..3 {
        socket.start("1", SERVER).await;
        assert_answered(&mut socket, "1").await;
        assert_eq!(socket.next().await["type"], "complete");
        let answer = post(&narrow, &json!({ "query": SERVER })).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
}

async fn a_mutation_over_a_stream_takes_a_place(app: TestApp) {
    let narrow = with_limits(&app, |limits| limits.concurrent_requests = 1);
    let server = narrow.listen().await;
    let mut socket = open_socket(&server).await;
    let held_up = hold_up_changes(&app).await;
    let answer = stream(&narrow, RECORD).await;
    assert_busy(&narrow).await;
    socket.start("1", SERVER).await;
    let busy = "the server is busy with 1 operations, which is the limit";
    assert_refused(&mut socket, "1", busy).await;
    // Whoever leaves gives up the place.
    drop(answer);
    socket.start("1", SERVER).await;
    assert_answered(&mut socket, "1").await;
    held_up.rollback().await.unwrap();
    for query in [RECORD, SERVER] {
        let told = first_event(stream(&narrow, query).await).await;
        assert!(told.get("errors").is_none(), "{told:#}");
    }
}

async fn a_full_server_takes_no_further_subscription(app: TestApp) {
    let follow = eager(&app).await;
    let small = with_limits(&app, |limits| limits.subscriptions = 2);
    let server = small.listen().await;
    let mut socket = open_socket(&server).await;
    let mut other = open_socket(&server).await;
    let over_stream = stream(&small, &follow).await;
    assert_eq!(over_stream.status(), StatusCode::OK);
    socket.start("1", &follow).await;
    assert_answered(&mut socket, "1").await;

    let full = "there are 2 subscriptions open, which is the limit";
    for socket in [&mut socket, &mut other] {
        socket.start("2", &follow).await;
        assert_refused(socket, "2", full).await;
    }
    let refused = stream(&small, &follow).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");
    // Everything else goes on.
    assert_eq!(stream(&small, SERVER).await.status(), StatusCode::OK);

    // There is room again when one has ended, in whichever way.
    drop(over_stream);
    socket.start("2", &follow).await;
    assert_answered(&mut socket, "2").await;
    socket.complete("1").await;
    socket.start("1", &follow).await;
    assert_answered(&mut socket, "1").await;
    drop(socket);
    until("the places of a socket that is gone are free", async || {
        stream(&small, &follow).await.status() == StatusCode::OK
    })
    .await;
}

async fn a_full_socket_takes_no_further_operation(app: TestApp) {
    let follow = eager(&app).await;
    let small = with_limits(&app, |limits| limits.socket_operations = 2);
    let server = small.listen().await;
    let mut socket = open_socket(&server).await;
    for id in ["1", "2"] {
        socket.start(id, &follow).await;
        assert_answered(&mut socket, id).await;
    }
    for query in [&follow, SERVER] {
        socket.start("3", query).await;
        let full = "2 operations are under way here, which is the limit";
        assert_refused(&mut socket, "3", full).await;
    }
    let mut other = open_socket(&server).await;
    other.start("1", &follow).await;
    assert_answered(&mut other, "1").await;
    socket.complete("1").await;
    socket.start("3", SERVER).await;
    assert_answered(&mut socket, "3").await;
}
