//! Corrections, deletions and failures in production.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_correction_changes_what_is_given_and_nothing_else,
    a_field_named_in_clear_is_emptied,
    a_field_both_given_and_cleared_is_refused,
    a_correction_moves_what_follows_from_it,
    an_external_id_of_another_record_is_a_conflict,
    a_package_is_corrected,
    a_deleted_release_is_found_nowhere,
    a_deleted_package_no_longer_counts,
    a_failure_is_reported_and_resolved,
    a_failure_names_only_what_is_there,
);

const UPDATE: &str = "mutation ($input: UpdateReleaseInput!) { updateRelease(input: $input) {
    ok userErrors { code field } warnings { code }
    release { user team platformNames references status startedAt finishedAt durationSeconds
        inferredFields packages { effectiveAt }
        events(last: 1) { nodes { type changes } } } } }";

async fn update(app: &TestApp, input: Value) -> Value {
    app.mutate(UPDATE, json!({ "input": input })).await
}

async fn a_correction_changes_what_is_given_and_nothing_else(app: TestApp) {
    let builder = release()
        .external_id("a")
        .user("ann")
        .team("shop")
        .platforms(["web", "app"]);
    builder.references(["X-1"]).record(&app).await;
    let changed = json!({ "release": { "externalId": "a" }, "team": "pay", "user": null,
        "references": "X-2", "reason": "typo" });
    let payload = update(&app, changed).await;
    assert_eq!(payload["ok"], true, "{payload}");
    let release = &payload["release"];
    assert_eq!(release["user"], "ann");
    assert_eq!(release["team"], "pay");
    assert_eq!(release["platformNames"], json!(["web", "app"]));
    assert_eq!(release["references"], json!(["X-2"]));
    let event = &release["events"]["nodes"][0];
    assert_eq!(event["type"], "RELEASE_UPDATED");
    assert_eq!(
        event["changes"]["team"],
        json!({ "old": "shop", "new": "pay" })
    );
    assert_eq!(
        event["changes"]["references"],
        json!({ "old": ["X-1"], "new": ["X-2"] })
    );
    assert_eq!(event["changes"]["reason"]["new"], "typo");
}

async fn a_field_named_in_clear_is_emptied(app: TestApp) {
    let builder = release().external_id("a").user("ann").platforms(["web"]);
    builder.started("2026-03-01T10:00:00Z").record(&app).await;
    let clear = json!(["USER", "PLATFORMS", "STARTED_AT", "EXTERNAL_ID"]);
    let input = json!({ "release": { "externalId": "a" }, "clear": clear });
    let payload = update(&app, input).await;
    let release = &payload["release"];
    assert_eq!(release["user"], Value::Null);
    assert_eq!(release["platformNames"], json!([]));
    assert_eq!(release["startedAt"], Value::Null);
    let gone = update(&app, json!({ "release": { "externalId": "a" } })).await;
    assert_eq!(gone["userErrors"][0]["code"], "NOT_FOUND");
}

async fn a_field_both_given_and_cleared_is_refused(app: TestApp) {
    release().external_id("a").record(&app).await;
    let input = json!({ "release": { "externalId": "a" }, "team": "pay", "clear": "TEAM" });
    let payload = update(&app, input).await;
    assert_eq!(
        payload["userErrors"],
        json!([{ "code": "INVALID_VALUE", "field": ["team"] }])
    );
}

async fn a_correction_moves_what_follows_from_it(app: TestApp) {
    let builder = release().external_id("a").package("api", "1");
    builder.finished("2026-03-01T10:00:00Z").record(&app).await;
    let times = json!({ "release": { "externalId": "a" },
        "startedAt": "2026-03-01T08:00:00Z", "finishedAt": "2026-03-01T09:00:00Z" });
    let payload = update(&app, times).await;
    assert_eq!(payload["release"]["durationSeconds"], 3600.0);
    let effective = &payload["release"]["packages"][0]["effectiveAt"];
    assert_eq!(effective, "2026-03-01T09:00:00.000Z");
    let late = json!({ "release": { "externalId": "a" }, "startedAt": "2026-03-01T09:30:00Z" });
    let payload = update(&app, late).await;
    assert_eq!(
        payload["warnings"],
        json!([{ "code": "FINISHED_BEFORE_START" }])
    );
    assert_eq!(payload["release"]["durationSeconds"], Value::Null);
}

async fn an_external_id_of_another_record_is_a_conflict(app: TestApp) {
    release().external_id("a").record(&app).await;
    release().external_id("b").record(&app).await;
    let payload = update(
        &app,
        json!({ "release": { "externalId": "a" }, "externalId": "b" }),
    )
    .await;
    assert_eq!(
        payload["userErrors"],
        json!([{ "code": "CONFLICT", "field": ["externalId"] }])
    );
    let same = update(
        &app,
        json!({ "release": { "externalId": "a" }, "externalId": "a" }),
    )
    .await;
    assert_eq!(same["ok"], true);
}

async fn a_package_is_corrected(app: TestApp) {
    let package = json!({ "name": "api", "version": "1", "externalId": "p" });
    release().package_with(package).record(&app).await;
    let update = "mutation ($input: UpdatePackageInput!) { updatePackage(input: $input) {
        ok package { name version status rollback inferredFields } release { status rollback } } }";
    let input = json!({ "package": { "externalId": "p" }, "status": "FAILED", "rollback": true,
        "clear": ["VERSION"] });
    let payload = app.mutate(update, json!({ "input": input })).await;
    let expected = json!({ "name": "api", "version": null, "status": "FAILED", "rollback": true,
        "inferredFields": [] });
    assert_eq!(payload["package"], expected);
    assert_eq!(
        payload["release"],
        json!({ "status": "FAILED", "rollback": true })
    );
}

async fn a_deleted_release_is_found_nowhere(app: TestApp) {
    let builder = release().external_id("a").user("ann").platforms(["web"]);
    let recorded = builder.package("api", "1").record(&app).await;
    let delete =
        "mutation { deleteRelease(input: { release: { externalId: \"a\" }, reason: \"test\" }) {
        ok deletedId userErrors { code } } }";
    let payload = app.mutate(delete, json!({})).await;
    assert_eq!(payload["deletedId"], recorded["id"]);
    let everywhere =
        "query ($id: ID!) { node(id: $id) { id } release(by: { externalId: \"a\" }) { id }
        releases { totalCount } packages { totalCount } platforms { totalCount }
        packageSummaries { totalCount } users { name } }";
    let data = app.query(everywhere, json!({ "id": recorded["id"] })).await;
    let nowhere = json!({ "node": null, "release": null, "releases": { "totalCount": 0 },
        "packages": { "totalCount": 0 }, "platforms": { "totalCount": 0 },
        "packageSummaries": { "totalCount": 0 }, "users": [] });
    assert_eq!(data, nowhere);
    let again = app.mutate(delete, json!({})).await;
    assert_eq!(again["userErrors"], json!([{ "code": "DELETED" }]));
    let refused = release().external_id("a").send(&app).await;
    assert_eq!(refused["userErrors"][0]["code"], "DELETED");
}

async fn a_deleted_package_no_longer_counts(app: TestApp) {
    let failed = json!({ "name": "worker", "status": "FAILED", "externalId": "w" });
    let builder = release()
        .external_id("a")
        .package("api", "1")
        .package_with(failed);
    assert_eq!(builder.record(&app).await["status"], "FAILED");
    let delete = "mutation { deletePackage(input: { package: { externalId: \"w\" } }) { ok } }";
    assert_eq!(app.mutate(delete, json!({})).await["ok"], true);
    let question = "{ release(by: { externalId: \"a\" }) { status packageCount packages { name }
        events(last: 1) { nodes { type } } } }";
    let data = app.query(question, json!({})).await;
    let left = json!({ "status": "SUCCESSFUL", "packageCount": 1, "packages": [{ "name": "api" }],
        "events": { "nodes": [{ "type": "PACKAGE_DELETED" }] } });
    assert_eq!(data["release"], left);
}

const FAILURE: &str = "{ ok userErrors { code field } warnings { code } failure { id detectedAt
    resolvedAt reference package { name } release { id } resolvedBy { externalId } } }";

async fn a_failure_is_reported_and_resolved(app: TestApp) {
    let bad = release()
        .external_id("bad")
        .package("api", "2")
        .record(&app)
        .await;
    release()
        .external_id("good")
        .package("api", "3")
        .record(&app)
        .await;
    let report = format!(
        "mutation ($input: ReportFailureInput!) {{ reportFailure(input: $input) {FAILURE} }}"
    );
    let package = json!({ "inRelease": { "release": { "externalId": "bad" }, "name": "api" } });
    let input =
        json!({ "release": { "externalId": "bad" }, "package": package, "reference": "INC-7" });
    let payload = app.mutate(&report, json!({ "input": input })).await;
    let failure = &payload["failure"];
    assert_eq!(failure["detectedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!(failure["package"]["name"], "api");
    assert_eq!(failure["release"]["id"], bad["id"]);
    assert_eq!(failure["resolvedAt"], Value::Null);
    let resolve = format!(
        "mutation ($input: ResolveFailureInput!) {{ resolveFailure(input: $input) {FAILURE} }}"
    );
    let input = json!({ "failureId": failure["id"], "resolvedAt": "2026-03-01T13:00:00Z",
        "resolvedBy": { "externalId": "good" } });
    let payload = app.mutate(&resolve, json!({ "input": input })).await;
    assert_eq!(payload["failure"]["resolvedBy"]["externalId"], "good");
    let silent = json!({ "input": { "failureId": failure["id"] } });
    let again = app.mutate(&resolve, silent).await;
    assert_eq!(again["warnings"], json!([{ "code": "ALREADY_FINISHED" }]));
    let question = "{ release(by: { externalId: \"bad\" }) { failures { reference resolvedAt }
        events(last: 2) { nodes { type } } } }";
    let data = app.query(question, json!({})).await;
    let failures = json!([{ "reference": "INC-7", "resolvedAt": "2026-03-01T13:00:00.000Z" }]);
    assert_eq!(data["release"]["failures"], failures);
    let events = json!([{ "type": "FAILURE_REPORTED" }, { "type": "FAILURE_RESOLVED" }]);
    assert_eq!(data["release"]["events"]["nodes"], events);
}

async fn a_failure_names_only_what_is_there(app: TestApp) {
    release()
        .external_id("a")
        .package("api", "1")
        .record(&app)
        .await;
    release()
        .external_id("b")
        .package_with(json!({ "name": "x", "externalId": "x" }))
        .record(&app)
        .await;
    let report = format!(
        "mutation ($input: ReportFailureInput!) {{ reportFailure(input: $input) {FAILURE} }}"
    );
    let cases = [
        (json!({ "release": { "id": "no" } }), "NOT_FOUND", "release"),
        (
            json!({ "release": { "externalId": "a" }, "package": { "externalId": "x" } }),
            "INVALID_VALUE",
            "package",
        ),
        (
            json!({ "release": { "externalId": "a" }, "resolvedBy": { "externalId": "?" } }),
            "NOT_FOUND",
            "resolvedBy",
        ),
    ];
    for (input, code, field) in cases {
        let payload = app.mutate(&report, json!({ "input": input })).await;
        assert_eq!(
            payload["userErrors"],
            json!([{ "code": code, "field": [field] }]),
            "{input}"
        );
    }
    let resolve =
        "mutation { resolveFailure(input: { failureId: \"x\" }) { userErrors { code field } } }";
    let payload = app.mutate(resolve, json!({})).await;
    assert_eq!(
        payload["userErrors"],
        json!([{ "code": "NOT_FOUND", "field": ["failureId"] }])
    );
}
