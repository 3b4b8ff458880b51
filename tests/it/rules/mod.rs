//! The rules of recording: what callers tell, in whatever order and however incomplete, and what
//! becomes of it.

mod bad_input;
mod concurrency;
mod conflicts;
mod groups;
mod imports;
pub mod invariants;
mod limits;
mod operations;
mod package_steps;
mod recording;
mod references;
mod release_steps;
mod statements;
mod status;
mod texts;
mod times;
mod updates;

use serde_json::{Value, json};

use crate::app::TestApp;

const REMARKS: &str = "userErrors { code message field } warnings { code message field }";
const RELEASE: &str = "release {
    id externalId user team platformNames references status rollback isPartial packageCount
    startedAt finishedAt durationSeconds inferredFields metadata createdAt updatedAt
    notes { text author }
    packages {
        id externalId name version status rollback diffUrl commitSha committedAt startedAt
        finishedAt durationSeconds effectiveAt inferredFields
        results(first: 100) { nodes { content } }
    }
}";
const PACKAGE: &str = "package {
    id externalId name version status startedAt finishedAt durationSeconds effectiveAt
    inferredFields results(first: 100) { nodes { content } }
}";

/// Calls the mutation `name` with its input; returns the payload.
async fn call(app: &TestApp, name: &str, input: Value) -> Value {
    let is_of_package = name.contains("Package") || name == "addResult";
    let package = if is_of_package { PACKAGE } else { "" };
    let (first, rest) = name.split_at(1);
    let mutation = format!(
        "mutation ($input: {}{rest}Input!) {{
            {name}(input: $input) {{ ok created {REMARKS} {RELEASE} {package} }}
        }}",
        first.to_uppercase()
    );
    app.mutate(&mutation, json!({"input": input})).await
}

/// Calls a mutation that must be done; returns the payload.
async fn done(app: &TestApp, name: &str, input: Value) -> Value {
    let payload = call(app, name, input.clone()).await;
    assert_eq!(payload["ok"], true, "{name} {input:#}\nanswers {payload:#}");
    assert_eq!(payload["userErrors"], json!([]));
    payload
}

/// Calls a mutation that must be refused for exactly one reason; returns its code and place.
async fn refused(app: &TestApp, name: &str, input: Value) -> (String, String) {
    let payload = call(app, name, input.clone()).await;
    assert_eq!(
        payload["ok"], false,
        "{name} {input:#}\nanswers {payload:#}"
    );
    assert_eq!(payload["release"], Value::Null);
    assert_eq!(payload["created"], false);
    let errors = places(&payload["userErrors"]);
    assert_eq!(errors.len(), 1, "{payload:#}");
    errors.into_iter().next().unwrap()
}

/// The codes of a list of warnings or mistakes.
fn codes(remarks: &Value) -> Vec<&str> {
    let codes = remarks.as_array().unwrap().iter();
    codes
        .map(|remark| remark["code"].as_str().unwrap())
        .collect()
}

/// The codes and places of a list of warnings or mistakes; a place is like `packages.0.name`.
fn places(remarks: &Value) -> Vec<(String, String)> {
    let place = |remark: &Value| {
        let steps = remark["field"].as_array().into_iter().flatten();
        let steps: Vec<&str> = steps.map(|step| step.as_str().unwrap()).collect();
        assert!(!remark["message"].as_str().unwrap().is_empty());
        (remark["code"].as_str().unwrap().to_owned(), steps.join("."))
    };
    remarks.as_array().unwrap().iter().map(place).collect()
}

/// A code and a place, to compare with.
fn at(code: &str, place: &str) -> (String, String) {
    (code.to_owned(), place.to_owned())
}

/// How the release with this external id is named in inputs.
fn key(external_id: &str) -> Value {
    json!({"externalId": external_id})
}

/// How a package of the release with this external id is named in inputs.
fn package_in(external_id: &str, name: &str) -> Value {
    json!({"inRelease": {"release": key(external_id), "name": name}})
}

/// The release with this external id as it is now.
async fn stored(app: &TestApp, external_id: &str) -> Value {
    let query = format!(
        "query ($by: ReleaseRef!) {{ {} }}",
        RELEASE.replacen("release", "release(by: $by)", 1,)
    );
    app.query(&query, json!({"by": key(external_id)})).await["release"].take()
}

/// How many rows the tables have that callers fill, and how many events.
async fn row_counts(app: &TestApp) -> Vec<u64> {
    use sea_orm::{EntityTrait, PaginatorTrait};
    let reader = app.database().writer();
    vec![
        entity::release::Entity::find().count(reader).await.unwrap(),
        entity::package::Entity::find().count(reader).await.unwrap(),
        entity::package_result::Entity::find()
            .count(reader)
            .await
            .unwrap(),
        entity::platform::Entity::find()
            .count(reader)
            .await
            .unwrap(),
        entity::release_platform::Entity::find()
            .count(reader)
            .await
            .unwrap(),
        entity::release_reference::Entity::find()
            .count(reader)
            .await
            .unwrap(),
        entity::release_note::Entity::find()
            .count(reader)
            .await
            .unwrap(),
        entity::release_metadata::Entity::find()
            .count(reader)
            .await
            .unwrap(),
        entity::event::Entity::find().count(reader).await.unwrap(),
    ]
}

/// The types of the events of a release, oldest first, each with its changes.
async fn history(app: &TestApp, external_id: &str) -> Vec<(String, Value)> {
    let query = "query ($by: ReleaseRef!) {
        release(by: $by) { events(last: 1000) { nodes { type changes } } }
    }";
    let data = app.query(query, json!({"by": key(external_id)})).await;
    let events = data["release"]["events"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    let event = |mut event: Value| {
        let kind = event["type"].as_str().unwrap().to_owned();
        (kind, event["changes"].take())
    };
    events.into_iter().map(event).collect()
}

/// The types of the events of a release, oldest first.
async fn history_types(app: &TestApp, external_id: &str) -> Vec<String> {
    let events = history(app, external_id).await;
    events.into_iter().map(|(kind, _)| kind).collect()
}

/// Deletes the release with this external id the way Orlo does: the rows stay.
async fn delete_release(app: &TestApp, external_id: &str) {
    use sea_orm::sea_query::Expr;
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let gone = Expr::value(app.service().now());
    entity::release::Entity::update_many()
        .col_expr(entity::release::Column::DeletedAt, gone)
        .filter(entity::release::Column::ExternalId.eq(external_id))
        .exec(app.database().writer())
        .await
        .unwrap();
}

/// Deletes the package with this external id the way Orlo does: the row stays. Its release is
/// left without any package.
async fn delete_only_package(app: &TestApp, external_id: &str) {
    use sea_orm::sea_query::Expr;
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    let gone = Expr::value(app.service().now());
    let result = entity::package::Entity::update_many()
        .col_expr(entity::package::Column::DeletedAt, gone)
        .filter(entity::package::Column::ExternalId.eq(external_id))
        .exec(app.database().writer())
        .await
        .unwrap();
    assert_eq!(result.rows_affected, 1);
}
