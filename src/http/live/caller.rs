//! Who is at the other end of a connection.

use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::Value;

use crate::http::auth::{self, Auth, Pass};
use crate::http::problem::Problem;
use crate::service::Caller;

/// What a client shows to say who it is. It is kept as long as the connection: a token may be
/// revoked in the meantime.
#[derive(Clone)]
pub struct Credential {
    headers: HeaderMap,
    told: Option<String>,
}

impl Credential {
    /// What the headers of the request say.
    pub fn of(headers: &HeaderMap) -> Self {
        let shown = headers.get_all(header::AUTHORIZATION).into_iter();
        // Copied: a clone would keep all of what was read with it.
        let copies = shown.filter_map(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        let headers = copies.map(|value| (header::AUTHORIZATION, value));
        Self {
            headers: headers.collect(),
            told: None,
        }
    }

    /// The same, unless the payload of `connection_init` says something else, for a browser cannot set
    /// headers on a socket: `{"Authorization": "Bearer TOKEN"}` or `{"token": "TOKEN"}`.
    pub fn or_told(mut self, payload: Option<&Value>) -> Self {
        let members = payload.and_then(Value::as_object).into_iter().flatten();
        for (name, value) in members {
            let Some(value) = value.as_str() else {
                continue;
            };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => self.told = Some(value.to_owned()),
                "token" => self.told = Some(format!("Bearer {value}")),
                _ => (),
            }
        }
        self
    }

    /// Who shows this.
    ///
    /// # Errors
    /// When it is nobody who may do anything.
    pub async fn caller(&self, auth: &Auth) -> Result<Caller, Problem> {
        auth.caller_with(self.shown()?).await
    }

    /// Who shows this, and until when it is good.
    ///
    /// # Errors
    /// When it is nobody who may do anything.
    pub async fn admit(&self, auth: &Auth) -> Result<(Caller, Pass), Problem> {
        auth.admit(self.shown()?).await
    }

    fn shown(&self) -> Result<Option<&str>, Problem> {
        match &self.told {
            Some(told) => Ok(Some(told)),
            None => auth::shown(&self.headers),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(payload: &Value) -> Option<String> {
        Credential::of(&HeaderMap::new())
            .or_told(Some(payload))
            .told
    }

    #[test]
    fn a_payload_tells_a_token_in_either_form() {
        let bearer = Some("Bearer x".to_owned());
        assert_eq!(told(&json!({"Authorization": "Bearer x"})), bearer);
        assert_eq!(told(&json!({"authorization": "Bearer x"})), bearer);
        assert_eq!(told(&json!({"token": "x"})), bearer);
        assert_eq!(told(&json!({"token": 1, "other": "x"})), None);
        assert_eq!(told(&json!([])), None);
    }

    #[test]
    fn of_the_headers_only_the_credential_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("x"));
        assert!(Credential::of(&headers).headers.is_empty());
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer y"));
        assert_eq!(Credential::of(&headers).headers.len(), 2);
    }
}
