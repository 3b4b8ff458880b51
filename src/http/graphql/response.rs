//! Writing a GraphQL answer as an HTTP answer.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

use super::accept::Format;
use crate::graphql::error::{code, code_of};

/// The HTTP answer that carries `response`.
pub fn render(response: &async_graphql::Response, format: Format) -> Response<Body> {
    let was_executed = was_executed(response);
    let status = match format {
        _ if has_code(response, code::UNAUTHENTICATED) => StatusCode::UNAUTHORIZED,
        _ if has_code(response, code::FORBIDDEN) => StatusCode::FORBIDDEN,
        Format::GraphQlResponse if !was_executed => StatusCode::BAD_REQUEST,
        Format::GraphQlResponse | Format::Json => StatusCode::OK,
    };
    let mut headers = response.http_headers.clone();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    let body = if was_executed {
        serde_json::to_vec(response)
    } else {
        refusal(response)
    };
    let mut rendered = match body {
        Ok(body) => (status, body).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot write an answer"
            );
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    };
    rendered.headers_mut().extend(headers);
    let content_type = HeaderValue::from_static(format.content_type());
    rendered
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    rendered
}

/// Errors of fields have a path; what has none came before any field was resolved.
fn was_executed(response: &async_graphql::Response) -> bool {
    response.errors.is_empty() || response.errors.iter().any(|error| !error.path.is_empty())
}

/// Whether the request was refused with this code.
fn has_code(response: &async_graphql::Response, code: &str) -> bool {
    let mut codes = response.errors.iter().map(code_of);
    codes.any(|known| known == Some(code))
}

/// An answer to a request that was not executed has no `data`, not even null.
fn refusal(response: &async_graphql::Response) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&json!({ "errors": response.errors }))
}
