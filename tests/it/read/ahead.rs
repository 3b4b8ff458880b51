//! A release by its id, which comes together with what belongs to it.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_release_by_its_id_is_one_question,
    a_release_is_the_same_whichever_way_it_is_found,
    what_is_not_there_has_nothing,
);

const WHOLE: &str = "id externalId platforms { name } references metadata notes { text }
    packages { name version } failures { reference } events { nodes { type changes } }";

/// What is loaded in other ways, or not at all.
const PARTS: &str = "id platformNames metadataEntries(keys: [\"b\"]) { value }
    failed: packages(filter: { status: { eq: FAILED } }) { name } all: packages { name }
    packages @skip(if: true) { name } ...more @include(if: false) ... on Release { notes { text } }
    first: events(first: 1) { totalCount nodes { type } } references @include(if: true)
    events { totalCount }";

async fn recorded(app: &TestApp) -> Value {
    release()
        .external_id("r")
        .platforms(["web", "eu"])
        .references(["T-1", "T-2"])
        .notes(["careful"])
        .metadata(json!({"a": "1", "b": "2"}))
        .package_with(json!({"name": "api", "version": "1", "status": "FAILED"}))
        .package_with(json!({"name": "db", "version": "2", "status": "SUCCESSFUL"}))
        .record(app)
        .await
}

fn by(key: &str, fields: &str) -> String {
    let kind = if key == "id" { "ID" } else { "String" };
    let more = "fragment more on Release { failures { id } }";
    let more = if fields.contains("...more") { more } else { "" };
    format!("query ($key: {kind}!) {{ release(by: {{ {key}: $key }}) {{ {fields} }} }} {more}")
}

async fn find(app: &TestApp, key: &str, value: &Value, fields: &str) -> Value {
    let data = app.query(&by(key, fields), json!({ "key": value })).await;
    data["release"].clone()
}

async fn a_release_by_its_id_is_one_question(app: TestApp) {
    let id = &recorded(&app).await["id"];
    for (key, value, expected) in [("id", id, 1), ("externalId", &json!("r"), 2)] {
        let before = app.statements();
        find(&app, key, value, WHOLE).await;
        assert_eq!(app.statements() - before, expected, "{key}");
    }
}

async fn a_release_is_the_same_whichever_way_it_is_found(app: TestApp) {
    let id = &recorded(&app).await["id"];
    let mutation = "mutation ($id: ID!) {
        reportFailure(input: { release: { id: $id }, reference: \"INC-1\" }) { ok }
    }";
    app.mutate(mutation, json!({ "id": id })).await;
    for fields in [WHOLE, PARTS] {
        let one = find(&app, "id", id, fields).await;
        let other = find(&app, "externalId", &json!("r"), fields).await;
        assert_eq!(one, other);
        assert_eq!(&one["id"], id);
    }
    let whole = find(&app, "id", id, WHOLE).await;
    assert_eq!(whole["platforms"], json!([{"name": "web"}, {"name": "eu"}]));
    assert_eq!(whole["failures"], json!([{"reference": "INC-1"}]));
    assert_eq!(whole["events"]["nodes"].as_array().unwrap().len(), 4);
    let parts = find(&app, "id", id, PARTS).await;
    assert_eq!(parts["failed"], json!([{"name": "api"}]));
    assert_eq!(parts["all"], json!([{"name": "api"}, {"name": "db"}]));
    assert_eq!(parts["first"]["totalCount"], 4);
    assert!(parts.get("packages").is_none() && parts.get("failures").is_none());
}

async fn what_is_not_there_has_nothing(app: TestApp) {
    let id = &recorded(&app).await["id"];
    let mutation = "mutation ($id: ID!) { deleteRelease(input: { release: { id: $id } }) { ok } }";
    app.mutate(mutation, json!({ "id": id })).await;
    for id in [
        id,
        &json!("01890a5d-ac96-774b-bcce-b302099a8057"),
        &json!("no id"),
    ] {
        assert_eq!(find(&app, "id", id, WHOLE).await, Value::Null);
    }
}
