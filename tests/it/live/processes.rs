//! Following what other processes change.

use serde_json::json;

use super::changes::{BARE, all_events, begin, next_events};
use super::subscriber::Subscriber;
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::command;

on_both_databases!(
    what_another_process_changes_is_told,
    what_a_command_imports_is_told,
);

async fn what_another_process_changes_is_told(app: TestApp) {
    let after = begin(&app).await;
    let sibling = app.sibling().await;
    let mut here = Subscriber::start(&app, BARE, json!({"after": after}));
    let mut there = Subscriber::start(&sibling, BARE, json!({"after": after}));
    for app in [&app, &sibling, &app] {
        release().record(app).await;
        let told = next_events(&mut here, 1).await;
        assert_eq!(told, next_events(&mut there, 1).await);
    }
}

async fn what_a_command_imports_is_told(app: TestApp) {
    let after = begin(&app).await;
    let mut subscriber = Subscriber::start(&app, BARE, json!({"after": after}));
    let documents = r#"{"user": "ann"} {"user": "bob"}"#;
    let url = app.database_url().to_owned();
    let import = move || command::import(&url, &[], documents).ok();
    tokio::task::spawn_blocking(import).await.unwrap();
    let told = next_events(&mut subscriber, 2).await;
    assert_eq!(told, all_events(&app).await[1..]);
}
