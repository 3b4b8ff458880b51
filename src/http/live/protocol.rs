//! The messages of graphql-transport-ws
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use async_graphql::ServerError;
use axum::extract::ws::{CloseFrame, Message};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::graphql::Answer;

/// What the protocol is called in the handshake.
pub const NAME: &str = "graphql-transport-ws";

/// Bytes in the reason of a close frame at most.
const MAX_REASON_BYTES: usize = 123;

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code, which tells the client whether to try again.
    pub code: u16,
    /// The reason, for people.
    pub reason: String,
}

impl Close {
    /// The server stops; the client may try again.
    pub fn going_away() -> Self {
        Self::new(1001, "The server is stopping")
    }

    /// A message is larger than the server takes.
    pub fn too_large() -> Self {
        Self::new(1009, "The message is too large")
    }

    /// The server cannot tell now who the client is; the client may try again.
    pub fn try_again_later() -> Self {
        Self::new(1013, "Try again later")
    }

    /// Not a message of the protocol.
    pub fn invalid(reason: impl Into<String>) -> Self {
        Self::new(4400, reason)
    }

    /// An operation before the connection was acknowledged.
    pub fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    /// Not a client that may connect.
    pub fn forbidden(reason: impl Into<String>) -> Self {
        Self::new(4403, reason)
    }

    /// The client does not speak the protocol.
    pub fn not_acceptable() -> Self {
        Self::new(4406, "Subprotocol not acceptable")
    }

    /// The client was too slow to begin.
    pub fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// An operation with an id that is in use.
    pub fn subscriber_exists(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    /// The client began twice.
    pub fn too_many_inits() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }

    fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }
}

impl From<Close> for Message {
    fn from(close: Close) -> Self {
        let mut end = close.reason.len().min(MAX_REASON_BYTES);
        while !close.reason.is_char_boundary(end) {
            end -= 1;
        }
        Self::Close(Some(CloseFrame {
            code: close.code,
            reason: close.reason[..end].into(),
        }))
    }
}

/// What a client says.
#[derive(Debug)]
pub enum FromClient {
    /// Begins, with what it tells of itself.
    Init(Option<Value>),
    /// Asks for a sign of life; the payload goes back.
    Ping(Option<Value>),
    /// Gives a sign of life.
    Pong,
    /// Starts an operation.
    Subscribe {
        /// What the client calls it.
        id: String,
        /// What a request by HTTP has in its body.
        request: Map<String, Value>,
    },
    /// Ends an operation.
    Complete(String),
}

impl FromClient {
    /// Reads a message.
    ///
    /// # Errors
    /// When it is not one of the protocol.
    pub fn read(text: &str) -> Result<Self, Close> {
        let Ok(Value::Object(mut message)) = serde_json::from_str(text) else {
            return Err(Close::invalid("The message must be a JSON object"));
        };
        let kind = message.remove("type");
        match kind.as_ref().and_then(Value::as_str) {
            Some("connection_init") => Ok(Self::Init(details(&mut message)?)),
            Some("ping") => Ok(Self::Ping(details(&mut message)?)),
            Some("pong") => details(&mut message).map(|_| Self::Pong),
            Some("subscribe") => {
                let id = id(&mut message)?;
                match message.remove("payload") {
                    Some(Value::Object(request)) => Ok(Self::Subscribe { id, request }),
                    _ => Err(Close::invalid("The payload of subscribe must be an object")),
                }
            }
            Some("complete") => Ok(Self::Complete(id(&mut message)?)),
            Some(other) => Err(Close::invalid(format!("There is no message type {other}"))),
            None => Err(Close::invalid("The message has no type")),
        }
    }
}

fn details(message: &mut Map<String, Value>) -> Result<Option<Value>, Close> {
    match message.remove("payload") {
        None | Some(Value::Null) => Ok(None),
        Some(payload @ Value::Object(_)) => Ok(Some(payload)),
        Some(_) => Err(Close::invalid("The payload must be an object")),
    }
}

fn id(message: &mut Map<String, Value>) -> Result<String, Close> {
    match message.remove("id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(id),
        _ => Err(Close::invalid("The message has no id")),
    }
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromServer<'a> {
    /// The client may start operations.
    ConnectionAck,
    /// Asks for a sign of life.
    Ping,
    /// Gives a sign of life.
    Pong {
        /// What came with the ping.
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
    /// A result.
    Next {
        /// Of which operation.
        id: &'a str,
        /// The result.
        payload: &'a async_graphql::Response,
    },
    /// An operation has failed, and is over.
    Error {
        /// Which operation.
        id: &'a str,
        /// Why.
        payload: &'a [ServerError],
    },
    /// An operation is over.
    Complete {
        /// Which operation.
        id: &'a str,
    },
}

impl FromServer<'_> {
    /// The message as it is sent.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn write(&self) -> serde_json::Result<Message> {
        Ok(Message::Text(serde_json::to_string(self)?.into()))
    }
}

/// What an answer to the operation `id` is sent as.
pub const fn told<'a>(id: &'a str, answer: &'a Answer) -> FromServer<'a> {
    match answer {
        Answer::Next(response) => FromServer::Next {
            id,
            payload: response,
        },
        Answer::Failed(errors) => FromServer::Error {
            id,
            payload: errors.as_slice(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_where_a_character_ends() {
        let Message::Close(Some(frame)) = Message::from(Close::invalid("ü".repeat(100))) else {
            panic!("not a close frame");
        };
        assert_eq!(frame.code, 4400);
        assert_eq!(frame.reason.as_str(), "ü".repeat(61));
    }
}
