//! How much the server does at once. What is too much is refused at once, rather than made to wait
//! behind everything else.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::problem::Problem;

/// Bodies of up to so many bytes are always read, larger ones while there is room for them.
const UNIT: usize = 64 << 10;

/// How many of the largest bodies there is room for at once.
const LARGEST_BODIES: usize = 4;

/// What requests may take up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes in the body of a request at most.
    pub body_bytes: usize,
    /// Bytes in the body of a request at most that has nothing but `importReleases` to do.
    pub import_bytes: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long an operation may take.
    pub request_timeout: Duration,
    /// Operations that are executed at once.
    pub concurrent_requests: usize,
    /// Subscriptions that are open at once.
    pub subscriptions: usize,
    /// Operations under way on one socket, subscriptions among them.
    pub socket_operations: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            body_bytes: 2 << 20,
            import_bytes: 64 << 20,
            body_timeout: Duration::from_mins(1),
            request_timeout: Duration::from_secs(30),
            concurrent_requests: 512,
            subscriptions: 10_000,
            socket_operations: 100,
        }
    }
}

impl HttpLimits {
    /// Bytes in the body of any request at most.
    #[must_use]
    pub fn largest_body(&self) -> usize {
        self.body_bytes.max(self.import_bytes)
    }
}

/// Lets requests in while there is room for them; cheap to clone.
#[derive(Clone, Debug)]
pub struct Gate {
    /// What requests may take up.
    pub limits: HttpLimits,
    running: Arc<Semaphore>,
    subscriptions: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
}

impl Gate {
    /// A gate that keeps `limits`.
    #[must_use]
    pub fn new(limits: HttpLimits) -> Self {
        let largest = limits.largest_body().div_ceil(UNIT);
        let room = largest.saturating_mul(LARGEST_BODIES);
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            limits,
            running: places(limits.concurrent_requests),
            subscriptions: places(limits.subscriptions),
            bodies: places(room),
        }
    }

    /// Takes one of the places for operations, until the permit is dropped.
    ///
    /// # Errors
    /// 503 when there is none.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.running).try_acquire_owned().map_err(|_| {
            let limit = self.limits.concurrent_requests;
            busy(format!(
                "the server is busy with {limit} operations, which is the limit"
            ))
        })
    }

    /// Takes one of the places for subscriptions, until the permit is dropped.
    ///
    /// # Errors
    /// 503 when there is none.
    pub fn follow(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = Arc::clone(&self.subscriptions).try_acquire_owned();
        place.map_err(|_| {
            let limit = self.limits.subscriptions;
            busy(format!(
                "there are {limit} subscriptions open, which is the limit"
            ))
        })
    }

    /// How many operations are being executed.
    #[must_use]
    pub fn running(&self) -> usize {
        let free = self.running.available_permits();
        self.limits.concurrent_requests.saturating_sub(free)
    }

    /// Reads a body of so many bytes at most.
    ///
    /// # Errors
    /// When it is too large, takes too long, ends early, or there is no room for it.
    pub async fn read(&self, body: Body, max_bytes: usize) -> Result<ReadBody, Problem> {
        let limit = self.limits.body_timeout;
        let reading = timeout(limit, self.read_all(body, max_bytes));
        reading.await.map_err(|_| {
            let message = format!(
                "the body did not arrive within {} seconds",
                limit.as_secs_f64()
            );
            Problem::new(StatusCode::REQUEST_TIMEOUT, "TIMEOUT", message)
        })?
    }

    async fn read_all(&self, mut body: Body, max_bytes: usize) -> Result<ReadBody, Problem> {
        let told = axum::body::HttpBody::size_hint(&body).upper();
        if told.is_some_and(|told| told <= UNIT.min(max_bytes) as u64) {
            let body = Limited::new(body, UNIT).collect().await;
            let bytes = body.map_err(|error| unreadable(&*error, max_bytes))?;
            return Ok(ReadBody {
                bytes: bytes.to_bytes(),
                room: None,
            });
        }
        if told.is_some_and(|told| told > max_bytes as u64) {
            return Err(too_large(max_bytes));
        }
        let (mut bytes, mut room) = (Vec::new(), None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::bad_request(ENDED_EARLY))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > max_bytes {
                return Err(too_large(max_bytes));
            }
            self.make_room(&mut room, bytes.len() + data.len())?;
            bytes.extend_from_slice(&data);
        }
        Ok(ReadBody {
            bytes: bytes.into(),
            room,
        })
    }

    /// Makes `room` large enough for so many bytes.
    fn make_room(
        &self,
        room: &mut Option<OwnedSemaphorePermit>,
        bytes: usize,
    ) -> Result<(), Problem> {
        let held = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = (bytes / UNIT).saturating_sub(held);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        let Ok(more) = Arc::clone(&self.bodies).try_acquire_many_owned(more) else {
            return Err(busy("the server is reading too many large bodies"));
        };
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

const ENDED_EARLY: &str = "the body ended early";

/// A body, and the room that it takes.
#[derive(Debug)]
pub struct ReadBody {
    /// What is in it.
    pub bytes: Bytes,
    /// To be kept as long as what was read from it.
    pub room: Option<OwnedSemaphorePermit>,
}

/// The answer to a body that is larger than allowed.
pub fn too_large(max_bytes: usize) -> Problem {
    let message = format!("the body is larger than {max_bytes} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "LIMIT_EXCEEDED", message)
}

fn busy(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "LIMIT_EXCEEDED", message)
        .with_header(header::RETRY_AFTER, "1")
}

fn unreadable(error: &(dyn std::error::Error + 'static), max_bytes: usize) -> Problem {
    if error.is::<LengthLimitError>() {
        too_large(max_bytes)
    } else {
        Problem::bad_request(ENDED_EARLY)
    }
}
