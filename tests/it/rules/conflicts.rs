//! The same record told twice: external ids are unique, and the caller says what that means.

use serde_json::{Value, json};

use super::{
    at, call, codes, delete_only_package, delete_release, done, history, invariants, key,
    package_in, places, refused, row_counts, stored,
};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_known_release_is_returned_as_it_is,
    only_a_difference_is_remarked_on,
    a_conflict_may_be_refused,
    a_blank_external_id_is_none,
    an_external_id_of_a_package_is_unique_over_all_releases,
    a_package_added_again_is_returned_as_it_is,
    a_deleted_package_is_not_told_again,
    a_deleted_release_is_not_told_again,
);

/// A release as a caller tells it, with everything.
fn full() -> Value {
    json!({
        "externalId": "r", "user": "ann", "team": "shop", "platforms": ["web", "app"],
        "references": ["S-1"], "notes": ["note"], "metadata": {"build": 1},
        "startedAt": "2026-03-01T10:00:00Z",
        "packages": [
            {
                "name": "api", "version": "1", "externalId": "p", "status": "FAILED",
                "rollback": true, "diffUrl": "http://diff", "commitSha": "abc",
                "committedAt": "2026-02-28", "startedAt": "2026-03-01T10:00:00Z",
                "durationSeconds": 60, "results": ["out"],
            },
            {"name": "ui", "version": "2"},
        ],
    })
}

async fn a_known_release_is_returned_as_it_is(app: TestApp) {
    for mutation in ["createRelease", "recordRelease"] {
        let name = format!("by {mutation}");
        let first = done(&app, mutation, json!({"externalId": name, "team": "a"})).await;
        let before = row_counts(&app).await;
        app.set_now("2026-03-02T12:00:00Z");
        for policy in [Value::Null, json!("RETURN_EXISTING")] {
            let input = json!({
                "externalId": name, "team": "b", "platforms": "new", "notes": "new",
                "packages": {"name": "new", "version": "1"}, "onConflict": policy,
            });
            let again = done(&app, mutation, input).await;
            assert_eq!(first["created"], true);
            assert_eq!(again["created"], false);
            assert_eq!(again["release"], first["release"]);
            let remark = at("ALREADY_RECORDED", "externalId");
            assert!(places(&again["warnings"]).contains(&remark), "{again:#}");
        }
        assert_eq!(row_counts(&app).await, before);
        app.set_now("2026-03-01T12:00:00Z");
    }
}

async fn only_a_difference_is_remarked_on(app: TestApp) {
    done(&app, "createRelease", full()).await;
    let again = done(&app, "createRelease", full()).await;
    assert_eq!(again["created"], false);
    assert_eq!(again["warnings"], json!([]));
    let less = json!({"externalId": "r", "packages": [{"name": "ui", "version": "2"}]});
    assert_eq!(
        done(&app, "createRelease", less).await["warnings"],
        json!([])
    );
    let mut differences = Vec::new();
    for (field, value) in [
        ("user", json!("bob")),
        ("team", json!("ops")),
        ("platforms", json!(["web"])),
        ("references", json!(["S-1", "S-2"])),
        ("notes", json!(["note", "another"])),
        ("metadata", json!({"build": 2})),
        ("startedAt", json!("2026-03-01T10:00:00.001Z")),
        ("packages", json!([{"name": "db", "version": "1"}])),
    ] {
        let mut input = full();
        input[field] = value;
        differences.push(input);
    }
    for (field, value) in [
        ("name", json!("api2")),
        ("version", json!("1.1")),
        ("status", json!("SUCCESSFUL")),
        ("rollback", json!(false)),
        ("diffUrl", json!("http://other")),
        ("commitSha", json!("def")),
        ("committedAt", json!("2026-02-27")),
        ("durationSeconds", json!(61)),
        ("results", json!(["out", "more"])),
    ] {
        let mut input = full();
        input["packages"][0][field] = value;
        differences.push(input);
    }
    for input in differences {
        let again = done(&app, "createRelease", input.clone()).await;
        assert_eq!(codes(&again["warnings"]), ["ALREADY_RECORDED"], "{input:#}");
    }
    // Told as over now, which it was not.
    let over = json!({"externalId": "r"});
    let again = done(&app, "recordRelease", over).await;
    assert_eq!(codes(&again["warnings"]), ["ALREADY_RECORDED"]);
    assert_eq!(stored(&app, "r").await["packageCount"], 2);
    invariants::check(&app).await;
}

async fn a_conflict_may_be_refused(app: TestApp) {
    done(&app, "createRelease", full()).await;
    let before = row_counts(&app).await;
    for mutation in ["createRelease", "recordRelease"] {
        let mut input = full();
        input["onConflict"] = json!("ERROR");
        assert_eq!(
            refused(&app, mutation, input).await,
            at("CONFLICT", "externalId")
        );
    }
    assert_eq!(row_counts(&app).await, before);
    let input = json!({"externalId": "new", "onConflict": "ERROR"});
    assert_eq!(done(&app, "createRelease", input).await["created"], true);
}

async fn a_blank_external_id_is_none(app: TestApp) {
    for _ in 0..2 {
        let input = json!({"externalId": " ", "onConflict": "ERROR"});
        assert_eq!(done(&app, "createRelease", input).await["created"], true);
    }
}

async fn an_external_id_of_a_package_is_unique_over_all_releases(app: TestApp) {
    let package = |key: &str| json!({"name": "api", "version": "1", "externalId": key});
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": package("p")}),
    )
    .await;
    done(&app, "createRelease", json!({"externalId": "s"})).await;
    let before = row_counts(&app).await;
    let packages = json!([{"name": "ui", "version": "1"}, package("p")]);
    for mutation in ["createRelease", "recordRelease"] {
        let input = json!({"externalId": "new", "platforms": "new", "packages": packages});
        let refusal = refused(&app, mutation, input).await;
        assert_eq!(refusal, at("CONFLICT", "packages.1.externalId"));
        let input =
            json!({"externalId": "s", "onConflict": "UPDATE", "team": "t", "packages": packages});
        let refusal = refused(&app, mutation, input).await;
        assert_eq!(refusal, at("CONFLICT", "packages.1.externalId"));
    }
    let input = json!({"release": key("s"), "package": package("p")});
    let refusal = refused(&app, "addPackage", input).await;
    assert_eq!(refusal, at("CONFLICT", "package.externalId"));
    let twice = json!({"packages": [package("q"), package(" q ")]});
    let refusal = refused(&app, "createRelease", twice).await;
    assert_eq!(refusal, at("CONFLICT", "packages.1.externalId"));
    assert_eq!(row_counts(&app).await, before);
    assert_eq!(stored(&app, "s").await["team"], Value::Null);
}

async fn a_package_added_again_is_returned_as_it_is(app: TestApp) {
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let input = json!({"release": key("r"), "start": true, "package": {
        "name": "api", "version": "1", "externalId": "p", "results": ["out"],
    }});
    let first = done(&app, "addPackage", input.clone()).await;
    assert_eq!(first["created"], true);
    let events = history(&app, "r").await;
    app.set_now("2026-03-01T12:01:00Z");
    let again = done(&app, "addPackage", input.clone()).await;
    assert_eq!(again["created"], false);
    assert_eq!(again["warnings"], json!([]));
    assert_eq!(again["package"], first["package"]);
    for (field, value) in [("version", json!("2")), ("results", json!(["more"]))] {
        let mut input = input.clone();
        input["package"][field] = value;
        let again = done(&app, "addPackage", input).await;
        assert_eq!(again["created"], false);
        assert_eq!(
            places(&again["warnings"]),
            [at("ALREADY_RECORDED", "package.externalId")]
        );
        assert_eq!(again["package"], first["package"]);
    }
    assert_eq!(history(&app, "r").await, events);
    invariants::check(&app).await;
}

async fn a_deleted_package_is_not_told_again(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "externalId": "p"});
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": package}),
    )
    .await;
    delete_only_package(&app, "p").await;
    let by_key = json!({"externalId": "p"});
    for (mutation, input, place) in [
        (
            "addPackage",
            json!({"release": key("r"), "package": package}),
            "package.externalId",
        ),
        (
            "createRelease",
            json!({"externalId": "r", "onConflict": "UPDATE", "packages": package}),
            "packages.0.externalId",
        ),
        ("startPackage", json!({"package": by_key}), "package"),
        (
            "finishPackage",
            json!({"package": package_in("r", "api"), "success": true}),
            "package",
        ),
        (
            "addResult",
            json!({"package": by_key, "content": "out"}),
            "package",
        ),
    ] {
        assert_eq!(
            refused(&app, mutation, input).await,
            at("DELETED", place),
            "{mutation}"
        );
    }
}

async fn a_deleted_release_is_not_told_again(app: TestApp) {
    let package = json!({"name": "api", "version": "1"});
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": package}),
    )
    .await;
    delete_release(&app, "r").await;
    let before = row_counts(&app).await;
    for policy in ["RETURN_EXISTING", "UPDATE", "ERROR"] {
        for mutation in ["createRelease", "recordRelease"] {
            let input = json!({"externalId": "r", "onConflict": policy});
            assert_eq!(
                refused(&app, mutation, input).await,
                at("DELETED", "externalId")
            );
        }
    }
    for (mutation, input, place) in [
        ("startRelease", json!({"release": key("r")}), "release"),
        ("finishRelease", json!({"release": key("r")}), "release"),
        (
            "addNote",
            json!({"release": key("r"), "text": "text"}),
            "release",
        ),
        (
            "setMetadata",
            json!({"release": key("r"), "metadata": {}}),
            "release",
        ),
        (
            "addPackage",
            json!({"release": key("r"), "package": {"name": "new"}}),
            "release",
        ),
        (
            "startPackage",
            json!({"package": package_in("r", "api")}),
            "package",
        ),
    ] {
        assert_eq!(
            refused(&app, mutation, input).await,
            at("DELETED", place),
            "{mutation}"
        );
    }
    let payload = call(&app, "startRelease", json!({"release": key("r")})).await;
    assert!(
        !payload["userErrors"][0]["message"]
            .as_str()
            .unwrap()
            .is_empty()
    );
    assert_eq!(row_counts(&app).await, before);
}
