//! Imports: good rows are kept, bad ones reported, and nothing at all where the caller wants that.

use serde_json::{Value, json};

use super::{at, codes, delete_release, done, invariants, places, row_counts, stored};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    good_rows_are_kept_and_bad_ones_reported,
    an_atomic_import_keeps_all_or_nothing,
    a_dry_run_counts_and_keeps_nothing,
    only_failed_rows_are_returned_when_asked_for,
    the_same_import_twice_returns_what_is_there,
    without_external_ids_the_same_import_makes_new_releases,
    every_policy_works_row_by_row,
    a_refused_update_leaves_nothing_behind,
    rows_of_one_import_meet_each_other,
    a_key_of_a_refused_row_is_free_for_the_next,
    an_import_has_a_limit_of_rows,
    an_empty_import_does_nothing,
);

const IMPORT: &str = "mutation ($input: ImportReleasesInput!, $onlyFailed: Boolean) {
    importReleases(input: $input) {
        ok createdCount existingCount failedCount
        userErrors { code message field } warnings { code message field }
        rows(onlyFailed: $onlyFailed) {
            index created release { id externalId team status packages { name } }
            userErrors { code message field } warnings { code message field }
        }
    }
}";

async fn import(app: &TestApp, input: Value) -> Value {
    app.mutate(IMPORT, json!({"input": input})).await
}

fn counts(payload: &Value) -> [u64; 3] {
    ["createdCount", "existingCount", "failedCount"].map(|field| payload[field].as_u64().unwrap())
}

/// Three rows of which the second is bad in two ways.
fn mixed() -> Value {
    json!([
        {"externalId": "a", "platforms": "web", "finishedAt": "2026-02-01",
         "packages": {"name": "api", "version": "1"}},
        {"externalId": "b", "user": "x".repeat(256), "packages": [
            {"name": "api", "version": "1"}, {"name": " ", "version": "1"}]},
        {"externalId": "c", "finishedAt": "2026-02-02", "success": false},
    ])
}

async fn good_rows_are_kept_and_bad_ones_reported(app: TestApp) {
    let payload = import(&app, json!({"releases": mixed()})).await;
    assert_eq!(payload["ok"], false);
    assert_eq!(counts(&payload), [2, 0, 1]);
    assert_eq!(payload["userErrors"], json!([]));
    let rows = payload["rows"].as_array().unwrap();
    for (index, (id, created)) in [(json!("a"), true), (Value::Null, false), (json!("c"), true)]
        .into_iter()
        .enumerate()
    {
        assert_eq!(rows[index]["index"], index);
        assert_eq!(rows[index]["created"], created);
        assert_eq!(rows[index]["release"]["externalId"], id);
    }
    let mistakes = places(&rows[1]["userErrors"]);
    let expected = [
        at("TOO_LONG", "releases.1.user"),
        at("REQUIRED", "releases.1.packages.1.name"),
    ];
    assert_eq!(mistakes, expected);
    assert_eq!(rows[0]["release"]["packages"], json!([{"name": "api"}]));
    assert_eq!(rows[2]["release"]["status"], "FAILED");
    assert_eq!(stored(&app, "b").await, Value::Null);
    invariants::check(&app).await;
}

async fn an_atomic_import_keeps_all_or_nothing(app: TestApp) {
    let payload = import(&app, json!({"releases": mixed(), "atomic": true})).await;
    assert_eq!(payload["ok"], false);
    assert_eq!(counts(&payload), [0, 0, 1]);
    for row in payload["rows"].as_array().unwrap() {
        assert_eq!(row["release"], Value::Null);
        assert_eq!(row["created"], false);
    }
    assert_eq!(row_counts(&app).await, [0; 9]);
    let good = json!({"externalId": "a"});
    let payload = import(&app, json!({"releases": good, "atomic": true})).await;
    assert_eq!(payload["ok"], true);
    assert_eq!(counts(&payload), [1, 0, 0]);
    invariants::check(&app).await;
}

async fn a_dry_run_counts_and_keeps_nothing(app: TestApp) {
    done(
        &app,
        "recordRelease",
        json!({"externalId": "c", "finishedAt": "2026-02-02"}),
    )
    .await;
    let before = row_counts(&app).await;
    let payload = import(&app, json!({"releases": mixed(), "dryRun": true})).await;
    assert_eq!(payload["ok"], false);
    assert_eq!(counts(&payload), [1, 1, 1]);
    let rows = payload["rows"].as_array().unwrap();
    let created: Vec<_> = rows
        .iter()
        .map(|row| row["created"].as_bool().unwrap())
        .collect();
    assert_eq!(created, [true, false, false]);
    assert!(rows.iter().all(|row| row["release"].is_null()));
    assert_eq!(codes(&rows[2]["warnings"]), ["ALREADY_RECORDED"]);
    assert_eq!(row_counts(&app).await, before);
    let payload = import(
        &app,
        json!({"releases": {"externalId": "d"}, "dryRun": true}),
    )
    .await;
    assert_eq!(payload["ok"], true);
    // An atomic import that would keep nothing would have made nothing.
    let input = json!({"releases": mixed(), "dryRun": true, "atomic": true});
    assert_eq!(counts(&import(&app, input).await), [0, 0, 1]);
    assert_eq!(row_counts(&app).await, before);
}

async fn only_failed_rows_are_returned_when_asked_for(app: TestApp) {
    let variables = json!({"input": {"releases": mixed()}, "onlyFailed": true});
    let payload = app.mutate(IMPORT, variables).await;
    let rows = payload["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["index"], 1);
    assert_eq!(counts(&payload), [2, 0, 1]);
}

async fn the_same_import_twice_returns_what_is_there(app: TestApp) {
    let rows =
        json!([{"externalId": "a", "finishedAt": 60}, {"externalId": "b", "finishedAt": 60}]);
    import(&app, json!({"releases": rows})).await;
    let before = row_counts(&app).await;
    let payload = import(&app, json!({"releases": rows})).await;
    assert_eq!(payload["ok"], true);
    assert_eq!(counts(&payload), [0, 2, 0]);
    for (index, row) in payload["rows"].as_array().unwrap().iter().enumerate() {
        let place = format!("releases.{index}.externalId");
        assert_eq!(places(&row["warnings"]), [at("ALREADY_RECORDED", &place)]);
        assert_eq!(row["release"]["externalId"], rows[index]["externalId"]);
    }
    assert_eq!(row_counts(&app).await, before);
}

async fn without_external_ids_the_same_import_makes_new_releases(app: TestApp) {
    for _ in 0..2 {
        let payload = import(&app, json!({"releases": {"finishedAt": 60}})).await;
        assert_eq!(counts(&payload), [1, 0, 0]);
    }
    assert_eq!(row_counts(&app).await[0], 2);
}

async fn every_policy_works_row_by_row(app: TestApp) {
    for key in ["return", "update", "error", "gone"] {
        done(
            &app,
            "createRelease",
            json!({"externalId": key, "team": "old"}),
        )
        .await;
    }
    delete_release(&app, "gone").await;
    let row = |key: &str, policy: &str| json!({"externalId": key, "team": "new", "finishedAt": 60, "onConflict": policy});
    let rows = json!([
        row("return", "RETURN_EXISTING"),
        row("update", "UPDATE"),
        row("error", "ERROR"),
        row("gone", "UPDATE"),
        row("fresh", "ERROR"),
    ]);
    let payload = import(&app, json!({"releases": rows})).await;
    assert_eq!(counts(&payload), [1, 2, 2]);
    let rows = payload["rows"].as_array().unwrap();
    assert_eq!(rows[0]["release"]["team"], "old");
    assert_eq!(rows[1]["release"]["team"], "new");
    assert_eq!(codes(&rows[1]["warnings"]), ["ALREADY_RECORDED"]);
    assert_eq!(
        places(&rows[2]["userErrors"]),
        [at("CONFLICT", "releases.2.externalId")]
    );
    assert_eq!(
        places(&rows[3]["userErrors"]),
        [at("DELETED", "releases.3.externalId")]
    );
    assert_eq!(rows[4]["created"], true);
    assert_eq!(stored(&app, "error").await["team"], "old");
}

async fn a_refused_update_leaves_nothing_behind(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "externalId": "taken"});
    done(
        &app,
        "createRelease",
        json!({"externalId": "owner", "packages": package}),
    )
    .await;
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "team": "old"}),
    )
    .await;
    let before = (row_counts(&app).await, stored(&app, "r").await);
    let row = json!({
        "externalId": "r", "onConflict": "UPDATE", "team": "new", "platforms": "new",
        "references": "new", "notes": "new", "metadata": {"new": 1}, "finishedAt": 60,
        "packages": [{"name": "ui", "version": "1"}, package],
    });
    let payload = import(
        &app,
        json!({"releases": [row, {"externalId": "kept", "finishedAt": 60}]}),
    )
    .await;
    assert_eq!(counts(&payload), [1, 0, 1]);
    let mistakes = places(&payload["rows"][0]["userErrors"]);
    assert_eq!(
        mistakes,
        [at("CONFLICT", "releases.0.packages.1.externalId")]
    );
    assert_eq!(stored(&app, "r").await, before.1);
    let after = row_counts(&app).await;
    // The release that was kept, and its event.
    assert_eq!(after[0], before.0[0] + 1);
    assert_eq!(after[1..8], before.0[1..8]);
    assert_eq!(after[8], before.0[8] + 1);
    invariants::check(&app).await;
}

async fn rows_of_one_import_meet_each_other(app: TestApp) {
    let package = |name: &str, key: &str| json!({"name": name, "version": "1", "externalId": key});
    let rows = json!([
        {"externalId": "a", "finishedAt": 60, "team": "one", "packages": package("api", "k")},
        {"externalId": "a", "finishedAt": 60, "team": "two"},
        {"externalId": "a", "finishedAt": 60, "team": "three", "onConflict": "UPDATE"},
        {"externalId": "a", "finishedAt": 60, "onConflict": "ERROR"},
        {"externalId": "b", "finishedAt": 60, "packages": package("api", "k")},
        {"finishedAt": 60, "packages": package("api", "l")},
        {"externalId": "a", "finishedAt": 60, "onConflict": "UPDATE", "packages": package("ui", "l")},
    ]);
    let payload = import(&app, json!({"releases": rows})).await;
    assert_eq!(counts(&payload), [2, 2, 3]);
    let rows = payload["rows"].as_array().unwrap();
    assert_eq!(
        places(&rows[3]["userErrors"]),
        [at("CONFLICT", "releases.3.externalId")]
    );
    for index in [4, 6] {
        let place = format!("releases.{index}.packages.0.externalId");
        assert_eq!(places(&rows[index]["userErrors"]), [at("CONFLICT", &place)]);
    }
    assert_eq!(rows[0]["release"]["id"], rows[1]["release"]["id"]);
    assert_eq!(stored(&app, "a").await["team"], "three");
    assert_eq!(stored(&app, "b").await, Value::Null);
    invariants::check(&app).await;
}

async fn a_key_of_a_refused_row_is_free_for_the_next(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "externalId": "taken"});
    done(
        &app,
        "recordRelease",
        json!({"externalId": "owner", "packages": package}),
    )
    .await;
    let rows = json!([
        {"externalId": "a", "team": "refused", "packages": package, "finishedAt": 60},
        {"externalId": "a", "team": "refused too", "packages": package, "finishedAt": 60},
        {"externalId": "a", "team": "kept", "finishedAt": 60},
        {"externalId": "a", "team": "late", "finishedAt": 60},
    ]);
    let payload = import(&app, json!({"releases": rows})).await;
    assert_eq!(counts(&payload), [1, 1, 2]);
    let created: Vec<_> = payload["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["created"].as_bool().unwrap())
        .collect();
    assert_eq!(created, [false, false, true, false]);
    assert_eq!(stored(&app, "a").await["team"], "kept");
    invariants::check(&app).await;
}

async fn an_import_has_a_limit_of_rows(app: TestApp) {
    let rows =
        |length: usize| -> Value { (0..length).map(|_| json!({"finishedAt": 60})).collect() };
    let payload = import(&app, json!({"releases": rows(1_001)})).await;
    assert_eq!(payload["ok"], false);
    assert_eq!(places(&payload["userErrors"]), [at("TOO_MANY", "releases")]);
    assert_eq!(payload["rows"], json!([]));
    assert_eq!(counts(&payload), [0, 0, 0]);
    assert_eq!(row_counts(&app).await, [0; 9]);
    let payload = import(&app, json!({"releases": rows(1_000)})).await;
    assert_eq!(counts(&payload), [1_000, 0, 0]);
}

async fn an_empty_import_does_nothing(app: TestApp) {
    let payload = import(&app, json!({"releases": []})).await;
    assert_eq!(payload["ok"], true);
    assert_eq!(counts(&payload), [0, 0, 0]);
}
