//! The ids of requests, which answers and the log have in common.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};

/// The header that names a request in answers and in the log.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of an id at most.
const MAX_LENGTH: usize = 128;

/// The id of a request.
pub fn request_id(headers: &HeaderMap) -> Option<&str> {
    headers.get(&REQUEST_ID)?.to_str().ok()
}

/// Takes an id away that a caller has given and that is not fit for one, so that the request gets
/// another: it goes into every line of the log.
pub fn without_unfit<B>(mut request: Request<B>) -> Request<B> {
    let headers = request.headers_mut();
    let mut given = headers.get_all(&REQUEST_ID).iter();
    let is_fit = given.next().is_none_or(is_fit) && given.next().is_none();
    if !is_fit {
        headers.remove(&REQUEST_ID);
    }
    request
}

fn is_fit(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}
