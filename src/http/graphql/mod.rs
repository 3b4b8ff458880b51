//! GraphQL over HTTP, as the specification's draft of that name has it
//! (<https://graphql.github.io/graphql-over-http/draft/>).

mod accept;
pub(super) mod request;
mod response;

use async_graphql::parser::types::OperationType;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::accept::Format;
use super::HttpLimits;
use super::problem::Problem;
use crate::graphql::{self, OrloSchema};
use crate::http::auth::Auth;

/// Executes the operation that a request carries.
pub async fn handle(
    State(schema): State<OrloSchema>,
    State(limits): State<HttpLimits>,
    State(auth): State<Auth>,
    request: Request,
) -> Response {
    let format = match Format::of(request.headers()) {
        Ok(format) => format,
        Err(problem) => return problem.into_response(),
    };
    execute(&schema, limits, &auth, request, format)
        .await
        .unwrap_or_else(|mut problem| {
            problem.content_type = format.content_type();
            problem.into_response()
        })
}

async fn execute(
    schema: &OrloSchema,
    limits: HttpLimits,
    auth: &Auth,
    request: Request,
    format: Format,
) -> Result<Response, Problem> {
    // Before the body: who may do nothing is not listened to.
    let caller = auth.caller(request.headers()).await?;
    let method = request.method().clone();
    let parameters = match method {
        Method::POST => request::from_body(request, limits.body_bytes).await?,
        Method::GET => request::from_query(request.uri())?,
        _ => {
            let message = "send the operation by POST, or a query by GET";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", message);
            return Err(problem.with_header(header::ALLOW, "GET, POST"));
        }
    };
    let mut request = parameters.into_request().data(caller);
    if method == Method::GET && may_write(&mut request) {
        let message = "send mutations by POST";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "BAD_REQUEST", message);
        return Err(problem.with_header(header::ALLOW, "POST"));
    }
    Ok(response::render(
        &graphql::execute(schema, request).await,
        format,
    ))
}

/// Whether the operation to execute is anything but a query. A document that does not parse is
/// left for the executor to complain about.
fn may_write(request: &mut async_graphql::Request) -> bool {
    let name = request.operation_name.clone();
    let Ok(document) = request.parsed_query() else {
        return false;
    };
    let chosen = |candidate: Option<&str>| name.is_none() || candidate == name.as_deref();
    document.operations.iter().any(|(candidate, operation)| {
        operation.node.ty != OperationType::Query
            && chosen(candidate.map(async_graphql::Name::as_str))
    })
}
