//! Orlo's own tokens.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use entity::TokenScope;
use orlo::http::auth::Auth;
use orlo::service::token::{self, AnonymousAccess, NewToken};
use orlo::service::{Error, UserErrorCode};
use serde_json::json;

use super::{WHO, assert_unknown, guarded, issue, issue_for, send, send_with};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    what_is_open_without_a_token_is_as_set,
    a_token_says_who_writes,
    a_bad_token_is_refused_even_where_none_is_needed,
    a_revoked_token_stops_working_at_once_in_every_process,
    an_expired_token_stops_working,
    names_are_unique_until_they_are_revoked,
    what_cannot_be_stored_is_refused,
    the_secret_is_stored_nowhere,
    a_token_costs_one_look_up_and_no_write,
    the_last_use_is_written_down_now_and_then,
    pages_need_no_token,
);

async fn what_is_open_without_a_token_is_as_set(app: TestApp) {
    for (anonymous, can_write) in [
        (AnonymousAccess::Everything, true),
        (AnonymousAccess::Reading, false),
    ] {
        let answer = send(&guarded(&app, anonymous), None, WHO, json!({})).await;
        let expected = json!({"actor": null, "canWrite": can_write});
        assert_eq!(answer.json()["data"]["server"], expected);
    }
    let all = guarded(&app, AnonymousAccess::Nothing);
    assert_unknown(&send(&all, None, WHO, json!({})).await);
    assert_unknown(&send(&all, None, "{ __schema { types { name } } }", json!({})).await);
    assert_unknown(&send(&all, None, "what is this", json!({})).await);
    for (name, scope, can_write) in [
        ("reader", TokenScope::Read, false),
        ("writer", TokenScope::Write, true),
        ("admin", TokenScope::Admin, true),
    ] {
        let secret = issue(&app, name, scope).await;
        let answer = send_with(&all, &secret, WHO).await;
        let expected = json!({"actor": name, "canWrite": can_write});
        assert_eq!(answer.json()["data"]["server"], expected);
    }
}

async fn a_token_says_who_writes(app: TestApp) {
    let secret = issue(&app, "jenkins", TokenScope::Write).await;
    let mutation = "mutation {
        unnamed: recordRelease(input: { externalId: \"a\" }) { release { user inferredFields events { nodes { actor } } } }
        named: recordRelease(input: { user: \"bob\" }) { release { user } }
    }";
    let answer = send_with(&app, &secret, mutation).await.json();
    let release = &answer["data"]["unnamed"]["release"];
    assert_eq!(release["user"], "jenkins's person", "{answer:#}");
    assert_eq!(release["events"]["nodes"], json!([{"actor": "jenkins"}]));
    let inferred = release["inferredFields"].as_array().unwrap();
    assert!(inferred.contains(&json!("user")), "{answer:#}");
    assert_eq!(answer["data"]["named"]["release"]["user"], "bob");
}

async fn a_bad_token_is_refused_even_where_none_is_needed(app: TestApp) {
    let secret = issue(&app, "ci", TokenScope::Admin).await;
    let other = orlo::service::token::Secret::generate().unwrap().reveal();
    let cut = &secret[..secret.len() - 1];
    for credential in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer nonsense".to_owned(),
        "Bearer a.b.c".to_owned(),
        format!("Bearer {other}"),
        format!("Bearer {cut}"),
        format!("Bearer {secret}x"),
        format!("Bearer {secret} {secret}"),
    ] {
        assert_unknown(&send(&app, Some(&credential), WHO, json!({})).await);
    }
    let twice = Request::post("/graphql")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {secret}"))
        .header("authorization", format!("Bearer {other}"))
        .body(Body::from(json!({"query": WHO}).to_string()))
        .unwrap();
    assert_unknown(&app.send(twice).await);
    for credential in [format!("bearer {secret}"), format!("BEARER  {secret} ")] {
        let answer = send(&app, Some(&credential), WHO, json!({})).await;
        assert_eq!(answer.json()["data"]["server"]["actor"], "ci");
    }
    // What a proxy in front was given is not for Orlo.
    let answer = send(&app, Some("Basic YTpi"), WHO, json!({})).await;
    assert_eq!(answer.json()["data"]["server"]["actor"], json!(null));
}

async fn a_revoked_token_stops_working_at_once_in_every_process(app: TestApp) {
    let here = guarded(&app, AnonymousAccess::Nothing);
    let there = guarded(&app.sibling().await, AnonymousAccess::Nothing);
    let secret = issue(&app, "ci", TokenScope::Write).await;
    for process in [&here, &there] {
        let answer = send_with(process, &secret, WHO).await;
        assert_eq!(answer.json()["data"]["server"]["actor"], "ci");
    }
    token::revoke(here.service(), "ci").await.unwrap();
    for process in [&here, &there] {
        assert_unknown(&send_with(process, &secret, WHO).await);
    }
}

async fn an_expired_token_stops_working(app: TestApp) {
    app.set_now("2026-03-01T12:00:00Z");
    let day = Some(Duration::from_hours(24));
    let secret = issue_for(&app, "ci", TokenScope::Write, day).await;
    app.set_now("2026-03-02T11:59:59.999Z");
    let answer = send_with(&app, &secret, WHO).await;
    assert_eq!(answer.json()["data"]["server"]["actor"], "ci");
    app.set_now("2026-03-02T12:00:00Z");
    assert_unknown(&send_with(&app, &secret, WHO).await);
}

fn new(name: &str) -> NewToken {
    NewToken {
        name: name.to_owned(),
        scope: TokenScope::Read,
        person: None,
        lifetime: None,
    }
}

fn refusal(error: Error) -> Vec<(UserErrorCode, Vec<String>)> {
    let Error::Refused(errors) = error else {
        panic!("{error:?}")
    };
    let errors = errors.into_iter();
    errors.map(|error| (error.code, error.field)).collect()
}

async fn names_are_unique_until_they_are_revoked(app: TestApp) {
    let service = app.service();
    let (first, _) = token::create(service, new("ci")).await.unwrap();
    let error = token::create(service, new(" ci ")).await.unwrap_err();
    assert_eq!(
        refusal(error),
        [(UserErrorCode::Conflict, vec!["name".to_owned()])]
    );
    token::revoke(service, &first.id.to_string()).await.unwrap();
    let (second, secret) = token::create(service, new("ci")).await.unwrap();
    // Only the living one is meant, and what is revoked cannot be revoked again.
    assert_eq!(token::revoke(service, "ci").await.unwrap().id, second.id);
    assert_unknown(&send_with(&app, &secret.reveal(), WHO).await);
    for gone in ["ci", &second.id.to_string(), "never"] {
        let error = token::revoke(service, gone).await.unwrap_err();
        assert_eq!(refusal(error), [(UserErrorCode::NotFound, vec![])]);
    }
    assert_eq!(token::list(service).await.unwrap().len(), 2);
}

async fn what_cannot_be_stored_is_refused(app: TestApp) {
    use UserErrorCode::{InvalidValue, Required, TooLong};
    let person = |person: &str| NewToken {
        person: Some(person.to_owned()),
        ..new("ci")
    };
    let lifetime = |seconds| NewToken {
        lifetime: Some(Duration::from_secs(seconds)),
        ..new("ci")
    };
    for (token, code, field) in [
        (new(" "), Required, "name"),
        (new("a\nb"), InvalidValue, "name"),
        (new(&"x".repeat(256)), TooLong, "name"),
        (
            new("0190163d-8694-739b-aea5-966c26f8ad91"),
            InvalidValue,
            "name",
        ),
        (person("a\u{1b}[31m"), InvalidValue, "person"),
        (lifetime(0), InvalidValue, "lifetime"),
        (lifetime(u64::MAX), InvalidValue, "lifetime"),
        (lifetime(8_000 * 366 * 86_400), InvalidValue, "lifetime"),
    ] {
        let error = token::create(app.service(), token).await.unwrap_err();
        assert_eq!(refusal(error), [(code, vec![field.to_owned()])]);
    }
}

async fn the_secret_is_stored_nowhere(app: TestApp) {
    let (stored, secret) = token::create(app.service(), new("ci")).await.unwrap();
    assert_eq!(stored.digest, secret.digest());
    let shown = format!("{stored:?} {:?}", token::list(app.service()).await.unwrap());
    assert!(!shown.contains(&secret.reveal()), "{shown}");
}

async fn a_token_costs_one_look_up_and_no_write(app: TestApp) {
    let secret = issue(&app, "ci", TokenScope::Write).await;
    let query = "{ releases { nodes { id } } }";
    let cost = async |credential: Option<String>| {
        let before = app.statements();
        send(&app, credential.as_deref(), query, json!({})).await;
        app.statements() - before
    };
    let without = cost(None).await;
    for _ in 0..3 {
        assert_eq!(cost(Some(format!("Bearer {secret}"))).await, without + 1);
    }
    assert_eq!(cost(Some("Bearer orlo_nonsense".to_owned())).await, 0);
}

async fn the_last_use_is_written_down_now_and_then(app: TestApp) {
    let auth = Auth::new(app.service().clone(), AnonymousAccess::Nothing);
    let server = app.with_auth(auth.clone());
    let used = async || {
        let tokens = token::list(app.service()).await.unwrap();
        let times = tokens.iter().map(|token| token.last_used_at);
        times
            .map(|time| time.map(|time| time.0.to_rfc3339()))
            .collect::<Vec<_>>()
    };
    let a = issue(&app, "a", TokenScope::Read).await;
    let b = issue(&app, "b", TokenScope::Read).await;
    issue(&app, "c", TokenScope::Read).await;
    app.set_now("2026-03-01T12:00:00Z");
    send_with(&server, &a, WHO).await;
    app.set_now("2026-03-01T12:00:01Z");
    send_with(&server, &a, WHO).await;
    send_with(&server, &b, WHO).await;
    assert_eq!(used().await, [None, None, None]);

    let before = app.statements();
    auth.flush_usage().await.unwrap();
    assert_eq!(app.statements() - before, 1);
    let at = Some("2026-03-01T12:00:01+00:00".to_owned());
    assert_eq!(used().await, [at.clone(), at.clone(), None]);
    // Nothing new costs nothing.
    let before = app.statements();
    auth.flush_usage().await.unwrap();
    assert_eq!(app.statements(), before);

    // What another process has seen later stays.
    app.set_now("2026-03-01T11:00:00Z");
    send_with(&server, &a, WHO).await;
    auth.flush_usage().await.unwrap();
    assert_eq!(used().await, [at.clone(), at, None]);
}

async fn pages_need_no_token(app: TestApp) {
    let all = guarded(&app, AnonymousAccess::Nothing);
    for page in ["/graphiql", "/healthz", "/readyz", "/version"] {
        assert_eq!(all.get(page).await.status, 200, "{page}");
    }
}
