//! Looking records up by id.

use serde_json::{Value, json};

use super::store_failure;
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    any_record_is_found_by_its_id,
    nodes_keep_their_places_and_cost_the_same_for_many,
    too_many_ids_are_refused,
);

const NODE: &str = "
    query ($id: ID!) {
        node(id: $id) {
            __typename
            id
            ... on Release { user }
            ... on Package { name }
            ... on PackageResult { content byteCount package { name } }
            ... on Failure { release { user } package { name } }
            ... on Platform { name }
            ... on Event { type release { user } }
        }
    }";

const INSIDE: &str = "
    query ($id: ID!) {
        release(by: { id: $id }) {
            platforms { id }
            packages { id results { nodes { id } } }
            events(first: 1) { nodes { id } }
        }
    }";

async fn any_record_is_found_by_its_id(app: TestApp) {
    let package = json!({"name": "api", "version": "1.0", "results": ["fine ✓"]});
    let stored = release()
        .user("ann")
        .platforms(["web"])
        .package_with(package);
    let stored = stored.record(&app).await;
    let failure = store_failure(&app, &stored, None).await;
    let inside = app.query(INSIDE, json!({"id": stored["id"]})).await;
    let inside = &inside["release"];
    let package = &inside["packages"][0];
    let cases = [
        (
            &stored["id"],
            json!({"__typename": "Release", "user": "ann"}),
        ),
        (
            &package["id"],
            json!({"__typename": "Package", "name": "api"}),
        ),
        (
            &package["results"]["nodes"][0]["id"],
            json!({
                "__typename": "PackageResult", "content": "fine ✓", "byteCount": 8,
                "package": {"name": "api"},
            }),
        ),
        (
            &inside["platforms"][0]["id"],
            json!({"__typename": "Platform", "name": "web"}),
        ),
        (
            &json!(failure),
            json!({
                "__typename": "Failure", "release": {"user": "ann"}, "package": {"name": "api"},
            }),
        ),
        (
            &inside["events"]["nodes"][0]["id"],
            json!({
                "__typename": "Event", "type": "RELEASE_CREATED", "release": {"user": "ann"},
            }),
        ),
    ];
    for (id, mut expected) in cases {
        expected["id"] = id.clone();
        let data = app.query(NODE, json!({"id": id})).await;
        assert_eq!(data["node"], expected);
    }
    for unknown in ["00000000-0000-7000-8000-000000000000", "4711", "", "nul\0"] {
        let data = app.query(NODE, json!({"id": unknown})).await;
        assert_eq!(data["node"], Value::Null, "{unknown:?}");
    }
}

async fn nodes_keep_their_places_and_cost_the_same_for_many(app: TestApp) {
    let query = "
        query ($ids: [ID!]!) {
            nodes(ids: $ids) { id ... on Release { notes { text } } ... on Package { name } }
        }";
    let mut ids = vec![json!("nothing")];
    for number in 0..20 {
        let version = number.to_string();
        let stored = release()
            .package("api", &version)
            .notes(["fine"])
            .record(&app)
            .await;
        ids.extend([stored["packages"][0]["id"].clone(), stored["id"].clone()]);
    }
    ids.push(ids[1].clone());
    let before = app.statements();
    let data = app.query(query, json!({"ids": ids})).await;
    // Releases, packages, notes.
    assert_eq!(app.statements() - before, 3);
    let nodes = data["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 42);
    assert_eq!(nodes[0], Value::Null);
    for (id, node) in ids.iter().zip(nodes).skip(1) {
        assert_eq!(node["id"], *id);
    }
    assert_eq!(nodes[2]["notes"], json!([{"text": "fine"}]));
    assert_eq!(nodes[41]["name"], "api");
}

async fn too_many_ids_are_refused(app: TestApp) {
    let query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let data = app.query(query, json!({"ids": vec!["x"; 1000]})).await;
    assert_eq!(data["nodes"].as_array().unwrap().len(), 1000);
    let errors = app.errors(query, json!({"ids": vec!["x"; 1001]})).await;
    assert_eq!(errors[0]["extensions"]["code"], "LIMIT_EXCEEDED");
}
