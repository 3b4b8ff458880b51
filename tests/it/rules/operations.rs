//! Operations as callers have written them; they must go on working to the letter.

use serde_json::{Value, json};

use super::invariants;
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_pipeline_tells_its_deployment_step_by_step,
    a_finished_deployment_is_told_in_one_call,
    an_import_is_tried_before_it_is_done,
    a_dashboard_asks_for_what_goes_wrong,
    a_copy_is_kept_up_to_date,
);

const CI_1: &str = r#"mutation Ci1 { createRelease(input: { externalId: "jenkins-4711", user: "ann", team: "shop", platforms: "web", references: ["SHOP-1"], packages: { name: "api", version: "1.4.0" } }) { ok release { id } userErrors { code field message } warnings { code } } }"#;
const CI_2: &str = r#"mutation Ci2 { startPackage(input: { package: { inRelease: { release: { externalId: "jenkins-4711" }, name: "api" } } }) { ok } }"#;
const CI_3: &str = r#"mutation Ci3 { finishPackage(input: { package: { inRelease: { release: { externalId: "jenkins-4711" }, name: "api" } }, success: true, result: "ok" }) { ok package { status } } }"#;
const CI_4: &str = r#"mutation Ci4 { finishRelease(input: { release: { externalId: "jenkins-4711" } }) { ok release { status durationSeconds } warnings { code message } } }"#;
const ONE: &str = r#"mutation One { recordRelease(input: { user: "ann", platforms: ["web"], finishedAt: 1450371742, durationSeconds: 20, packages: [{ name: "api", version: "1.0.1" }], success: true }) { ok release { id startedAt inferredFields } } }"#;
const IMP: &str = "mutation Imp($r: [RecordReleaseInput!]!) { importReleases(input: { releases: $r, dryRun: true }) { ok createdCount failedCount rows(onlyFailed: true) { index userErrors { code field message } } } }";
const DASHBOARD: &str = r#"query Dashboard($team: String, $since: DateTime) {
  releases(first: 20, filter: { team: { eq: $team }, startedAt: { gte: $since }, platforms: { has: "web" }, packages: { some: { name: { eq: "api" }, status: { in: [FAILED, IN_PROGRESS] } } } }) {
    totalCount pageInfo { endCursor hasNextPage }
    nodes { id user team status durationSeconds platformNames references packages { name version status rollback diffUrl durationSeconds results(first: 1) { nodes { content } } } notes { text } metadata }
  }
}"#;
const OR: &str = r#"query Or { releases(filter: { or: [{ user: { eq: "ann" } }, { not: { team: { isNull: true } } }] }, orderBy: { field: DURATION, direction: DESC }) { nodes { id } } }"#;
const SYNC: &str = r#"query Sync($after: String) { releases(first: 500, after: $after, orderBy: [{ field: UPDATED_AT, direction: ASC }], filter: { updatedAt: { gt: "2026-01-01" } }) { pageInfo { endCursor hasNextPage } nodes { id updatedAt } } }"#;

async fn a_pipeline_tells_its_deployment_step_by_step(app: TestApp) {
    let created = app.mutate(CI_1, json!({})).await;
    assert_eq!(created["ok"], true);
    assert_eq!(created["userErrors"], json!([]));
    assert_eq!(created["warnings"], json!([]));
    app.set_now("2026-03-01T12:00:05Z");
    assert_eq!(app.mutate(CI_2, json!({})).await, json!({"ok": true}));
    app.set_now("2026-03-01T12:01:00Z");
    let finished = app.mutate(CI_3, json!({})).await;
    assert_eq!(
        finished,
        json!({"ok": true, "package": {"status": "SUCCESSFUL"}})
    );
    app.set_now("2026-03-01T12:01:10Z");
    let over = app.mutate(CI_4, json!({})).await;
    let release = json!({"status": "SUCCESSFUL", "durationSeconds": 70.0});
    assert_eq!(
        over,
        json!({"ok": true, "release": release, "warnings": []})
    );
    // A pipeline that runs once more tells the same record.
    assert_eq!(
        app.mutate(CI_1, json!({})).await["release"],
        created["release"]
    );
    invariants::check(&app).await;
}

async fn a_finished_deployment_is_told_in_one_call(app: TestApp) {
    let recorded = app.mutate(ONE, json!({})).await;
    assert_eq!(recorded["ok"], true);
    assert_eq!(recorded["release"]["startedAt"], "2015-12-17T17:02:02.000Z");
    assert_eq!(recorded["release"]["inferredFields"], json!([]));
    invariants::check(&app).await;
}

async fn an_import_is_tried_before_it_is_done(app: TestApp) {
    let rows = json!([{"user": "ann"}, {"packages": [{"name": ""}]}]);
    let tried = app.mutate(IMP, json!({"r": rows})).await;
    assert_eq!(tried["ok"], false);
    assert_eq!(tried["createdCount"], 1);
    assert_eq!(tried["failedCount"], 1);
    assert_eq!(tried["rows"][0]["index"], 1);
    let field = json!(["releases", "1", "packages", "0", "name"]);
    assert_eq!(tried["rows"][0]["userErrors"][0]["field"], field);
    assert_eq!(tried["rows"][0]["userErrors"][0]["code"], "REQUIRED");
    let tried = app.mutate(IMP, json!({"r": {"user": "ann"}})).await;
    assert_eq!(
        tried,
        json!({"ok": true, "createdCount": 1, "failedCount": 0, "rows": []})
    );
}

async fn a_dashboard_asks_for_what_goes_wrong(app: TestApp) {
    app.mutate(CI_1, json!({})).await;
    let nothing = app.query(DASHBOARD, json!({})).await;
    assert_eq!(nothing["releases"]["totalCount"], 0);
    app.mutate(CI_2, json!({})).await;
    for variables in [
        json!({}),
        json!({"team": null, "since": null}),
        json!({"team": "shop", "since": "2026-03-01"}),
    ] {
        let found = app.query(DASHBOARD, variables).await;
        assert_eq!(found["releases"]["totalCount"], 1);
        let node = &found["releases"]["nodes"][0];
        assert_eq!(node["status"], "IN_PROGRESS");
        assert_eq!(node["packages"][0]["status"], "IN_PROGRESS");
    }
    for variables in [json!({"team": "ops"}), json!({"since": "2026-04-01"})] {
        let found = app.query(DASHBOARD, variables).await;
        assert_eq!(found["releases"]["totalCount"], 0);
    }
    app.mutate(ONE, json!({})).await;
    let found = app.query(OR, json!({})).await;
    assert_eq!(found["releases"]["nodes"].as_array().unwrap().len(), 2);
}

async fn a_copy_is_kept_up_to_date(app: TestApp) {
    app.mutate(CI_1, json!({})).await;
    app.set_now("2026-03-01T12:00:05Z");
    app.mutate(ONE, json!({})).await;
    let page = app.query(SYNC, json!({"after": null})).await["releases"].take();
    assert_eq!(page["nodes"].as_array().unwrap().len(), 2);
    let seen = page["pageInfo"]["endCursor"].clone();
    let none = app.query(SYNC, json!({"after": seen})).await["releases"].take();
    assert_eq!(none["nodes"], json!([]));
    app.set_now("2026-03-01T12:00:10Z");
    app.mutate(CI_2, json!({})).await;
    let page = app.query(SYNC, json!({"after": seen})).await["releases"].take();
    let updated: Vec<&Value> = page["nodes"].as_array().unwrap().iter().collect();
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0]["updatedAt"], "2026-03-01T12:00:10.000Z");
}
