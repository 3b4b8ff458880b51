//! Which sites' pages may call the API from a browser: none, unless the operator says so.

use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::REQUEST_ID;

/// How long a browser may remember what it was allowed.
const MAX_AGE: Duration = Duration::from_hours(1);

/// A site, as browsers name it, e.g. `https://dash.example.com`; or every site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Every site.
    Any,
    /// This one.
    One(HeaderValue),
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let uri: Uri = text.parse().map_err(|_| "not an origin".to_owned())?;
        let is_origin = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some()
            && uri.path_and_query().is_none_or(|path| path == "/");
        if !is_origin || text.ends_with('/') {
            return Err(
                "an origin is a scheme and a host, e.g. https://dash.example.com".to_owned(),
            );
        }
        let value = HeaderValue::from_str(text).map_err(|_| "not an origin".to_owned())?;
        Ok(Self::One(value))
    }
}

/// The sites whose pages may call the API.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<Origin>);

impl Origins {
    /// These sites.
    #[must_use]
    pub const fn new(origins: Vec<Origin>) -> Self {
        Self(origins)
    }

    /// Whether pages of the site `origin` may call the API.
    pub(super) fn allow(&self, origin: &HeaderValue) -> bool {
        let mut origins = self.0.iter();
        origins.any(|allowed| match allowed {
            Origin::Any => true,
            Origin::One(allowed) => allowed == origin,
        })
    }

    /// What tells browsers; nothing when no site may. Cookies are never asked for: callers show who
    /// they are by a header, which pages of other sites do not have.
    pub(super) fn layer(&self) -> Option<CorsLayer> {
        if self.0.is_empty() {
            return None;
        }
        let allowed = if self.0.contains(&Origin::Any) {
            AllowOrigin::any()
        } else {
            let origins = self.0.iter().filter_map(|origin| match origin {
                Origin::Any => None,
                Origin::One(origin) => Some(origin.clone()),
            });
            AllowOrigin::list(origins)
        };
        let headers = [
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("traceparent"),
            HeaderName::from_static("tracestate"),
            REQUEST_ID.clone(),
        ];
        let layer = CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(headers)
            .expose_headers([REQUEST_ID.clone(), header::RETRY_AFTER])
            .max_age(MAX_AGE);
        Some(layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_browsers_send() {
        for text in ["https://dash.example.com", "http://localhost:3000"] {
            let origin: Origin = text.parse().unwrap();
            assert_eq!(origin, Origin::One(HeaderValue::from_static(text)));
        }
        assert_eq!("*".parse(), Ok(Origin::Any));
        for text in [
            "",
            "dash.example.com",
            "https://a/",
            "https://a/b",
            "ftp://a",
            "https://*.b c",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
