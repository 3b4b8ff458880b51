//! Fields say the same whether they are selected alone or with all others: rows are read without the
//! columns that nobody asks for.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    every_field_of_a_release_says_the_same_alone,
    every_field_of_a_package_says_the_same_alone,
    what_is_reached_on_two_ways_has_what_is_asked_on_either,
);

/// The fields of a type that need no selection of their own, or with one that does for all.
async fn fields(app: &TestApp, ty: &str) -> Vec<String> {
    let query = "query ($name: String!) { __type(name: $name) { fields {
        name type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } }";
    let data = app.query(query, json!({"name": ty})).await;
    let fields = data["__type"]["fields"].as_array().unwrap();
    let select = |field: &Value| {
        let mut ty = &field["type"];
        while !ty["ofType"].is_null() {
            ty = &ty["ofType"];
        }
        let name = field["name"].as_str().unwrap();
        match ty["kind"].as_str().unwrap() {
            "SCALAR" | "ENUM" => name.to_owned(),
            _ => format!("{name} {{ __typename }}"),
        }
    };
    fields.iter().map(select).collect()
}

/// A release whose fields all have values that tell them apart from those that were not read.
async fn record(app: &TestApp) {
    for version in ["1", "2", "1"] {
        release()
            .user("ann")
            .team("shop")
            .platforms(["web"])
            .package("api", version)
            .record(app)
            .await;
    }
    let input = json!({
        "externalId": "r", "user": "bob", "team": "search", "platforms": ["web", "eu"],
        "references": ["SHOP-1"], "notes": "slow", "metadata": {"region": "eu"},
        "startedAt": "2026-02-01T10:00:00Z",
        "packages": [
            {"name": "api", "version": "3", "externalId": "p", "status": "SUCCESSFUL", "rollback": true,
             "diffUrl": "https://diff", "commitSha": "abc", "committedAt": "2026-01-31T10:00:00Z",
             "startedAt": "2026-02-01T10:00:00Z", "finishedAt": "2026-02-01T10:00:20Z", "results": "ok"},
            {"name": "web", "startedAt": "2026-02-01T10:00:00Z"},
        ],
    });
    let mutation = "mutation ($input: CreateReleaseInput!) { createRelease(input: $input) { ok } }";
    let payload = app.mutate(mutation, json!({"input": input})).await;
    assert_eq!(payload["ok"], true);
    // Long enough for what is in progress to become stale.
    app.set_now("2026-03-05T12:00:00Z");
}

/// Asks `list`, which may begin in other objects, for all `fields` together and for each alone.
async fn says_the_same_alone(app: &TestApp, list: &str, fields: &[String]) {
    let ends = "} ".repeat(list.matches('{').count());
    let query = |fields: &str| {
        // What is reached through the nodes of another list is no list with nodes itself.
        if list.contains("nodes") {
            format!("{{ list: {list} {{ {fields} }} {ends} }}")
        } else {
            format!("{{ list: {list} {{ nodes {{ {fields} }} }} {ends} }}")
        }
    };
    let all = app.query(&query(&fields.join(" ")), json!({})).await;
    for field in fields {
        let alone = app.query(&query(field), json!({})).await;
        assert!(
            is_within(&alone, &all),
            "{list} {field}\n{alone:#}\n{all:#}"
        );
    }
}

async fn every_field_of_a_release_says_the_same_alone(app: TestApp) {
    record(&app).await;
    let fields = fields(&app, "Release").await;
    let by = "release(by: { externalId: \"r\" })";
    let lists = [
        "releases",
        "platform(name: \"eu\") { releases",
        "packages { nodes { release",
    ];
    for list in lists {
        says_the_same_alone(&app, list, &fields).await;
    }
    let all = app
        .query(&format!("{{ {by} {{ {} }} }}", fields.join(" ")), json!({}))
        .await;
    assert_eq!(all["release"]["isStale"], true);
    // One by itself is read whole.
    let query = format!("{{ releases {{ nodes {{ {} }} }} }}", fields.join(" "));
    let listed = app.query(&query, json!({})).await;
    let listed = listed["releases"]["nodes"].as_array().unwrap();
    assert!(listed.contains(&all["release"]), "{listed:#?}\n{all:#}");
}

async fn every_field_of_a_package_says_the_same_alone(app: TestApp) {
    record(&app).await;
    let fields = fields(&app, "Package").await;
    let lists = [
        "packages",
        "releases { nodes { packages",
        "packageSummary(name: \"api\") { history",
    ];
    for list in lists {
        says_the_same_alone(&app, list, &fields).await;
    }
    let fields = fields.join(" ");
    let by = "package(by: { externalId: \"p\" })";
    let query = format!("{{ {by} {{ {fields} }} packages {{ nodes {{ {fields} }} }} }}");
    let all = app.query(&query, json!({})).await;
    let listed = all["packages"]["nodes"].as_array().unwrap();
    assert!(listed.contains(&all["package"]), "{all:#}");
}

async fn what_is_reached_on_two_ways_has_what_is_asked_on_either(app: TestApp) {
    record(&app).await;
    let query = "
        query { releases(first: 1) { nodes { ...some packages { version release { team ...more } } } } }
        fragment some on Node { id ... on Release { user } }
        fragment more on Release { packages { name } ... on Node { ... on Release { externalId } } }";
    let data = app.query(query, json!({})).await;
    let release = &data["releases"]["nodes"][0];
    assert_eq!(release["user"], "bob");
    let inner = &release["packages"][0]["release"];
    assert_eq!(inner["team"], "search");
    assert_eq!(inner["externalId"], "r");
    assert_eq!(inner["packages"][1]["name"], "web");
}

/// Whether `whole` has everything that `part` has, with the same values.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|whole| is_within(part, whole))),
        (Value::Array(part), Value::Array(whole)) => {
            part.len() == whole.len()
                && part
                    .iter()
                    .zip(whole)
                    .all(|(part, whole)| is_within(part, whole))
        }
        (part, whole) => part == whole,
    }
}
