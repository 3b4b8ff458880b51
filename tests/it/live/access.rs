//! Who may follow, and for how long.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use entity::TokenScope;
use orlo::http::auth::Auth;
use orlo::http::{AppState, Live, router};
use orlo::service::token::{self, AnonymousAccess, NewToken};
use serde_json::json;
use tower::ServiceExt as _;

use super::subscriber::EventStream;
use crate::app::{TestApp, on_both_databases};
use crate::clients;

on_both_databases!(
    a_token_opens_streams_and_sockets_as_far_as_it_goes,
    a_revoked_token_ends_what_it_has_opened,
);

/// The same process, where nothing goes without a token.
fn guarded(app: &TestApp) -> TestApp {
    let mut live = Live::default();
    live.timing.recheck = Duration::from_millis(100);
    let auth = Auth::new(app.service().clone(), AnonymousAccess::Nothing);
    let state = AppState::new(app.service().clone()).with_live(live);
    app.with_router(router(state.with_auth(auth)))
}

async fn issue(app: &TestApp, scope: TokenScope) -> String {
    let new = NewToken {
        name: "reader".to_owned(),
        scope,
        person: None,
        lifetime: None,
    };
    token::create(app.service(), new).await.unwrap().1.reveal()
}

fn ask(token: Option<&str>) -> Request<Body> {
    let query = json!({"query": "subscription { releaseChanged { cursor } }"});
    let mut request = Request::post("/graphql/stream").header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Body::from(query.to_string())).unwrap()
}

async fn a_token_opens_streams_and_sockets_as_far_as_it_goes(app: TestApp) {
    let token = issue(&app, TokenScope::Read).await;
    let app = guarded(&app);
    for wrong in [None, Some("orlo_wrong")] {
        let answer = app.send(ask(wrong)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    }
    let answer = app
        .router()
        .clone()
        .oneshot(ask(Some(&token)))
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);

    let server = app.listen().await;
    let url = server.url("/graphql/ws").replace("http://", "ws://");
    let output = clients::run("token.mjs", &[&url, &token]).await;
    let expected =
        "nothing: 4403 a token is needed: send it as the header `Authorization: Bearer TOKEN`
wrong: 4403 the token is unknown, revoked or expired
payload: connection_ack next
token: connection_ack next
header: connection_ack next
mutation: connection_ack FORBIDDEN
";
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, expected, "{said}");
}

async fn a_revoked_token_ends_what_it_has_opened(app: TestApp) {
    use sea_orm::ConnectionTrait as _;
    let token = issue(&app, TokenScope::Read).await;
    let app = guarded(&app);
    let answer = app
        .router()
        .clone()
        .oneshot(ask(Some(&token)))
        .await
        .unwrap();
    let mut stream = EventStream::new(answer.into_body());
    let revoke = "UPDATE token SET revoked_at = 0";
    app.database()
        .writer()
        .execute_unprepared(revoke)
        .await
        .unwrap();
    let ended = tokio::time::timeout(super::subscriber::PATIENCE, stream.next()).await;
    assert_eq!(ended.unwrap(), None);
}
