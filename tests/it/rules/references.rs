//! How callers name a record, and what they hear when it is not there or not the only one.

use serde_json::{Value, json};

use super::{at, done, key, refused, row_counts};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    an_unknown_record_is_not_found,
    an_id_that_is_no_uuid_is_not_found,
    blanks_around_a_key_do_not_matter,
    the_version_decides_between_packages_of_one_name,
    a_reference_names_exactly_one_key,
);

/// Every mutation of a known record, with `release` and `package` as references.
fn steps(release: &Value, package: &Value) -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("startRelease", json!({"release": release}), "release"),
        (
            "finishRelease",
            json!({"release": release, "success": true, "note": "n"}),
            "release",
        ),
        (
            "addNote",
            json!({"release": release, "text": "text"}),
            "release",
        ),
        (
            "setMetadata",
            json!({"release": release, "metadata": {"a": 1}}),
            "release",
        ),
        (
            "addPackage",
            json!({"release": release, "package": {"name": "api"}}),
            "release",
        ),
        ("startPackage", json!({"package": package}), "package"),
        (
            "finishPackage",
            json!({"package": package, "success": true}),
            "package",
        ),
        (
            "addResult",
            json!({"package": package, "content": "out"}),
            "package",
        ),
    ]
}

async fn an_unknown_record_is_not_found(app: TestApp) {
    let unknown = "018f0000-0000-7000-8000-000000000000";
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let before = row_counts(&app).await;
    for reference in [json!({"id": unknown}), key("unknown"), key("")] {
        for (mutation, input, place) in steps(&reference, &reference) {
            assert_eq!(
                refused(&app, mutation, input).await,
                at("NOT_FOUND", place),
                "{mutation}"
            );
        }
    }
    for release in [key("r"), key("unknown")] {
        let package = json!({"inRelease": {"release": release, "name": "api"}});
        let input = json!({"package": package});
        assert_eq!(
            refused(&app, "startPackage", input).await,
            at("NOT_FOUND", "package")
        );
    }
    assert_eq!(row_counts(&app).await, before);
    let query = "query ($id: ID!) {
        release(by: { id: $id }) { id } package(by: { id: $id }) { id } node(id: $id) { id }
    }";
    let data = app.query(query, json!({"id": unknown})).await;
    assert_eq!(
        data,
        json!({"release": null, "package": null, "node": null})
    );
}

async fn an_id_that_is_no_uuid_is_not_found(app: TestApp) {
    for id in ["", "4711", "not-a-uuid", "' OR 1=1 --", "\u{1f680}", "\0"] {
        let reference = json!({"id": id});
        for (mutation, input, place) in steps(&reference, &reference) {
            assert_eq!(
                refused(&app, mutation, input).await,
                at("NOT_FOUND", place),
                "{mutation}"
            );
        }
        let query = "query ($id: ID!) { release(by: { id: $id }) { id } node(id: $id) { id } }";
        let data = app.query(query, json!({"id": id})).await;
        assert_eq!(data, json!({"release": null, "node": null}));
    }
}

async fn blanks_around_a_key_do_not_matter(app: TestApp) {
    let package = json!({"name": "api ", "version": " 1", "externalId": "p\n"});
    let input = json!({"externalId": "jenkins-4711\n", "packages": package});
    done(&app, "createRelease", input).await;
    for package in [
        json!({"externalId": "p\n"}),
        json!({"inRelease": {"release": key("jenkins-4711\n"), "name": "api ", "version": " 1"}}),
        json!({"inRelease": {"release": key(" jenkins-4711"), "name": "\tapi", "version": ""}}),
    ] {
        done(&app, "startPackage", json!({"package": package})).await;
    }
}

async fn the_version_decides_between_packages_of_one_name(app: TestApp) {
    let packages = json!([
        {"name": "api", "version": "1"}, {"name": "api", "version": "2"},
        {"name": "ui", "version": "1"}, {"name": "ui", "version": "1"},
    ]);
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": packages}),
    )
    .await;
    let before = row_counts(&app).await;
    let start = |name: &str, version: Value| json!({"package": {"inRelease": {"release": key("r"), "name": name, "version": version}}});
    let refusal = refused(&app, "startPackage", start("api", Value::Null)).await;
    assert_eq!(refusal, at("AMBIGUOUS", "package"));
    let refusal = refused(&app, "startPackage", start("ui", json!("1"))).await;
    assert_eq!(refusal, at("AMBIGUOUS", "package"));
    let refusal = refused(&app, "startPackage", start("api", json!("3"))).await;
    assert_eq!(refusal, at("NOT_FOUND", "package"));
    assert_eq!(row_counts(&app).await, before);
    let payload = done(&app, "startPackage", start("api", json!("2"))).await;
    assert_eq!(payload["package"]["version"], "2");
}

async fn a_reference_names_exactly_one_key(app: TestApp) {
    let mutation = "mutation ($by: ReleaseRef!) { startRelease(input: { release: $by }) { ok } }";
    for reference in [
        json!({}),
        json!({"id": "1", "externalId": "r"}),
        json!({"id": null}),
    ] {
        let errors = app.errors(mutation, json!({"by": reference})).await;
        assert_eq!(
            errors[0]["extensions"]["code"], "BAD_REQUEST",
            "{reference}"
        );
    }
}
