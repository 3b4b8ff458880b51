//! Telling a known release again so that it is updated.

use serde_json::{Value, json};

use super::{at, codes, done, history, history_types, invariants, places, stored};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    given_fields_replace_and_the_others_stay,
    packages_match_by_external_id_before_name_and_version,
    packages_with_other_keys_are_other_packages,
    missing_packages_are_added_and_none_is_removed,
    times_and_outcome_move_the_status_of_a_package,
    an_update_that_says_nothing_new_changes_nothing,
    new_output_alone_is_kept,
    notes_are_added_once,
    what_was_inferred_is_told_now,
);

async fn update(app: &TestApp, mutation: &str, mut input: Value) -> Value {
    input["externalId"] = json!("r");
    input["onConflict"] = json!("UPDATE");
    let payload = done(app, mutation, input).await;
    assert_eq!(payload["created"], false);
    payload
}

async fn create(app: &TestApp, mut input: Value) {
    input["externalId"] = json!("r");
    done(app, "createRelease", input).await;
}

/// Names, versions and external ids of the packages.
fn packages(payload: &Value) -> Vec<String> {
    let packages = payload["release"]["packages"].as_array().unwrap().iter();
    let name = |package: &Value| {
        let text = |field: &str| package[field].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}",
            text("name"),
            text("version"),
            text("externalId")
        )
    };
    packages.map(name).collect()
}

async fn given_fields_replace_and_the_others_stay(app: TestApp) {
    create(&app, json!({
        "user": "ann", "team": "shop", "platforms": ["web", "app"], "references": ["S-1", "S-2"],
        "metadata": {"a": 1, "b": 2}, "notes": "first",
    })).await;
    let payload = update(
        &app,
        "createRelease",
        json!({
            "user": null, "team": "ops", "platforms": ["app", "db"], "references": [],
            "metadata": {"b": 3},
        }),
    )
    .await;
    let release = &payload["release"];
    assert_eq!(release["user"], "ann");
    assert_eq!(release["team"], "ops");
    assert_eq!(release["platformNames"], json!(["app", "db"]));
    assert_eq!(release["references"], json!([]));
    assert_eq!(release["metadata"], json!({"b": "3"}));
    assert_eq!(release["notes"][0]["text"], "first");
    assert_eq!(payload["warnings"], json!([]));
    let types = history_types(&app, "r").await;
    assert_eq!(
        types,
        ["RELEASE_CREATED", "RELEASE_UPDATED", "METADATA_SET"]
    );
    let payload = update(&app, "recordRelease", json!({
        "startedAt": "2026-03-01T10:00:00Z", "finishedAt": "2026-03-01T10:10:00Z", "success": false,
    })).await;
    assert_eq!(payload["release"]["status"], "FAILED");
    assert_eq!(payload["release"]["durationSeconds"], 600.0);
    invariants::check(&app).await;
}

async fn packages_match_by_external_id_before_name_and_version(app: TestApp) {
    create(
        &app,
        json!({"packages": [
            {"name": "api", "version": "1", "externalId": "k"},
            {"name": "ui", "version": "1"},
        ]}),
    )
    .await;
    // The first has a name that fits what the second one is by key.
    let payload = update(
        &app,
        "createRelease",
        json!({"packages": [
            {"name": "api", "version": "1"},
            {"name": "api", "version": "2", "externalId": "k"},
            {"name": "ui", "version": "1", "externalId": "u"},
        ]}),
    )
    .await;
    assert_eq!(packages(&payload), ["api 2 k", "ui 1 u", "api 1 -"]);
    invariants::check(&app).await;
}

async fn packages_with_other_keys_are_other_packages(app: TestApp) {
    create(
        &app,
        json!({"packages": {"name": "api", "version": "1", "externalId": "k"}}),
    )
    .await;
    let package = json!({"name": "api", "version": "1", "externalId": "l"});
    let payload = update(&app, "createRelease", json!({"packages": package})).await;
    assert_eq!(packages(&payload), ["api 1 k", "api 1 l"]);
    // Without a key the first of that name and version is meant, and no other twice.
    let package = json!({"name": "api", "version": "1", "commitSha": "abc"});
    let three = json!({"packages": [package, package, package]});
    let payload = update(&app, "createRelease", three).await;
    assert_eq!(packages(&payload), ["api 1 k", "api 1 l", "api 1 -"]);
    invariants::check(&app).await;
}

async fn missing_packages_are_added_and_none_is_removed(app: TestApp) {
    create(
        &app,
        json!({"packages": [{"name": "api", "version": "1"}, {"name": "ui", "version": "1"}]}),
    )
    .await;
    let added = json!([
        {"name": "api", "version": "2", "results": "out"}, {"name": "db", "version": "1"},
    ]);
    let payload = update(&app, "createRelease", json!({"packages": added})).await;
    assert_eq!(
        packages(&payload),
        ["api 1 -", "ui 1 -", "api 2 -", "db 1 -"]
    );
    assert_eq!(payload["release"]["packages"][3]["status"], "NOT_STARTED");
    let added = json!({"name": "mail", "version": "1"});
    let payload = update(
        &app,
        "recordRelease",
        json!({"packages": added, "success": false}),
    )
    .await;
    assert_eq!(payload["release"]["packages"][4]["status"], "FAILED");
    assert_eq!(
        payload["release"]["packages"][4]["inferredFields"],
        json!(["status"])
    );
    assert_eq!(payload["release"]["packages"][0]["status"], "NOT_STARTED");
    invariants::check(&app).await;
}

async fn times_and_outcome_move_the_status_of_a_package(app: TestApp) {
    create(&app, json!({"packages": {"name": "api", "version": "1"}})).await;
    let status = async |mutation: &str, package: Value, success: Value| {
        let mut input = json!({"packages": package, "success": success});
        if mutation == "createRelease" {
            input.as_object_mut().unwrap().remove("success");
        }
        input["packages"]["name"] = json!("api");
        input["packages"]["version"] = json!("1");
        let payload = update(&app, mutation, input).await;
        payload["release"]["packages"][0]["status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (start, finish) = (json!({"startedAt": 60}), json!({"finishedAt": 120}));
    assert_eq!(
        status("createRelease", start.clone(), Value::Null).await,
        "IN_PROGRESS"
    );
    assert_eq!(
        status("createRelease", finish.clone(), Value::Null).await,
        "SUCCESSFUL"
    );
    assert_eq!(
        status("createRelease", start, Value::Null).await,
        "SUCCESSFUL"
    );
    assert_eq!(
        status("recordRelease", json!({}), json!(false)).await,
        "FAILED"
    );
    assert_eq!(status("createRelease", finish, Value::Null).await, "FAILED");
    let told = json!({"status": "SUCCESSFUL"});
    assert_eq!(
        status("recordRelease", told, json!(false)).await,
        "SUCCESSFUL"
    );
    invariants::check(&app).await;
}

async fn an_update_that_says_nothing_new_changes_nothing(app: TestApp) {
    let input = json!({
        "team": "shop", "platforms": "web", "references": "S-1", "notes": "note",
        "metadata": {"a": 1}, "startedAt": "2026-03-01T10:00:00Z",
        "packages": {"name": "api", "version": "1", "results": "out"},
    });
    create(&app, input.clone()).await;
    let (events, before) = (history(&app, "r").await, stored(&app, "r").await);
    app.set_now("2026-03-01T13:00:00Z");
    let again = update(&app, "createRelease", input).await;
    assert_eq!(again["release"], before);
    assert_eq!(again["warnings"], json!([]));
    assert_eq!(history(&app, "r").await, events);
}

async fn new_output_alone_is_kept(app: TestApp) {
    create(
        &app,
        json!({"packages": {"name": "api", "version": "1", "results": "one"}}),
    )
    .await;
    app.set_now("2026-03-01T13:00:00Z");
    let package = json!({"name": "api", "version": "1", "results": ["two", "one", "two"]});
    let payload = update(&app, "createRelease", json!({"packages": package})).await;
    let results = &payload["release"]["packages"][0]["results"]["nodes"];
    assert_eq!(*results, json!([{"content": "one"}, {"content": "two"}]));
    assert_eq!(payload["release"]["updatedAt"], "2026-03-01T13:00:00.000Z");
    assert_eq!(
        history_types(&app, "r").await.last().unwrap(),
        "RESULT_ADDED"
    );
    invariants::check(&app).await;
}

async fn notes_are_added_once(app: TestApp) {
    create(&app, json!({"notes": ["one"]})).await;
    let payload = update(
        &app,
        "createRelease",
        json!({"notes": ["two", "one", " two "]}),
    )
    .await;
    let notes = payload["release"]["notes"].as_array().unwrap().iter();
    let texts: Vec<_> = notes.map(|note| note["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["one", "two"]);
    invariants::check(&app).await;
}

async fn what_was_inferred_is_told_now(app: TestApp) {
    create(&app, json!({"packages": {"name": "api", "version": "1"}})).await;
    let package = json!({"name": "api", "version": "1", "status": "FAILED"});
    let input = json!({"startedAt": "2026-03-01T10:00:00Z", "packages": package});
    let payload = update(&app, "createRelease", input).await;
    assert_eq!(payload["release"]["inferredFields"], json!([]));
    assert_eq!(
        payload["release"]["packages"][0]["inferredFields"],
        json!([])
    );

    let payload = done(&app, "recordRelease", json!({"externalId": "s"})).await;
    assert_eq!(payload["release"]["inferredFields"], json!(["finishedAt"]));
    let input = json!({"externalId": "s", "onConflict": "UPDATE", "finishedAt": 1_772_359_200});
    let payload = done(&app, "recordRelease", input).await;
    assert_eq!(payload["release"]["inferredFields"], json!([]));
    assert_eq!(codes(&payload["warnings"]), Vec::<&str>::new());
    let input = json!({"externalId": "s", "onConflict": "UPDATE", "finishedAt": "2026-04-01"});
    let payload = done(&app, "recordRelease", input).await;
    assert_eq!(
        places(&payload["warnings"]),
        [at("FUTURE_TIMESTAMP", "finishedAt")]
    );
    invariants::check(&app).await;
}
