//! Telling a story to Orlo.

use std::collections::HashMap;
use std::fmt::Write as _;

use sea_orm::ConnectionTrait as _;
use serde_json::{Map, Value, json};

use super::story::{Release, Story, TOLD_AT, Time};
use super::world::{Step, World};
use crate::app::TestApp;

/// The tables, those that others refer to last.
const TABLES: [&str; 11] = [
    "event",
    "deployment",
    "failure",
    "package_result",
    "package",
    "release_note",
    "release_metadata",
    "release_reference",
    "release_platform",
    "platform",
    "release",
];

/// Tells a story to an empty Orlo, and returns what must be there then.
pub async fn tell(app: &TestApp, story: &Story) -> World {
    empty(app).await;
    app.set_now(TOLD_AT);
    let mut world = World::new(story);
    tell_releases(app, &story.releases).await;
    let ids = ids(app).await;
    world.learn(&ids);
    let mut failures = Vec::new();
    for change in &story.changes {
        for step in world.change(change) {
            take(app, step, &mut failures).await;
        }
    }
    world
}

/// Forgets everything.
async fn empty(app: &TestApp) {
    let mut statements = String::from("BEGIN;");
    for table in TABLES {
        write!(statements, "DELETE FROM {table};").unwrap();
    }
    statements.push_str("COMMIT;");
    let writer = app.database().writer();
    writer.execute_unprepared(&statements).await.unwrap();
}

fn text(time: Option<Time>) -> Value {
    json!(time.map(|it| it.to_rfc3339()))
}

fn input(place: usize, release: &Release) -> Value {
    let packages = release.packages.iter().enumerate();
    let packages = packages.map(|(number, it)| {
        json!({
            "externalId": format!("r{place}p{number}"),
            "name": it.name,
            "version": it.version,
            "status": it.status,
            "rollback": it.rollback,
            "startedAt": text(it.started),
            "finishedAt": text(it.finished),
            "committedAt": text(it.committed),
        })
    });
    let mut input = json!({
        "externalId": format!("r{place}"),
        "user": release.user,
        "team": release.team,
        "platforms": release.platforms,
        "startedAt": text(release.started),
        "packages": packages.collect::<Vec<_>>(),
    });
    if !release.live {
        input["finishedAt"] = text(release.finished);
        input["success"] = json!(release.success);
    }
    input
}

/// Tells of the releases in their order; finished ones that follow each other together.
async fn tell_releases(app: &TestApp, releases: &[Release]) {
    let releases: Vec<_> = releases.iter().enumerate().collect();
    for run in releases.chunk_by(|(_, one), (_, other)| !one.live && !other.live) {
        let inputs: Vec<_> = run.iter().map(|(place, it)| input(*place, it)).collect();
        if run[0].1.live {
            done(
                app,
                "createRelease",
                "CreateReleaseInput",
                inputs[0].clone(),
                "",
            )
            .await;
        } else {
            let count = inputs.len();
            let inputs = json!({ "releases": inputs });
            let fields = "createdCount";
            let payload = done(app, "importReleases", "ImportReleasesInput", inputs, fields).await;
            assert_eq!(payload["createdCount"], count);
        }
    }
}

/// The ids of all packages by their external ids.
async fn ids(app: &TestApp) -> HashMap<String, String> {
    let data = app
        .query(
            "{ packages(first: 1000) { nodes { id externalId } } }",
            json!({}),
        )
        .await;
    let nodes = data["packages"]["nodes"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes
        .map(|node| (text(&node["externalId"]), text(&node["id"])))
        .collect()
}

async fn take(app: &TestApp, step: Step, failures: &mut Vec<Value>) {
    let key = |key: String| json!({ "externalId": key });
    match step {
        Step::DeleteRelease(it) => {
            let input = json!({ "release": key(it) });
            done(app, "deleteRelease", "DeleteReleaseInput", input, "").await;
        }
        Step::DeletePackage(it) => {
            let input = json!({ "package": key(it) });
            done(app, "deletePackage", "DeletePackageInput", input, "").await;
        }
        Step::UpdateRelease(it, field, value) => {
            let input = update("release", key(it), field, value);
            done(app, "updateRelease", "UpdateReleaseInput", input, "").await;
        }
        Step::UpdatePackage(it, field, value) => {
            let input = update("package", key(it), field, value);
            done(app, "updatePackage", "UpdatePackageInput", input, "").await;
        }
        Step::Retry(it, at) => {
            let input = json!({ "package": key(it), "retry": true, "at": text(Some(at)) });
            done(app, "startPackage", "StartPackageInput", input, "").await;
        }
        Step::Finish(it, success, at) => {
            let input = json!({ "package": key(it), "success": success, "at": text(Some(at)) });
            done(app, "finishPackage", "FinishPackageInput", input, "").await;
        }
        Step::Failure(release, package, resolved, by) => {
            let input = json!({
                "release": key(release),
                "package": package.map(key),
                "resolvedAt": text(resolved),
                "resolvedBy": by.map(key),
            });
            let fields = "failure { id }";
            let payload = done(app, "reportFailure", "ReportFailureInput", input, fields).await;
            failures.push(payload["failure"]["id"].clone());
        }
        Step::Resolution(place, resolved, by) => {
            let input = json!({
                "failureId": failures[place],
                "resolvedAt": text(resolved),
                "resolvedBy": by.map(key),
            });
            done(app, "resolveFailure", "ResolveFailureInput", input, "").await;
        }
        Step::Add(name, kind, input) => {
            done(app, name, kind, input, "").await;
        }
    }
}

/// The input that sets a field, or empties it.
fn update(noun: &str, key: Value, field: &str, value: Value) -> Value {
    let mut input = Map::from_iter([(noun.to_owned(), key)]);
    let is_empty = value.is_null() || value == json!([]);
    if is_empty {
        let words = field.chars().flat_map(|letter| {
            let gap = letter.is_uppercase().then_some('_');
            gap.into_iter().chain(letter.to_uppercase())
        });
        input.insert("clear".to_owned(), json!(words.collect::<String>()));
    } else {
        input.insert(field.to_owned(), value);
    }
    Value::Object(input)
}

/// Calls a mutation, which must be done.
async fn done(app: &TestApp, name: &str, kind: &str, input: Value, fields: &str) -> Value {
    let mutation = format!(
        "mutation ($input: {kind}!) {{
            {name}(input: $input) {{ ok userErrors {{ message }} {fields} }} }}"
    );
    let payload = app
        .mutate(&mutation, json!({ "input": input.clone() }))
        .await;
    assert_eq!(payload["ok"], true, "{name} {input:#} answers {payload:#}");
    payload
}
