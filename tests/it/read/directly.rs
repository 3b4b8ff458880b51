//! Questions to SQLite, whether they are small and answered on the spot or not.

use std::fs;

use serde_json::{Value, json};

use crate::app::{TestApp, run};
use crate::builders::release;
use crate::command;
use crate::database::Backend;

const WHOLE: &str = "id externalId user team status rollback isPartial isStale startedAt finishedAt
    durationSeconds createdAt updatedAt inferredFields platforms { id name } references metadata
    notes { id text author createdAt }
    packages {
        id externalId name version status rollback rollbackDetected startedAt finishedAt effectiveAt
    }";

async fn import(app: &TestApp, count: usize) {
    let package = |name: &str, number: usize| {
        json!({
            "name": name, "version": format!("1.{number}"), "externalId": format!("{name} {number}"),
            "status": if number.is_multiple_of(7) { "FAILED" } else { "SUCCESSFUL" },
            "diffUrl": "https://example.org/?a=\"b\"&c\n",
        })
    };
    let release = |number: usize| {
        let names = ["api", "web", "db"];
        let packages: Value = names.iter().map(|name| package(name, number)).collect();
        json!({
            "externalId": number.to_string(), "user": "ann", "team": "søk",
            "platforms": ["web", "eu"], "references": ["SHOP-1"], "notes": ["all went well"],
            "metadata": {"build": number}, "startedAt": "2026-02-01T10:00:00Z", "packages": packages,
        })
    };
    let mutation =
        "mutation ($input: ImportReleasesInput!) { importReleases(input: $input) { ok } }";
    for first in (0..count).step_by(100) {
        let releases: Value = (first..first + 100).map(release).collect();
        let payload = app
            .mutate(mutation, json!({"input": {"releases": releases}}))
            .await;
        assert_eq!(payload["ok"], true);
    }
}

async fn page(app: &TestApp, first: usize) -> Vec<Value> {
    let query =
        format!("query ($first: Int) {{ releases(first: $first) {{ nodes {{ {WHOLE} }} }} }}");
    let mut data = app.query(&query, json!({ "first": first })).await;
    serde_json::from_value(data["releases"]["nodes"].take()).unwrap()
}

async fn alone(app: &TestApp, id: &Value) -> Value {
    let query = format!("query ($id: ID!) {{ release(by: {{ id: $id }}) {{ {WHOLE} }} }}");
    let mut data = app.query(&query, json!({ "id": id })).await;
    data["release"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_page_has_what_its_releases_have_alone() {
    run(Backend::Sqlite, async |app| {
        import(&app, 900).await;
        let (app, heard) = app.hearing_statements().await;
        let nodes = page(&app, 900).await;
        assert_eq!(nodes.len(), 900);
        // The way of questions that are not small.
        let statements = heard.lock().unwrap().clone();
        let is_text = |statement: &String| statement.contains("json_group_array");
        assert!(statements.iter().any(is_text), "{statements:#?}");
        // Small ones, at least as long as the machine has time for them.
        for node in nodes.iter().step_by(90) {
            assert_eq!(alone(&app, &node["id"]).await, *node);
        }
        // What was recorded after the large page was given up is seen by everybody.
        let latest = release().user("new").started("2026-02-02T10:00:00Z");
        latest.record(&app.sibling().await).await;
        assert_eq!(page(&app, 1).await[0]["user"], "new");
    })
    .await;
}

fn assert_alone(app: &TestApp) {
    let path = app.database_url().strip_prefix("sqlite://").unwrap();
    for more in ["-wal", "-shm"] {
        assert!(!fs::exists(format!("{path}{more}")).unwrap(), "{more}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_beside_the_file_of_a_closed_database() {
    run(Backend::Sqlite, async |app| {
        import(&app, 100).await;
        // Those of the test itself would keep it open.
        app.database().close().await.unwrap();
        let reading = app.sibling().await;
        assert_eq!(page(&reading, 1).await.len(), 1);
        reading.database().close().await.unwrap();
        assert_alone(&reading);
        // The first goes the long way, because the platform is new.
        for id in ["a", "b"] {
            let release = json!({"externalId": id, "user": "ann", "platforms": ["ap"]});
            command::import(app.database_url(), &[], &release.to_string()).ok();
            assert_alone(&app);
        }
    })
    .await;
}
