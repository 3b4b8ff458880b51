//! GraphQL over WebSocket: one connection, any number of operations.

use std::future::pending;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until, timeout};
use tracing::{Instrument as _, Span};

use super::caller::Credential;
use super::execute::execute;
use super::operations::{Operations, Step};
use super::origin::may_connect;
use super::protocol::{self, Close, FromClient, FromServer, told};
use crate::graphql::Answer;
use crate::graphql::error::code;
use crate::http::AppState;
use crate::http::graphql::name_failures;
use crate::http::graphql::request::Parameters;
use crate::http::problem::Problem;
use crate::http::request_id::request_id;
use crate::http::trace;

/// Bytes that are read at once. Every connection keeps so many in store.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// Signs of life that may be missing before a client is taken for gone.
const MAX_MISSED: u32 = 2;

/// Opens a socket that speaks graphql-transport-ws.
pub async fn connect(
    State(state): State<AppState>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let Ok(upgrade) = upgrade else {
        let message = "this is for WebSockets; the API is at /graphql";
        let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "BAD_REQUEST", message);
        return Err(problem.with_header(header::UPGRADE, "websocket"));
    };
    if !may_connect(&headers, &state.origins) {
        let message = "pages from other sites may not connect";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", message));
    }
    let upgrade = upgrade
        .protocols([protocol::NAME])
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(state.gate.limits.body_bytes)
        .max_frame_size(state.gate.limits.body_bytes);
    let sockets = state.live.sockets.clone();
    let span = Span::current();
    Ok(upgrade
        .on_upgrade(move |socket| {
            let connection = Connection {
                socket,
                state,
                request_id: request_id(&headers).map(ToOwned::to_owned),
                trace: trace::telling(&headers),
                credential: Credential::of(&headers),
                is_acknowledged: false,
                spent: Box::pin(pending()),
                operations: Operations::default(),
            };
            // What the log says of it has the id of the request that opened it.
            sockets.track_future(connection.serve().instrument(span))
        })
        .into_response())
}

/// An open socket.
struct Connection {
    socket: WebSocket,
    state: AppState,
    /// The id of the request that opened it.
    request_id: Option<String>,
    /// What that said of the trace that it is in.
    trace: HeaderMap,
    /// What tells who is at the other end.
    credential: Credential,
    is_acknowledged: bool,
    /// Ends when the credential is not good any more.
    spent: BoxFuture<'static, ()>,
    operations: Operations,
}

/// Why a connection ends.
enum End {
    /// The server closes it.
    Close(Close),
    /// The client closes it.
    Closed,
    /// The client is gone.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl Connection {
    async fn serve(mut self) {
        let end = if self.socket.protocol().is_none() {
            End::Close(Close::not_acceptable())
        } else {
            self.talk().await
        };
        match end {
            End::Close(close) => {
                tracing::debug!(code = close.code, reason = close.reason, "closing a socket");
                let limit = self.state.live.timing.send;
                let _ = timeout(limit, self.socket.send(close.into())).await;
                self.linger().await;
            }
            End::Closed => self.linger().await,
            End::Gone => {}
        }
    }

    /// Waits a little until both sides have closed: what the client has not read yet is lost to it
    /// when the connection breaks. What the library has to say goes out meanwhile.
    async fn linger(mut self) {
        let closed = async { while let Some(Ok(_)) = self.socket.recv().await {} };
        let _ = timeout(Duration::from_secs(1), closed).await;
    }

    async fn talk(&mut self) -> End {
        match self.talk_on().await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    async fn talk_on(&mut self) -> Result<std::convert::Infallible, End> {
        let stop = self.state.live.stop.clone();
        let init_by = Instant::now() + self.state.live.timing.init;
        let mut pulse = every(self.state.live.timing.keep_alive);
        let mut missed = 0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(Close::going_away().into()),
                message = self.socket.recv() => {
                    missed = 0;
                    // Boxed, as what happens rarely is: every socket has room for the rest.
                    Box::pin(self.hear(message)).await?;
                }
                (id, step) = self.operations.next() => self.tell(&id, step).await?,
                () = sleep_until(init_by), if !self.is_acknowledged => {
                    return Err(Close::init_timeout().into());
                }
                () = &mut self.spent => {
                    return Err(Close::forbidden("The token is not good any more").into());
                }
                _ = pulse.tick() => {
                    missed += 1;
                    if missed > MAX_MISSED {
                        return Err(End::Gone);
                    }
                    if self.is_acknowledged {
                        self.send(&FromServer::Ping).await?;
                    }
                }
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => {
                return Err(Close::invalid("Messages must be text").into());
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Err(error)) if is_too_large(&error) => return Err(Close::too_large().into()),
            Some(Ok(Message::Close(_))) => return Err(End::Closed),
            Some(Err(_)) | None => return Err(End::Gone),
        };
        match FromClient::read(text.as_str())? {
            FromClient::Init(payload) => self.begin(payload.as_ref()).await,
            FromClient::Ping(payload) => self.send(&FromServer::Pong { payload }).await,
            FromClient::Pong => Ok(()),
            FromClient::Subscribe { id, request } => self.start(id, request).await,
            FromClient::Complete(id) => {
                self.operations.end(&id);
                Ok(())
            }
        }
    }

    async fn begin(&mut self, payload: Option<&Value>) -> Result<(), End> {
        if self.is_acknowledged {
            return Err(Close::too_many_inits().into());
        }
        self.credential = self.credential.clone().or_told(payload);
        let auth = self.state.auth.clone();
        let (_, pass) = self.credential.admit(&auth).await.map_err(refused)?;
        let recheck = self.state.live.timing.recheck;
        self.spent = Box::pin(async move { auth.spent(pass, recheck).await });
        self.is_acknowledged = true;
        self.send(&FromServer::ConnectionAck).await
    }

    async fn start(&mut self, id: String, request: Map<String, Value>) -> Result<(), End> {
        if !self.is_acknowledged {
            return Err(Close::unauthorized().into());
        }
        if self.operations.contains(&id) {
            return Err(Close::subscriber_exists(&id).into());
        }
        let caller = self.credential.caller(&self.state.auth).await;
        let caller = caller.map_err(refused)?;
        let parameters = Parameters::new(request);
        let parameters = parameters.map_err(|problem| Close::invalid(problem.message))?;
        let limit = self.state.gate.limits.socket_operations;
        if self.operations.count() >= limit {
            let message = format!("{limit} operations are under way here, which is the limit");
            return self.refuse(&id, message, code::LIMIT_EXCEEDED).await;
        }
        let request = match parameters.into_request(&self.state.documents) {
            Ok(request) => request.data(caller),
            // A document that is asked for by its hash and not known: the client will send it.
            Err(problem) if problem.status == StatusCode::OK => {
                return self.refuse(&id, problem.message, problem.code).await;
            }
            Err(problem) => return Err(Close::invalid(problem.message).into()),
        };
        let traces = &self.state.traces;
        let trace = traces.begin("/graphql/ws", &Method::GET, &self.trace);
        match execute(&self.state, request, trace) {
            Ok(execution) => {
                self.operations.start(id, execution);
                Ok(())
            }
            Err(problem) => self.refuse(&id, problem.message, problem.code).await,
        }
    }

    /// Says that an operation is not executed.
    async fn refuse(&mut self, id: &str, message: String, code: &'static str) -> Result<(), End> {
        let answer = Answer::failed(message, code);
        self.send(&told(id, &answer)).await
    }

    async fn tell(&mut self, id: &str, step: Step) -> Result<(), End> {
        match step {
            Step::Answered(mut answer) => {
                name_failures(answer.errors_mut(), self.request_id.as_deref());
                if matches!(answer, Answer::Failed(_)) {
                    // That says already that it is over.
                    self.operations.end(id);
                }
                self.send(&told(id, &answer)).await
            }
            Step::Over => {
                self.operations.end(id);
                self.send(&FromServer::Complete { id }).await
            }
        }
    }

    async fn send(&mut self, message: &FromServer<'_>) -> Result<(), End> {
        let message = message.write().map_err(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "cannot write an answer");
            End::Gone
        })?;
        match timeout(self.state.live.timing.send, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => {
                tracing::debug!("a client does not read what it asked for");
                Err(End::Gone)
            }
        }
    }
}

/// Why a client whose credential is not good may not go on.
fn refused(problem: Problem) -> Close {
    if problem.status.is_server_error() {
        Close::try_again_later()
    } else {
        Close::forbidden(problem.message)
    }
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

fn is_too_large(error: &axum::Error) -> bool {
    // The library keeps its kinds of errors to itself.
    error.to_string().contains("too long")
}
