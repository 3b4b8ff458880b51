//! Who may follow, and for how long.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use entity::TokenScope;
use orlo::service::token::{self, AnonymousAccess, NewToken};
use serde_json::json;
use tower::ServiceExt as _;

use super::changes::eager;
use super::socket::{Heard, Socket};
use super::subscriber::EventStream;
use crate::app::{Listening, TestApp, on_both_databases};
use crate::auth::{guarded, issue};
use crate::builders::release;
use crate::{clients, command};

on_both_databases!(
    a_token_opens_streams_and_sockets_as_far_as_it_goes,
    a_revoked_token_ends_what_it_has_opened_in_every_process,
    an_expired_token_ends_what_it_has_opened,
    tokens_are_looked_after_together,
);

/// Sends a subscription; nothing is read of the answer but its head.
async fn open(app: &TestApp, token: Option<&str>, query: &str) -> Response {
    let mut request = Request::post("/graphql/stream").header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = Body::from(json!({ "query": query }).to_string());
    let request = request.body(body).unwrap();
    app.router().clone().oneshot(request).await.unwrap()
}

/// A stream that has told something.
async fn open_stream(app: &TestApp, token: &str, query: &str) -> EventStream {
    let answer = open(app, Some(token), query).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let mut stream = EventStream::new(answer.into_body());
    assert_eq!(stream.next().await.unwrap().0, "next");
    stream
}

/// A socket, and over it a subscription that has told something.
async fn open_socket(server: &Listening, token: &str, query: Option<&str>) -> Socket {
    let address = server.address().to_string();
    let mut socket = Socket::open(&address, &json!({ "token": token })).await;
    if let Some(query) = query {
        socket.start("1", query).await;
        assert_eq!(socket.next().await["type"], "next");
    }
    socket
}

async fn a_token_opens_streams_and_sockets_as_far_as_it_goes(app: TestApp) {
    let token = issue(&app, "reader", TokenScope::Read).await;
    let query = eager(&app).await;
    let app = guarded(&app, AnonymousAccess::Nothing);
    for wrong in [None, Some("orlo_wrong")] {
        let answer = open(&app, wrong, &query).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{answer:?}");
    }
    open_stream(&app, &token, &query).await;

    let server = app.listen().await;
    let url = server.url("/graphql/ws").replace("http://", "ws://");
    let output = clients::run("token.mjs", &[&url, &token]).await;
    let expected =
        "nothing: 4403 a token is needed: send it as the header `Authorization: Bearer TOKEN`
wrong: 4403 the token is unknown, revoked or expired
payload: connection_ack next
token: connection_ack next
header: connection_ack next
mutation: connection_ack FORBIDDEN
";
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, expected, "{said}");
}

/// The token is revoked by a process of its own, as everywhere.
async fn a_revoked_token_ends_what_it_has_opened_in_every_process(app: TestApp) {
    let revoked = issue(&app, "revoked", TokenScope::Read).await;
    let stays = issue(&app, "stays", TokenScope::Read).await;
    let query = eager(&app).await;
    let (mut ending, mut closing) = (Vec::new(), Vec::new());
    let (mut staying, mut open_still) = (Vec::new(), Vec::new());
    let mut servers = Vec::new();
    for process in [&app, &app.sibling().await] {
        let process = guarded(process, AnonymousAccess::Nothing);
        let server = process.listen().await;
        ending.push(open_stream(&process, &revoked, &query).await);
        staying.push(open_stream(&process, &stays, &query).await);
        for query in [Some(query.as_str()), None] {
            closing.push(open_socket(&server, &revoked, query).await);
        }
        open_still.push(open_socket(&server, &stays, Some(&query)).await);
        servers.push((process, server));
    }
    let url = app.database_url().to_owned();
    let revoke = move || command::run(&["token", "revoke", "revoked", "--database-url", &url], "");
    let said = tokio::task::spawn_blocking(revoke).await.unwrap();
    said.ok();
    for mut stream in ending {
        // Without an event that it is complete: the client would take it for that.
        assert_eq!(stream.next().await, None);
    }
    for mut socket in closing {
        assert_eq!(socket.hear().await, Heard::Closed(Some(4403)));
    }
    // Other tokens are as good as before.
    release().record(&app).await;
    for mut stream in staying {
        assert_eq!(stream.next().await.unwrap().0, "next");
    }
    for mut socket in open_still {
        assert_eq!(socket.next().await["type"], "next");
    }
    for (process, _server) in servers {
        let answer = open(&process, Some(&revoked), &query).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
}

async fn an_expired_token_ends_what_it_has_opened(app: TestApp) {
    let new = NewToken {
        name: "brief".to_owned(),
        scope: TokenScope::Read,
        person: None,
        lifetime: Some(Duration::from_hours(1)),
    };
    let (_, secret) = token::create(app.service(), new).await.unwrap();
    let token = secret.reveal();
    let query = eager(&app).await;
    let reading = guarded(&app, AnonymousAccess::Reading);
    let server = reading.listen().await;
    let mut stream = open_stream(&reading, &token, &query).await;
    let mut socket = open_socket(&server, &token, Some(&query)).await;
    app.set_now("2026-03-01T12:59:59.999Z");
    release().record(&app).await;
    assert_eq!(stream.next().await.unwrap().0, "next");
    assert_eq!(socket.next().await["type"], "next");
    app.set_now("2026-03-01T13:00:00Z");
    assert_eq!(stream.next().await, None);
    assert_eq!(socket.hear().await, Heard::Closed(Some(4403)));
}

async fn tokens_are_looked_after_together(app: TestApp) {
    const STREAMS: usize = 100;
    let token = issue(&app, "many", TokenScope::Read).await;
    let query = eager(&app).await;
    let app = guarded(&app, AnonymousAccess::Nothing);
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open_stream(&app, &token, &query).await);
    }
    let before = app.statements();
    token::revoke(app.service(), "many").await.unwrap();
    for stream in &mut streams {
        assert_eq!(stream.next().await, None);
    }
    let cost = app.statements() - before;
    let many = u64::try_from(STREAMS).unwrap() / 2;
    assert!(cost < many, "{cost} statements for {STREAMS} streams");
}
