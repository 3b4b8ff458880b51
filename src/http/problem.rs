//! Answers to requests that never reach GraphQL, in GraphQL's form.

use std::any::Any;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde_json::json;

use super::REQUEST_ID;
use crate::graphql::error::{INTERNAL_MESSAGE, code};

/// Why a request was not executed.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// `extensions.code` of the error.
    pub code: &'static str,
    /// One sentence for the caller.
    pub message: String,
    /// One more header of the answer.
    pub header: Option<(header::HeaderName, HeaderValue)>,
    /// The type of the answer's body.
    pub content_type: &'static str,
}

impl Problem {
    /// A problem with the request itself.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            status,
            code,
            message,
            header: None,
            content_type: "application/json",
        }
    }

    /// The request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    fn body(&self, request_id: Option<&str>) -> Body {
        let mut extensions = json!({ "code": self.code });
        if let Some(id) = request_id {
            extensions["requestId"] = id.into();
        }
        let error = json!({ "message": self.message, "extensions": extensions });
        json!({ "errors": [error] }).to_string().into()
    }
}

/// A problem that is ours, in the extensions of its answer.
#[derive(Clone, Debug)]
struct Failure(Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let content_type = HeaderValue::from_static(self.content_type);
        let mut response = (self.status, self.body(None)).into_response();
        if self.code == code::INTERNAL {
            response.extensions_mut().insert(Failure(self.clone()));
        }
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// Tells the caller under which id the log has the reason of our failures.
pub async fn name_failures(request: Request, next: Next) -> Response<Body> {
    let id = request.headers().get(&REQUEST_ID).cloned();
    let mut response = next.run(request).await;
    if let Some(Failure(problem)) = response.extensions_mut().remove() {
        let id = id.as_ref().and_then(|id| id.to_str().ok());
        *response.body_mut() = problem.body(id);
        // Those of the other body.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    response
}

/// No such page.
pub async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "there is nothing here; the API is at /graphql",
    )
}

/// The page is there and is not asked like this. The router adds the `Allow` header.
pub async fn method_not_allowed() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "BAD_REQUEST",
        "use another HTTP method",
    )
}

/// A handler panicked: the log has the reason, the caller none of it.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub fn panicked(reason: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let reason = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied());
    tracing::error!(reason, "a request panicked");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        code::INTERNAL,
        INTERNAL_MESSAGE,
    )
    .into_response()
}
