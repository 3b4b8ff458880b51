//! `orlo token`, and what `orlo serve` asks for before it opens itself to others.

use serde_json::{Value, json};

use super::{WHO, assert_unknown, send_with};
use crate::app::{TestApp, on_both_databases};
use crate::command::{Said, run};
use crate::process::Process;

on_both_databases!(
    a_created_token_works_and_is_shown_once,
    a_revoked_token_is_listed_and_does_not_work,
    a_server_that_ends_writes_down_what_was_used_and_logs_no_secret,
);

/// `orlo token` on the database of `app`.
fn token(app: &TestApp, arguments: &[&str]) -> Said {
    let url = ["--database-url", app.database_url()];
    run(&[&["token"], arguments, &url].concat(), "")
}

/// The one token there is, as JSON.
fn listed(app: &TestApp) -> Value {
    let list = token(app, &["list", "--format", "json"]).ok();
    serde_json::from_str(list.trim()).unwrap()
}

async fn a_created_token_works_and_is_shown_once(app: TestApp) {
    let options = ["--scope", "write", "--expires", "90d", "--person", "ann"];
    let said = token(&app, &[&["create", "jenkins"], &options[..]].concat());
    let secret = said.out.trim();
    assert!(said.err.starts_with("jenkins may write until "), "{said:?}");
    assert!(!said.err.contains(secret), "{said:?}");
    app.set_now(&now());
    let answer = send_with(&app, secret, WHO).await.json();
    let expected = json!({"actor": "jenkins", "canWrite": true});
    assert_eq!(answer["data"]["server"], expected);

    let listed = listed(&app);
    for (field, value) in [
        ("name", json!("jenkins")),
        ("scope", json!("write")),
        ("person", json!("ann")),
        ("state", json!("works")),
        ("lastUsedAt", json!(null)),
        ("revokedAt", json!(null)),
    ] {
        assert_eq!(listed[field], value, "{listed:#}");
    }
    let table = token(&app, &["list"]).ok();
    let head = "NAME     SCOPE  STATE  PERSON  CREATED";
    assert!(table.starts_with(head), "{table}");
    assert!(table.contains("\njenkins  write  works  ann "), "{table}");
    assert!(!table.contains(&secret[5..20]), "{table}");
    assert!(!listed.to_string().contains(&secret[5..20]), "{listed}");
}

async fn a_revoked_token_is_listed_and_does_not_work(app: TestApp) {
    let create = ["create", "jenkins", "--scope", "read"];
    let secret = token(&app, &create).ok();
    let again = token(&app, &create);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    let reason = "orlo: name is the name of a token that is not revoked\n";
    assert_eq!(again.err, reason);

    token(&app, &["revoke", "jenkins"]).ok();
    assert_unknown(&send_with(&app, secret.trim(), WHO).await);
    assert_eq!(listed(&app)["state"], "revoked");
    let again = token(&app, &["revoke", "jenkins"]);
    let reason = "orlo: there is no such token that is not revoked\n";
    assert_eq!((again.code, again.err.as_str()), (1, reason));
}

async fn a_server_that_ends_writes_down_what_was_used_and_logs_no_secret(app: TestApp) {
    let secret = token(&app, &["create", "jenkins", "--scope", "write"]).ok();
    let secret = secret.trim();
    let arguments = ["--auth", "all", "--log", "trace"];
    let process = Process::start(app.database_url(), &arguments).await;
    let caller = process.caller();
    let refused = caller.send(WHO, &json!({})).await;
    assert_eq!(
        refused["errors"][0]["extensions"]["code"],
        "UNAUTHENTICATED"
    );
    let (begin, end) = secret.split_at(secret.len() - 1);
    let wrong = format!("{begin}{}", if end == "x" { "y" } else { "x" });
    for (token, is_known) in [(secret, true), (wrong.as_str(), false)] {
        let answer = caller.clone().with_token(token).send(WHO, &json!({})).await;
        let actor = &answer["data"]["server"]["actor"];
        assert_eq!(*actor == "jenkins", is_known, "{answer:#}");
    }
    assert_eq!(listed(&app)["lastUsedAt"], json!(null));
    let log = process.stop().await;
    assert!(listed(&app)["lastUsedAt"].is_string());
    assert!(log.contains("/graphql"), "{log}");
    assert!(!log.contains(&secret[5..20]), "{log}");
}

#[test]
fn a_token_is_not_looked_for_in_a_database_that_is_not_there() {
    for action in [&["list"][..], &["revoke", "ci"]] {
        let url = ["--database-url", "sqlite:///no/such/orlo.db"];
        let said = run(&[&["token"], action, &url].concat(), "");
        assert_eq!(said.err, "orlo: there is no database /no/such/orlo.db\n");
    }
}

/// The command goes by the clock of the machine.
#[expect(clippy::disallowed_methods, reason = "as the command does")]
fn now() -> String {
    chrono::Utc::now().to_rfc3339()
}

#[test]
fn a_server_that_others_reach_does_not_start_open_by_oversight() {
    for (arguments, variables) in [
        (vec!["--bind", "0.0.0.0:0"], vec![]),
        (vec!["--bind", "[::]:0", "--auth", "none"], vec![]),
        (vec![], vec![("ORLO_BIND", "0.0.0.0:0")]),
    ] {
        let mut command = crate::command::command(&["serve"]);
        let output = command.args(arguments).envs(variables).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("orlo: not serving on "), "{said}");
        assert!(said.contains("--auth writes or --auth all"), "{said}");
        assert!(said.contains("--allow-anonymous"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
