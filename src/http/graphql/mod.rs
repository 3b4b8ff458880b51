//! GraphQL over HTTP, as the specification's draft of that name has it
//! (<https://graphql.github.io/graphql-over-http/draft/>).

mod accept;
pub(super) mod observed;
mod persisted;
pub(super) mod request;
mod response;

use async_graphql::{Request as GraphQlRequest, Response as GraphQlResponse, ServerError};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use self::accept::Format;
use self::observed::Observed;
pub use self::persisted::Documents;
use self::request::Parameters;
use super::AppState;
use super::gate::{HttpLimits, ReadBody, too_large};
use super::metrics::observing_statements;
use super::problem::Problem;
use super::request_id::request_id;
use crate::graphql::error::{INTERNAL_MESSAGE, code, code_of};
use crate::graphql::{self, Admitted};

/// Executes the operation that a request carries, and counts it.
pub async fn handle(State(state): State<AppState>, request: Request) -> Response {
    let format = match Format::of(request.headers()) {
        Ok(format) => format,
        Err(problem) => return problem.into_response(),
    };
    let traces = &state.traces;
    let trace = traces.begin("/graphql", request.method(), request.headers());
    trace.name_in_log();
    let mut observed = Observed::new(state.metrics.clone(), state.slow, trace.clone());
    let work = execute(&state, request, format, &mut observed);
    let (answer, statements) = observing_statements(trace, work).await;
    observed.statements = statements;
    let answer = answer.unwrap_or_else(|mut problem| {
        observed.give_up(&problem);
        problem.content_type = format.content_type();
        problem.into_response()
    });
    observed.status = Some(answer.status());
    answer
}

async fn execute(
    state: &AppState,
    request: Request,
    format: Format,
    observed: &mut Observed,
) -> Result<Response, Problem> {
    let gate = &state.gate;
    // Before the body: who may do nothing is not listened to.
    let caller = state.auth.caller(request.headers()).await?;
    let (head, body) = request.into_parts();
    // Who may not write has nothing to import.
    let max_bytes = if caller.can_write() {
        gate.limits.largest_body()
    } else {
        gate.limits.body_bytes
    };
    let mut read = None;
    let parameters = match head.method {
        Method::POST => {
            request::require_json(&head.headers)?;
            read_parameters(read.insert(gate.read(body, max_bytes).await?)).await?
        }
        Method::GET => request::from_query(&head.uri)?,
        _ => {
            let message = "send the operation by POST, or a query by GET";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", message);
            return Err(problem.with_header(header::ALLOW, "GET, POST"));
        }
    };
    let _place = gate.enter()?;
    let request = parameters.into_request(&state.documents)?;
    let mut request = request.data(caller);
    // Before it is asked who may: nobody may.
    if head.method == Method::GET && graphql::would_write(&state.schema, &request) {
        return Err(not_by_get());
    }
    let admitted = match graphql::admit(&state.schema, &mut request) {
        Ok(admitted) => admitted,
        Err(error) => {
            observed.refuse(&error);
            let refused = GraphQlResponse::from_errors(vec![error]);
            return Ok(response::render(&refused, format));
        }
    };
    check_body(&gate.limits, read.as_ref(), &admitted)?;
    let mut answer = run(state, request, admitted, observed).await?;
    name_failures(&mut answer.errors, request_id(&head.headers));
    Ok(response::render(&answer, format))
}

/// Executes a query or mutation within the time that it may take.
pub(super) async fn run(
    state: &AppState,
    request: GraphQlRequest,
    admitted: Admitted,
    observed: &mut Observed,
) -> Result<GraphQlResponse, Problem> {
    observed.begin(&admitted);
    let limit = state.gate.limits.request_timeout;
    // Boxed, because it is large, and would be moved along with everything around it.
    let running = Box::pin(graphql::run(&state.schema, request, admitted));
    let answer = timeout(limit, running).await;
    let answer = answer.map_err(|_| took_too_long(limit.as_secs_f64()))?;
    observed.end(&answer);
    Ok(answer)
}

/// The answer to a mutation by GET, which a page of any site can make a browser send.
pub(super) fn not_by_get() -> Problem {
    let message = "send mutations by POST";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", message);
    problem.with_header(header::ALLOW, "POST")
}

/// Reads large bodies beside the others: it takes a while.
async fn read_parameters(body: &ReadBody) -> Result<Parameters, Problem> {
    if body.room.is_none() {
        return request::from_body(&body.bytes);
    }
    let bytes = body.bytes.clone();
    let reading = tokio::task::spawn_blocking(move || request::from_body(&bytes));
    reading.await.unwrap_or_else(|_| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Err(Problem::new(status, code::INTERNAL, INTERNAL_MESSAGE))
    })
}

/// Only imports may have a large body, and nothing else beside them.
fn check_body(
    limits: &HttpLimits,
    body: Option<&ReadBody>,
    admitted: &Admitted,
) -> Result<(), Problem> {
    let bytes = body.map_or(0, |body| body.bytes.len());
    let limit = if bytes > limits.body_bytes && admitted.has_only_root_field("importReleases") {
        limits.import_bytes
    } else {
        limits.body_bytes
    };
    if bytes > limit {
        return Err(too_large(limit));
    }
    Ok(())
}

fn took_too_long(seconds: f64) -> Problem {
    let message = format!(
        "the operation took longer than {seconds} seconds; whether a mutation was made is not known"
    );
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message)
}

/// Tells the caller under which id the log has the reason of our failures.
pub(super) fn name_failures(errors: &mut [ServerError], request_id: Option<&str>) {
    let Some(id) = request_id else { return };
    for error in errors {
        if code_of(error) == Some(code::INTERNAL)
            && let Some(extensions) = &mut error.extensions
        {
            extensions.set("requestId", id);
        }
    }
}
