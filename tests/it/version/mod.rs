//! What runs where, what ran there before, and what differs.

mod current;
mod diff;
mod fields;
mod succession;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::builders::{ReleaseBuilder, release};

/// A release of one successful package, that finished at this time.
fn deploy(package: &str, version: &str, finished_at: &str) -> ReleaseBuilder {
    release().package(package, version).finished(finished_at)
}

/// Records the worked example: a week of `api` on `prod`, ending with v7.
async fn record_a_week(app: &TestApp) {
    let done = [
        ("v1", "2026-03-02T09:00:00Z", "2026-03-02T09:10:00Z"),
        ("v2", "2026-03-03T10:00:00Z", "2026-03-03T10:10:00Z"),
        ("v3", "2026-03-03T15:00:00Z", "2026-03-03T15:10:00Z"),
        ("v4", "2026-03-04T10:00:00Z", "2026-03-04T10:10:00Z"),
        ("v5", "2026-03-05T23:30:00Z", "2026-03-05T23:50:00Z"),
        ("v7", "2026-03-06T13:00:00Z", "2026-03-06T13:10:00Z"),
    ];
    let on_prod = || release().platforms(["prod"]);
    for (version, start, finish) in done {
        let it = on_prod().package("api", version);
        it.started(start).finished(finish).record(app).await;
    }
    on_prod()
        .package_with(json!({"name": "api", "version": "v1", "rollback": true}))
        .started("2026-03-03T16:00:00Z")
        .finished("2026-03-03T16:05:00Z")
        .record(app)
        .await;
    on_prod()
        .package_with(json!({"name": "api", "version": "v4", "status": "FAILED"}))
        .started("2026-03-04T09:00:00Z")
        .finished("2026-03-04T09:20:00Z")
        .record(app)
        .await;
    on_prod()
        .package_with(json!({"name": "api", "version": "v6", "status": "IN_PROGRESS"}))
        .started("2026-03-06T12:00:00Z")
        .record(app)
        .await;
}

/// Everything that runs, one line each: `package platform version<previous`.
async fn everything(app: &TestApp, arguments: &str) -> Vec<String> {
    let query =
        format!("{{ currentVersions{arguments} {{ package platform version previousVersion }} }}");
    let data = app.query(&query, json!({})).await;
    let versions = data["currentVersions"].as_array().unwrap();
    versions.iter().map(line_of).collect()
}

/// A current version, as `package platform version<previous`.
fn line_of(version: &Value) -> String {
    let text = |field| version[field].as_str().unwrap_or("-");
    let (package, platform) = (text("package"), text("platform"));
    let (version, previous) = (text("version"), text("previousVersion"));
    format!("{package} {platform} {version}<{previous}")
}

/// Deletes a release.
async fn delete(app: &TestApp, release: &Value) {
    let mutation = "mutation ($id: ID!) { deleteRelease(input: { release: { id: $id } }) { ok } }";
    let payload = app.mutate(mutation, json!({"id": release["id"]})).await;
    assert_eq!(payload["ok"], true);
}
