//! GraphiQL, served from the binary: nothing is loaded from another host.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::{Problem, not_found};

/// The built page; see `web/graphiql/README.md`.
#[derive(RustEmbed)]
#[folder = "web/graphiql/dist"]
struct Page;

/// What the page may load and whom it may call: this server only. Its editor sets styles from
/// scripts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page itself.
pub async fn index(headers: HeaderMap) -> Result<Response<Body>, Problem> {
    serve("index.html", &headers).await
}

/// A file of the page.
pub async fn file(Path(path): Path<String>, headers: HeaderMap) -> Result<Response<Body>, Problem> {
    serve(if path.is_empty() { "index.html" } else { &path }, &headers).await
}

async fn serve(path: &str, headers: &HeaderMap) -> Result<Response<Body>, Problem> {
    let Some(file) = Page::get(path) else {
        return Err(not_found().await);
    };
    let etag = etag(&file);
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| *known == etag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(header::CONTENT_TYPE, content_type(file.metadata.mimetype()));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(caching(path)),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    let policy = HeaderValue::from_static(CONTENT_SECURITY_POLICY);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// Files below `assets/` carry a hash of their content in their name.
fn caching(path: &str) -> &'static str {
    if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn content_type(guessed: &str) -> HeaderValue {
    let is_text = guessed.starts_with("text/") && guessed != "text/javascript";
    let full = if is_text {
        format!("{guessed}; charset=utf-8")
    } else {
        guessed.to_owned()
    };
    HeaderValue::from_str(&full)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write;
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a String cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}
