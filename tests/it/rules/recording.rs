//! What is assumed where callers are silent, and how that is told.

use serde_json::{Value, json};

use super::{at, codes, done, invariants, key, places, stored};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_release_may_be_recorded_with_nothing_at_all,
    missing_platforms_are_an_empty_list,
    a_single_value_stands_for_a_list,
    unknown_platforms_are_made_once,
    a_missing_version_is_remarked_on,
    a_missing_rollback_is_false,
    the_status_of_a_new_package_follows_from_its_times,
    the_status_of_a_recorded_package_follows_from_the_outcome,
    a_status_that_is_told_is_not_inferred,
    a_package_without_times_is_ordered_by_those_of_its_release,
    a_release_without_packages_has_a_status_of_its_own,
    a_null_counts_as_not_given,
    metadata_values_become_text,
    a_metadata_key_given_again_is_replaced,
);

async fn a_release_may_be_recorded_with_nothing_at_all(app: TestApp) {
    let payload = done(&app, "createRelease", json!({})).await;
    let release = &payload["release"];
    assert_eq!(payload["created"], true);
    assert_eq!(payload["warnings"], json!([]));
    for field in [
        "externalId",
        "user",
        "team",
        "finishedAt",
        "durationSeconds",
    ] {
        assert_eq!(release[field], Value::Null, "{field}");
    }
    assert_eq!(release["startedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!(release["inferredFields"], json!(["startedAt"]));

    let payload = done(&app, "recordRelease", json!({})).await;
    let release = &payload["release"];
    assert_eq!(
        places(&payload["warnings"]),
        [at("TIME_ASSUMED", "finishedAt")]
    );
    assert_eq!(release["user"], Value::Null);
    assert_eq!(release["startedAt"], Value::Null);
    assert_eq!(release["finishedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!(release["inferredFields"], json!(["finishedAt"]));
    assert_eq!(release["status"], "SUCCESSFUL");
    invariants::check(&app).await;
}

async fn missing_platforms_are_an_empty_list(app: TestApp) {
    for input in [
        json!({}),
        json!({"platforms": null}),
        json!({"platforms": []}),
    ] {
        let payload = done(&app, "createRelease", input).await;
        assert_eq!(payload["release"]["platformNames"], json!([]));
    }
    let query = "{ releases(filter: { platforms: { isEmpty: true } }) { totalCount } }";
    let data = app.query(query, json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 3);
}

async fn a_single_value_stands_for_a_list(app: TestApp) {
    let input = json!({
        "platforms": "web", "references": "SHOP-1", "notes": "quick",
        "packages": {"name": "api", "version": "1", "results": "fine"},
    });
    let release = done(&app, "createRelease", input).await["release"].take();
    assert_eq!(release["platformNames"], json!(["web"]));
    assert_eq!(release["references"], json!(["SHOP-1"]));
    assert_eq!(release["notes"][0]["text"], "quick");
    assert_eq!(
        release["packages"][0]["results"]["nodes"],
        json!([{"content": "fine"}])
    );
}

async fn unknown_platforms_are_made_once(app: TestApp) {
    for names in [
        json!(["web", "app"]),
        json!(["app", "batch"]),
        json!(["Web"]),
    ] {
        let release = done(&app, "createRelease", json!({"platforms": names})).await;
        assert_eq!(release["release"]["platformNames"], names);
    }
    let data = app
        .query("{ platforms { nodes { name } } }", json!({}))
        .await;
    let names = json!([{"name": "Web"}, {"name": "app"}, {"name": "batch"}, {"name": "web"}]);
    assert_eq!(data["platforms"]["nodes"], names);
}

async fn a_missing_version_is_remarked_on(app: TestApp) {
    let packages =
        json!([{"name": "api", "version": "1"}, {"name": "ui"}, {"name": "db", "version": " "}]);
    for mutation in ["createRelease", "recordRelease"] {
        let input = json!({"packages": packages});
        let payload = done(&app, mutation, input).await;
        let mut warnings = places(&payload["warnings"]);
        warnings.retain(|(code, _)| code != "TIME_ASSUMED");
        let expected = ["packages.1.version", "packages.2.version"];
        assert_eq!(warnings, expected.map(|place| at("VERSION_UNKNOWN", place)));
        let packages = payload["release"]["packages"].as_array().unwrap();
        assert_eq!(packages[1]["version"], Value::Null);
        assert_eq!(packages[2]["version"], Value::Null);
    }
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let input = json!({"release": key("r"), "package": {"name": "api"}});
    let payload = done(&app, "addPackage", input).await;
    assert_eq!(
        places(&payload["warnings"]),
        [at("VERSION_UNKNOWN", "package.version")]
    );
}

async fn a_missing_rollback_is_false(app: TestApp) {
    let packages = json!([
        {"name": "api", "version": "1"},
        {"name": "ui", "version": "1", "rollback": false},
    ]);
    let release =
        done(&app, "recordRelease", json!({"packages": packages})).await["release"].take();
    assert_eq!(release["rollback"], false);
    assert_eq!(release["packages"][0]["rollback"], false);
    let packages =
        json!([{"name": "api", "version": "1"}, {"name": "ui", "version": "1", "rollback": true}]);
    let release =
        done(&app, "recordRelease", json!({"packages": packages})).await["release"].take();
    assert_eq!(release["rollback"], true);
    invariants::check(&app).await;
}

/// Times of a package and the status that follows.
fn untold_packages() -> [(Value, &'static str); 5] {
    let (start, finish) = ("2026-03-01T10:00:00Z", "2026-03-01T10:10:00Z");
    [
        (json!({}), "NOT_STARTED"),
        (json!({"startedAt": start}), "IN_PROGRESS"),
        (json!({"finishedAt": finish}), "SUCCESSFUL"),
        (
            json!({"startedAt": start, "finishedAt": finish}),
            "SUCCESSFUL",
        ),
        (
            json!({"startedAt": start, "durationSeconds": 60}),
            "SUCCESSFUL",
        ),
    ]
}

async fn the_status_of_a_new_package_follows_from_its_times(app: TestApp) {
    for (mut package, status) in untold_packages() {
        package["name"] = json!("api");
        package["version"] = json!("1");
        let input = json!({"externalId": package.to_string(), "packages": package});
        let release = done(&app, "createRelease", input).await["release"].take();
        assert_eq!(release["packages"][0]["status"], status, "{package}");
        assert_eq!(
            release["packages"][0]["inferredFields"],
            json!(["status"]),
            "{package}"
        );
        let input = json!({"release": key(&package.to_string()), "package": package});
        let added = done(&app, "addPackage", input).await["package"].take();
        assert_eq!(added["status"], status, "{package}");
        assert_eq!(added["inferredFields"], json!(["status"]), "{package}");
    }
    invariants::check(&app).await;
}

async fn the_status_of_a_recorded_package_follows_from_the_outcome(app: TestApp) {
    for (success, status) in [
        (Value::Null, "SUCCESSFUL"),
        (json!(true), "SUCCESSFUL"),
        (json!(false), "FAILED"),
    ] {
        for (mut package, _) in untold_packages() {
            package["name"] = json!("api");
            package["version"] = json!("1");
            let input = json!({"packages": package, "success": success});
            let release = done(&app, "recordRelease", input).await["release"].take();
            assert_eq!(
                release["packages"][0]["status"], status,
                "{success} {package}"
            );
            assert_eq!(release["packages"][0]["inferredFields"], json!(["status"]));
            assert_eq!(release["status"], status);
        }
    }
    invariants::check(&app).await;
}

async fn a_status_that_is_told_is_not_inferred(app: TestApp) {
    for status in ["NOT_STARTED", "IN_PROGRESS", "SUCCESSFUL", "FAILED"] {
        for mutation in ["createRelease", "recordRelease"] {
            let package = json!({
                "name": "api", "version": "1", "status": status,
                "finishedAt": "2026-03-01T10:10:00Z",
            });
            let release =
                done(&app, mutation, json!({"packages": package})).await["release"].take();
            assert_eq!(release["packages"][0]["status"], status, "{mutation}");
            assert_eq!(
                release["packages"][0]["inferredFields"],
                json!([]),
                "{mutation}"
            );
        }
    }
}

async fn a_package_without_times_is_ordered_by_those_of_its_release(app: TestApp) {
    let (start, finish) = ("2026-03-01T10:00:00.000Z", "2026-03-01T10:10:00.000Z");
    for (input, effective_at) in [
        (json!({"startedAt": start}), start),
        (json!({"startedAt": start, "finishedAt": finish}), finish),
        (json!({"finishedAt": finish}), finish),
        (json!({}), "2026-03-01T12:00:00.000Z"),
    ] {
        let mut input = input;
        input["packages"] = json!({"name": "api", "version": "1"});
        let release = done(&app, "recordRelease", input).await["release"].take();
        let package = &release["packages"][0];
        assert_eq!(package["startedAt"], Value::Null);
        assert_eq!(package["finishedAt"], Value::Null);
        assert_eq!(package["effectiveAt"], effective_at);
    }
    invariants::check(&app).await;
}

async fn a_release_without_packages_has_a_status_of_its_own(app: TestApp) {
    for (success, status) in [
        (Value::Null, "SUCCESSFUL"),
        (json!(true), "SUCCESSFUL"),
        (json!(false), "FAILED"),
    ] {
        for packages in [Value::Null, json!([])] {
            let input = json!({"success": success, "packages": packages});
            let release = done(&app, "recordRelease", input).await["release"].take();
            assert_eq!(release["status"], status);
            assert_eq!(release["packageCount"], 0);
            assert_eq!(release["isPartial"], false);
        }
    }
    invariants::check(&app).await;
}

async fn a_null_counts_as_not_given(app: TestApp) {
    let input = json!({
        "externalId": null, "user": null, "team": null, "platforms": null, "references": null,
        "notes": null, "metadata": null, "startedAt": null, "finishedAt": null,
        "durationSeconds": null, "success": null, "onConflict": null,
        "packages": {
            "name": "api", "version": null, "externalId": null, "status": null, "rollback": null,
            "diffUrl": null, "commitSha": null, "committedAt": null, "startedAt": null,
            "finishedAt": null, "durationSeconds": null, "results": null,
        },
    });
    let payload = done(&app, "recordRelease", input).await;
    assert_eq!(
        codes(&payload["warnings"]),
        ["VERSION_UNKNOWN", "TIME_ASSUMED"]
    );
    assert_eq!(payload["release"]["metadata"], json!({}));
    assert_eq!(payload["release"]["packages"][0]["status"], "SUCCESSFUL");
    let step = json!({
        "package": {"id": payload["release"]["packages"][0]["id"]}, "at": null, "retry": null,
    });
    let payload = done(&app, "startPackage", step).await;
    assert_eq!(codes(&payload["warnings"]), ["ALREADY_FINISHED"]);
}

async fn metadata_values_become_text(app: TestApp) {
    let metadata = json!({
        "text": " spaced ", "number": 4711, "fraction": 1.5, "yes": true, "nothing": null,
        "object": {"a": [1, "2"]}, "list": [], "blank": " ", "": "no key",
    });
    let input = json!({"externalId": "r", "metadata": metadata});
    let payload = done(&app, "createRelease", input).await;
    let expected = json!({
        "text": "spaced", "number": "4711", "fraction": "1.5", "yes": "true",
        "object": "{\"a\":[1,\"2\"]}", "list": "[]", "blank": "",
    });
    assert_eq!(payload["release"]["metadata"], expected);
    assert_eq!(
        places(&payload["warnings"]),
        [at("BLANK_DROPPED", "metadata.")]
    );
    invariants::check(&app).await;
}

async fn a_metadata_key_given_again_is_replaced(app: TestApp) {
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "metadata": {"a": 1, "b": 2}}),
    )
    .await;
    let set = async |metadata: Value, mode: Value| {
        let input = json!({"release": key("r"), "metadata": metadata, "mode": mode});
        done(&app, "setMetadata", input).await["release"]["metadata"].take()
    };
    let merged = set(json!({"b": "3", "c": true, "a": null}), Value::Null).await;
    assert_eq!(merged, json!({"a": "1", "b": "3", "c": "true"}));
    assert_eq!(set(json!({"b": 4}), json!("MERGE")).await["b"], "4");
    assert_eq!(
        set(json!({"d": 5}), json!("REPLACE")).await,
        json!({"d": "5"})
    );
    assert_eq!(set(json!({}), json!("REPLACE")).await, json!({}));
    assert_eq!(stored(&app, "r").await["metadata"], json!({}));
    invariants::check(&app).await;
}
