//! Who sends a request: the credential in its header becomes a [`Caller`].

pub mod jwt;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use entity::Timestamp;
use uuid::Uuid;

use self::jwt::Jwt;
use super::problem::Problem;
use crate::graphql::error::{INTERNAL_MESSAGE, UNREACHABLE_MESSAGE, code};
use crate::graphql::guard::HOW_TO_SEND;
use crate::service::token::{self, AnonymousAccess, Held, Secret, Usage, Watch};
use crate::service::{self, Caller, Service};

/// Turns credentials into callers. Cheap to clone; clones share what they know.
#[derive(Clone, Debug)]
pub struct Auth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: Service,
    anonymous: AnonymousAccess,
    jwt: Option<Jwt>,
    usage: Usage,
    watch: Watch,
}

/// Until when a connection may stay. Never shown: a token may be in it.
pub enum Pass {
    /// Nothing was shown that could become bad.
    Always,
    /// As long as a token of Orlo's own is good.
    Token(Arc<Held>),
    /// As long as a JSON Web Token is good, which is kept.
    Jwt(Arc<Held>, String),
}

impl Auth {
    /// Callers with the tokens that `service` knows, and those without as `anonymous` has it.
    #[must_use]
    pub fn new(service: Service, anonymous: AnonymousAccess) -> Self {
        Self::with_jwt(service, anonymous, None)
    }

    /// The same with JSON Web Tokens of another issuer beside Orlo's own tokens.
    #[must_use]
    pub fn with_jwt(service: Service, anonymous: AnonymousAccess, jwt: Option<Jwt>) -> Self {
        Self(Arc::new(Inner {
            service,
            anonymous,
            jwt,
            usage: Usage::default(),
            watch: Watch::default(),
        }))
    }

    /// Who sends a request with these headers. A credential that is sent is checked, even where
    /// none is needed; schemes other than `Bearer` are somebody else's and passed over.
    ///
    /// # Errors
    /// 401 when the credential is bad, or there is none and nothing may be done without.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        self.caller_with(shown(headers)?).await
    }

    /// Who sends what would be the value of the header `Authorization`, e.g. `Bearer orlo_...`.
    ///
    /// # Errors
    /// As [`Auth::caller`].
    pub async fn caller_with(&self, authorization: Option<&str>) -> Result<Caller, Problem> {
        Ok(self.look(authorization).await?.0)
    }

    /// The same for a connection that stays, with until when it may.
    ///
    /// # Errors
    /// As [`Auth::caller`].
    pub async fn admit(&self, authorization: Option<&str>) -> Result<(Caller, Pass), Problem> {
        let (caller, basis) = self.look(authorization).await?;
        let Inner { service, watch, .. } = &*self.0;
        let pass = match basis {
            Basis::Nothing => Pass::Always,
            Basis::Token(id, end) => Pass::Token(watch.hold(service, Some(id), end)),
            Basis::Jwt(token, end) => Pass::Jwt(watch.hold(service, None, Some(end)), token),
        };
        Ok((caller, pass))
    }

    /// Waits until what a connection was admitted for is not good any more. Whether the key of a
    /// JSON Web Token was withdrawn is looked up as often as said.
    pub async fn spent(&self, pass: Pass, look_every: Duration) {
        match pass {
            Pass::Always => pending().await,
            Pass::Token(held) => held.over().await,
            Pass::Jwt(held, token) => {
                tokio::select! {
                    () = held.over() => {}
                    () = self.withdrawn(&token, look_every) => {}
                }
            }
        }
    }

    async fn withdrawn(&self, token: &str, look_every: Duration) {
        loop {
            tokio::time::sleep(look_every).await;
            if let Some(jwt) = &self.0.jwt
                && Box::pin(jwt.caller(token)).await.is_none()
            {
                return;
            }
        }
    }

    async fn look(&self, authorization: Option<&str>) -> Result<(Caller, Basis), Problem> {
        let Some(credential) = authorization.and_then(bearer) else {
            let anonymous = self.0.anonymous.caller();
            if anonymous.scope.is_none() {
                let message = format!("a token is needed: {HOW_TO_SEND}");
                return Err(unauthenticated(&message));
            }
            return Ok((anonymous, Basis::Nothing));
        };
        let found = match &self.0.jwt {
            Some(jwt) if !Secret::is_like(credential) => {
                let found = jwt.caller(credential).await;
                found.map(|(caller, end)| (caller, Basis::Jwt(credential.to_owned(), end)))
            }
            _ => {
                let holder = self.holder(credential).await;
                holder.map_err(|error| failed(&error))?
            }
        };
        found.ok_or_else(|| unauthenticated("the token is unknown, revoked or expired"))
    }

    /// Who holds a token of Orlo's own.
    async fn holder(&self, secret: &str) -> service::Result<Option<(Caller, Basis)>> {
        let Inner { service, usage, .. } = &*self.0;
        let Some(token) = token::find(service, secret).await? else {
            return Ok(None);
        };
        usage.note(token.id, service.now());
        let caller = Caller {
            actor: Some(token.name),
            person: token.person,
            scope: Some(token.scope),
        };
        Ok(Some((caller, Basis::Token(token.id, token.expires_at))))
    }

    /// Writes down when tokens were last used, which otherwise is only in memory.
    ///
    /// # Errors
    /// When the database fails; what was noted is kept for the next time.
    pub async fn flush_usage(&self) -> service::Result<()> {
        self.0.usage.flush(&self.0.service).await
    }
}

/// What a caller goes by, and when that ends.
enum Basis {
    Nothing,
    Token(Uuid, Option<Timestamp>),
    Jwt(String, Timestamp),
}

/// The credential in the headers of a request.
///
/// # Errors
/// 401 when it cannot be read.
pub fn shown(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
    let credential = credentials.next().map(HeaderValue::to_str);
    match (credential, credentials.next()) {
        (None, _) => Ok(None),
        (Some(Ok(credential)), None) => Ok(Some(credential)),
        _ => Err(unauthenticated("the header Authorization cannot be read")),
    }
}

/// What follows `Bearer` in a credential.
fn bearer(credential: &str) -> Option<&str> {
    let credential = credential.trim();
    let (scheme, rest) = credential.split_once(' ').unwrap_or((credential, ""));
    scheme.eq_ignore_ascii_case("bearer").then_some(rest.trim())
}

fn unauthenticated(message: &str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    problem.with_header(header::WWW_AUTHENTICATE, "Bearer")
}

fn failed(error: &service::Error) -> Problem {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "cannot look up a token"
    );
    let (status, message) = if error.is_unreachable() {
        (StatusCode::SERVICE_UNAVAILABLE, UNREACHABLE_MESSAGE)
    } else {
        (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_MESSAGE)
    };
    Problem::new(status, code::INTERNAL, message)
}
