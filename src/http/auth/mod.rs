//! Who sends a request: the credential in its header becomes a [`Caller`].

pub mod jwt;

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};

use self::jwt::Jwt;
use super::problem::Problem;
use crate::graphql::error::{INTERNAL_MESSAGE, UNREACHABLE_MESSAGE, code};
use crate::graphql::guard::HOW_TO_SEND;
use crate::service::token::{self, AnonymousAccess, Secret, Usage};
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
        }))
    }

    /// Who sends a request with these headers. A credential that is sent is checked, even where
    /// none is needed; schemes other than `Bearer` are somebody else's and passed over.
    ///
    /// # Errors
    /// 401 when the credential is bad, or there is none and nothing may be done without.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
        let credential = credentials.next().map(|value| value.to_str());
        match (credential, credentials.next()) {
            (None, _) => self.caller_with(None).await,
            (Some(Ok(credential)), None) => self.caller_with(Some(credential)).await,
            _ => Err(unauthenticated("the header Authorization cannot be read")),
        }
    }

    /// Who sends what would be the value of the header `Authorization`, e.g. `Bearer orlo_...`.
    ///
    /// # Errors
    /// As [`Auth::caller`].
    pub async fn caller_with(&self, authorization: Option<&str>) -> Result<Caller, Problem> {
        let Some(credential) = authorization.and_then(bearer) else {
            let anonymous = self.0.anonymous.caller();
            if anonymous.scope.is_none() {
                let message = format!("a token is needed: {HOW_TO_SEND}");
                return Err(unauthenticated(&message));
            }
            return Ok(anonymous);
        };
        let caller = match &self.0.jwt {
            Some(jwt) if !Secret::is_like(credential) => jwt.caller(credential).await,
            _ => {
                let holder = self.holder(credential).await;
                holder.map_err(|error| failed(&error))?
            }
        };
        caller.ok_or_else(|| unauthenticated("the token is unknown, revoked or expired"))
    }

    /// Who holds a token of Orlo's own.
    async fn holder(&self, secret: &str) -> service::Result<Option<Caller>> {
        let Inner { service, usage, .. } = &*self.0;
        let Some(token) = token::find(service, secret).await? else {
            return Ok(None);
        };
        usage.note(token.id, service.now());
        Ok(Some(Caller {
            actor: Some(token.name),
            person: token.person,
            scope: Some(token.scope),
        }))
    }

    /// Writes down when tokens were last used, which otherwise is only in memory.
    ///
    /// # Errors
    /// When the database fails; what was noted is kept for the next time.
    pub async fn flush_usage(&self) -> service::Result<()> {
        self.0.usage.flush(&self.0.service).await
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
