//! Somebody who speaks graphql-transport-ws.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::subscriber::PATIENCE;

/// An open socket, which answers pings by itself.
pub struct Socket(WebSocketStream<TcpStream>);

/// What a server says.
#[derive(Debug, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// The socket is closed, with this code when the server says why.
    Closed(Option<u16>),
}

impl Socket {
    /// Opens one at an address such as `127.0.0.1:40001` and waits until it is acknowledged; none
    /// when it is not.
    pub async fn try_open(address: &str, payload: &Value) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let mut request = format!("ws://{address}/graphql/ws")
            .into_client_request()
            .unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (inner, _) = client_async(request, stream).await.ok()?;
        let mut socket = Self(inner);
        let init = json!({"type": "connection_init", "payload": payload});
        socket.try_send(&init).await?;
        let acknowledged = Heard::Message(json!({"type": "connection_ack"}));
        (socket.hear().await == acknowledged).then_some(socket)
    }

    /// The same of a server that must take it.
    pub async fn open(address: &str, payload: &Value) -> Self {
        let socket = timeout(PATIENCE, Self::try_open(address, payload)).await;
        socket.unwrap().unwrap()
    }

    /// Starts an operation; none when the socket is closed.
    pub async fn try_start(&mut self, id: &str, query: &str, variables: &Value) -> Option<()> {
        let payload = json!({"query": query, "variables": variables});
        let subscribe = json!({"type": "subscribe", "id": id, "payload": payload});
        self.try_send(&subscribe).await
    }

    /// Starts an operation.
    pub async fn start(&mut self, id: &str, query: &str) {
        self.try_start(id, query, &json!({})).await.unwrap();
    }

    /// Ends an operation.
    pub async fn complete(&mut self, id: &str) {
        let complete = json!({"type": "complete", "id": id});
        self.try_send(&complete).await.unwrap();
    }

    async fn try_send(&mut self, message: &Value) -> Option<()> {
        let message = Message::text(message.to_string());
        self.0.send(message).await.ok()
    }

    /// What comes next but pings.
    pub async fn hear(&mut self) -> Heard {
        loop {
            let heard = timeout(PATIENCE, self.0.next()).await;
            match heard.unwrap_or_else(|waited| panic!("a socket is silent: {waited}")) {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] != "ping" {
                        return Heard::Message(message);
                    }
                    if self.try_send(&json!({"type": "pong"})).await.is_none() {
                        return Heard::Closed(None);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    return Heard::Closed(frame.map(|frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    /// The next message.
    pub async fn next(&mut self) -> Value {
        match self.hear().await {
            Heard::Message(message) => message,
            closed @ Heard::Closed(_) => panic!("{closed:?}"),
        }
    }
}
