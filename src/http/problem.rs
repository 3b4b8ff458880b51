//! Answers to requests that never reach GraphQL, in GraphQL's form.

use std::any::Any;

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

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
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let error = json!({ "message": self.message, "extensions": { "code": self.code } });
        let body = json!({ "errors": [error] }).to_string();
        let content_type = HeaderValue::from_static(self.content_type);
        let mut response = (self.status, body).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
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
        "INTERNAL",
        "internal error",
    )
    .into_response()
}
