//! Which pages may open a socket.

use axum::http::{HeaderMap, Uri, header};

use crate::http::Origins;

/// Whether a page may open a socket. A browser lets any page do so, with what it knows of this host,
/// and asks nobody; it only says where the page is from. So pages from elsewhere are refused here,
/// unless they are from one of the `origins`. Who is no browser says nothing.
pub fn may_connect(headers: &HeaderMap, origins: &Origins) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    if origins.allow(origin) {
        return true;
    }
    let origin = origin
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Uri>().ok());
    let origin = origin.as_ref().and_then(Uri::authority);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    match (origin, host) {
        (Some(origin), Some(host)) => origin.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn allows(origin: Option<&'static str>, host: &'static str) -> bool {
        allows_with(&Origins::default(), origin, host)
    }

    fn allows_with(origins: &Origins, origin: Option<&'static str>, host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        may_connect(&headers, origins)
    }

    #[test]
    fn pages_of_this_host_and_programs_may_connect() {
        assert!(allows(None, "orlo.example"));
        assert!(allows(Some("https://orlo.example"), "orlo.example"));
        assert!(allows(Some("http://localhost:8080"), "LOCALHOST:8080"));
    }

    #[test]
    fn pages_from_elsewhere_may_not() {
        assert!(!allows(Some("https://evil.example"), "orlo.example"));
        assert!(!allows(Some("http://localhost:3000"), "localhost:8080"));
        assert!(!allows(Some("https://orlo.example.evil"), "orlo.example"));
        assert!(!allows(Some("null"), "orlo.example"));
        assert!(!allows(Some(""), "orlo.example"));
    }

    #[test]
    fn pages_from_sites_that_are_allowed_may_connect() {
        let one = Origins::new(vec!["https://dash.example".parse().unwrap()]);
        let from = |origin| allows_with(&one, Some(origin), "orlo.example");
        assert!(from("https://dash.example"));
        assert!(from("https://orlo.example"));
        assert!(!from("http://dash.example"));
        assert!(!from("https://evil.example"));
        let all = Origins::new(vec!["*".parse().unwrap()]);
        assert!(allows_with(
            &all,
            Some("https://evil.example"),
            "orlo.example"
        ));
    }
}
