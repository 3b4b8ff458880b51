//! Messages to the socket.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::choices::{Choices, choices};
use super::document::operation;
use super::schema::{Known, Schema};
use super::values::{TEXTS, odd};
use super::{FEW, are_errors, is_result, seed, try_out};
use crate::app::{TestApp, on_both_databases, run};
use crate::database::Backend;

on_both_databases!(messages_are_answered);

async fn messages_are_answered(app: TestApp) {
    talks(&app, FEW / 4).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make torture"]
async fn many_messages_are_answered() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        run(backend, async |app| talks(&app, 2_500).await).await;
    }
}

/// Opens a socket for each case, says odd things and asks at last for something sound, unless the
/// server has closed it by then.
async fn talks(app: &TestApp, cases: u32) {
    seed(app).await;
    let (schema, known) = (Schema::of(app).await, Known::of(app).await);
    let server = app.listen().await;
    let url = server.url("/graphql/ws").replace("http://", "ws://");
    try_out(cases, choices(), async |made| {
        let mut choices = Choices::from(made);
        let mut request = url.as_str().into_client_request().unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (mut socket, _) = connect_async(request).await.unwrap();
        let mut messages = Vec::new();
        if !choices.once_in(8) {
            messages.push(Message::text(
                json!({"type": "connection_init"}).to_string(),
            ));
        }
        for _ in 0..choices.below(5) {
            messages.push(message(&schema, &known, &mut choices));
        }
        // Its answer shows that everything before it was met.
        messages.push(Message::text(r#"{"type":"ping","payload":{"last":true}}"#));
        for message in messages {
            // The server may have closed it already.
            let _ = socket.send(message).await;
        }
        while let Some(Ok(said)) = socket.next().await {
            match said {
                Message::Text(text) if is_last(&text) => break,
                Message::Text(text) => check(&text),
                Message::Close(frame) => {
                    let code = u16::from(frame.unwrap().code);
                    assert!((4400..4500).contains(&code), "closed with {code}");
                    break;
                }
                _ => {}
            }
        }
    });
}

fn is_last(text: &str) -> bool {
    let said: Value = serde_json::from_str(text).unwrap();
    said["type"] == "pong" && said["payload"]["last"] == true
}

fn check(text: &str) {
    let said: Value = serde_json::from_str(text).unwrap();
    match said["type"].as_str().unwrap() {
        "next" => assert!(is_result(&said["payload"]), "{said}"),
        "error" => assert!(are_errors(&said["payload"]), "{said}"),
        "connection_ack" | "ping" | "pong" | "complete" => {}
        _ => panic!("{said}"),
    }
}

fn message(schema: &Schema, known: &Known, choices: &mut Choices) -> Message {
    let text = match choices.below(10) {
        0..5 => {
            let operation = operation(schema, known, choices);
            let payload = json!({"query": operation.query, "variables": operation.variables});
            let id = choices.below(3).to_string();
            json!({"id": id, "type": "subscribe", "payload": payload})
        }
        5 => json!({"id": choices.below(3).to_string(), "type": "complete"}),
        6 => {
            let types = [
                "subscribe",
                "connection_init",
                "ping",
                "pong",
                "complete",
                "nothing",
            ];
            json!({"id": odd(choices).json(), "type": choices.pick(&types), "payload": odd(choices).json()})
        }
        7 => odd(choices).json(),
        8 => return Message::binary(choices.pick(&TEXTS).as_bytes().to_vec()),
        _ => return Message::text(*choices.pick(&TEXTS)),
    };
    Message::text(text.to_string())
}
