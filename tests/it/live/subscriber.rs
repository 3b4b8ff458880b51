//! Somebody who reads `/graphql/stream`.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::ServiceExt as _;

use crate::app::TestApp;

/// How long a subscriber waits for what must come. Much longer than it takes.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// An event stream that is read while it comes.
pub struct Subscriber {
    events: mpsc::UnboundedReceiver<(String, Value)>,
    reading: JoinHandle<()>,
}

impl Subscriber {
    /// Starts a subscription.
    pub fn start(app: &TestApp, query: &str, variables: Value) -> Self {
        let (router, query) = (app.router().clone(), query.to_owned());
        let (sender, events) = mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            let mut events = EventStream::new(open(router, &query, variables).await);
            while let Some(event) = events.next().await {
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        Self { events, reading }
    }

    /// The next event and its data; none when the stream has ended.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        let event = timeout(PATIENCE, self.events.recv()).await;
        event.unwrap_or_else(|waited| panic!("a subscriber waits in vain: {waited}"))
    }

    /// The data of the next answer, which must be one without errors.
    pub async fn next(&mut self) -> Value {
        let (name, mut answer) = self.event().await.unwrap();
        assert_eq!(name, "next");
        assert!(answer.get("errors").is_none(), "{answer:#}");
        answer["data"].take()
    }

    /// The errors of the next answer, with which the stream must end.
    pub async fn errors(mut self) -> Value {
        let (name, mut answer) = self.event().await.unwrap();
        assert_eq!(name, "next");
        assert!(answer.get("data").is_none(), "{answer:#}");
        assert_eq!(
            self.event().await,
            Some(("complete".to_owned(), Value::Null))
        );
        assert_eq!(self.event().await, None);
        answer["errors"].take()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Sends the request; returns the body of the answer, of which nothing is read yet.
pub async fn open(router: Router, query: &str, variables: Value) -> Body {
    let body = json!({"query": query, "variables": variables});
    let request = Request::post("/graphql/stream")
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
    response.into_body()
}

/// Server-sent events out of a body.
pub struct EventStream {
    body: Body,
    text: Vec<u8>,
}

impl EventStream {
    pub fn new(body: Body) -> Self {
        Self {
            body,
            text: Vec::new(),
        }
    }

    /// The name and data of the next event; none at the end, also when the connection breaks.
    /// Comments are passed over.
    pub async fn next(&mut self) -> Option<(String, Value)> {
        let next = timeout(PATIENCE, self.read()).await;
        next.unwrap_or_else(|waited| panic!("a stream tells of nothing: {waited}"))
    }

    async fn read(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                if let Some(event) = parse(&String::from_utf8(event).unwrap()) {
                    return Some(event);
                }
            }
            let chunk: Bytes = self.body.frame().await?.ok()?.into_data().unwrap();
            self.text.extend_from_slice(&chunk);
        }
    }
}

fn parse(event: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        let mut lines = event.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let name = field("event")?.trim().to_owned();
    let data = field("data").unwrap();
    let data = data.trim();
    let data = if data.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(data).unwrap()
    };
    Some((name, data))
}
