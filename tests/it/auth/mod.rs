//! Who may do what: tokens, JSON Web Tokens, and what is open without.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use entity::TokenScope;
use orlo::http::auth::Auth;
use orlo::service::token::{self, AnonymousAccess, NewToken};
use serde_json::{Value, json};

use crate::app::{Answer, TestApp};

mod command;
mod guard;
mod jwt;
mod tokens;

/// Orlo as `--auth` would have it.
pub fn guarded(app: &TestApp, anonymous: AnonymousAccess) -> TestApp {
    app.with_auth(Auth::new(app.service().clone(), anonymous))
}

/// The secret of a new token.
pub async fn issue(app: &TestApp, name: &str, scope: TokenScope) -> String {
    issue_for(app, name, scope, None).await
}

/// The secret of a new token that lasts as long as said.
async fn issue_for(
    app: &TestApp,
    name: &str,
    scope: TokenScope,
    lifetime: Option<Duration>,
) -> String {
    let new = NewToken {
        name: name.to_owned(),
        scope,
        person: Some(format!("{name}'s person")),
        lifetime,
    };
    let (_, secret) = token::create(app.service(), new).await.unwrap();
    secret.reveal()
}

/// Sends an operation with a credential, e.g. `Bearer orlo_...`.
async fn send(app: &TestApp, credential: Option<&str>, query: &str, variables: Value) -> Answer {
    let mut request = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
    if let Some(credential) = credential {
        request = request.header(AUTHORIZATION, credential);
    }
    let body = json!({"query": query, "variables": variables}).to_string();
    app.send(request.body(Body::from(body)).unwrap()).await
}

/// Sends an operation with a bearer token.
async fn send_with(app: &TestApp, token: &str, query: &str) -> Answer {
    send(app, Some(&format!("Bearer {token}")), query, json!({})).await
}

/// The answer must be a refusal of this kind.
fn assert_refused(answer: &Answer, status: StatusCode, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert!(body.get("data").is_none(), "{body:#}");
    assert_eq!(body["errors"][0]["extensions"]["code"], code, "{body:#}");
    let asks = answer.headers.get("www-authenticate");
    if status == StatusCode::UNAUTHORIZED {
        assert_eq!(asks.unwrap(), "Bearer");
    } else {
        assert!(asks.is_none(), "{answer:?}");
    }
}

fn assert_unknown(answer: &Answer) {
    assert_refused(answer, StatusCode::UNAUTHORIZED, "UNAUTHENTICATED");
}

const WHO: &str = "{ server { actor canWrite } }";
