//! GraphQL over server-sent events, in the distinct connections mode of the protocol
//! (<https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md>).

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};
use mime::Mime;
use serde_json::json;
use tokio::time::timeout;

use super::caller::Credential;
use super::execute::execute;
use crate::graphql::{self, Answer};
use crate::http::AppState;
use crate::http::graphql::{name_failures, not_by_get, request};
use crate::http::problem::Problem;
use crate::http::request_id::request_id;

/// The type of an answer.
const EVENT_STREAM: &str = "text/event-stream";

/// What says nothing, and shows that the connection is alive.
const COMMENT: &str = ":\n\n";

/// What ends an answer. A browser takes no notice of events without data.
const COMPLETE: &str = "event: complete\ndata: \n\n";

/// Asks a proxy in between, such as nginx, not to gather answers before it hands them on.
const DO_NOT_BUFFER: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// Executes the operation that a request carries and sends its answers as events.
pub async fn stream(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    require_event_stream(request.headers())?;
    let AppState { auth, live, .. } = state.clone();
    let (caller, pass) = Credential::of(request.headers()).admit(&auth).await?;
    let (head, body) = request.into_parts();
    let parameters = match head.method {
        Method::POST => {
            request::require_json(&head.headers)?;
            let limit = state.gate.limits.body_bytes;
            let body = state.gate.read(body, limit).await?;
            request::from_body(&body.bytes)?
        }
        Method::GET => request::from_query(&head.uri)?,
        _ => {
            let message = "send the operation by POST or GET";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", message);
            return Err(problem.with_header(header::ALLOW, "GET, POST"));
        }
    };
    let request = parameters.into_request(&state.documents)?;
    let request = request.data(caller);
    if head.method == Method::GET && graphql::would_write(&state.schema, &request) {
        return Err(not_by_get());
    }
    let id = request_id(&head.headers).map(ToOwned::to_owned);
    let traces = &state.traces;
    let trace = traces.begin("/graphql/stream", &head.method, &head.headers);
    trace.name_in_log();
    let answers = execute(&state, request, trace)?.into_answers();
    let answers = answers.map(move |mut answer| {
        name_failures(answer.errors_mut(), id.as_deref());
        next(&answer)
    });
    let recheck = live.timing.recheck;
    let spent = async move { auth.spent(pass, recheck).await };
    // The comment goes out at once, so that the client knows that it is connected. There is no
    // `complete` when the server stops: the client may well go on with another one.
    let events = stream::once(async { COMMENT.to_owned() })
        .chain(answers)
        .chain(stream::once(async { COMPLETE.to_owned() }))
        .take_until(live.stop.clone().cancelled_owned())
        .take_until(Box::pin(spent));
    let events = kept_alive(events.boxed(), live.timing.keep_alive);
    let headers = [
        (header::CONTENT_TYPE, EVENT_STREAM),
        (header::CACHE_CONTROL, "no-cache"),
        DO_NOT_BUFFER,
    ];
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    Ok((headers, body).into_response())
}

/// The same, with a comment whenever nothing came for as long as `pause`.
fn kept_alive(
    events: BoxStream<'static, String>,
    pause: Duration,
) -> impl Stream<Item = String> + Send {
    stream::unfold(events, move |mut events| async move {
        let event = match timeout(pause, events.next()).await {
            Ok(event) => event?,
            Err(_) => COMMENT.to_owned(),
        };
        Some((event, events))
    })
}

/// The event that an answer is sent as. JSON has no line breaks unless it is made pretty.
fn next(answer: &Answer) -> String {
    let data = match answer {
        Answer::Next(response) => serde_json::to_string(response),
        Answer::Failed(errors) => serde_json::to_string(&json!({ "errors": errors })),
    };
    let data = data.unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "cannot write an answer");
        let error = json!({ "message": "internal error", "extensions": { "code": "INTERNAL" } });
        json!({ "errors": [error] }).to_string()
    });
    format!("event: next\ndata: {data}\n\n")
}

/// Events are all there is here, so a client that says what it takes has to take them.
fn require_event_stream(headers: &HeaderMap) -> Result<(), Problem> {
    let mut accepted = headers.get_all(header::ACCEPT).iter().peekable();
    let is_silent = accepted.peek().is_none();
    let takes = |range: &str| {
        let range = range.trim().parse::<Mime>();
        let names = [EVENT_STREAM, "text/*", "*/*"];
        range.is_ok_and(|range| names.contains(&range.essence_str()))
    };
    let is_taken = accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(takes));
    if is_silent || is_taken {
        return Ok(());
    }
    let message = "answers are text/event-stream here; others are at /graphql";
    Err(Problem::new(
        StatusCode::NOT_ACCEPTABLE,
        "BAD_REQUEST",
        message,
    ))
}
