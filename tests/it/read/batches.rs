//! A page costs one statement per relation, however long it is.

use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_page_costs_one_statement_per_relation,
    a_total_is_counted_only_when_it_is_selected,
    records_reached_from_below_form_a_batch,
    lists_inside_lists_are_fetched_together,
    a_relation_that_fails_is_loaded_once_and_tells_nothing,
);

const EVERY_RELATION: &str = "
    query ($first: Int) {
        releases(first: $first) {
            nodes {
                platforms { name releaseCount firstReleasedAt }
                platformNames
                references
                notes { text }
                metadata
                metadataEntries { key }
                packages { name release { id } results(first: 1) { totalCount nodes { content package { id } } } }
                failed: packages(filter: { status: { eq: FAILED } }) { name }
                failures { id }
                events(first: 1) { totalCount nodes { type release { id } } }
            }
            edges { node { notes { text } packages { name } } }
        }
    }";

async fn record_some(app: &TestApp, count: usize) {
    for number in 0..count {
        let package = json!({"name": "api", "version": format!("1.{number}"), "results": ["ok"]});
        release()
            .user("ann")
            .platforms(["web", "eu"])
            .references(["SHOP-1"])
            .notes(["all went well"])
            .metadata(json!({"build": number}))
            .started("2026-02-01T10:00:00Z")
            .package_with(package)
            .package("db", "7")
            .record(app)
            .await;
    }
}

/// How many statements it takes to answer `query`.
async fn cost(app: &TestApp, query: &str, variables: Value) -> u64 {
    let before = app.statements();
    app.query(query, variables).await;
    app.statements() - before
}

/// What is asked at the same time is one statement on SQLite, and on PostgreSQL where it is about a
/// few records.
fn by_database(app: &TestApp, together: u64, apart: u64, count: usize) -> u64 {
    match app.database().backend() {
        DbBackend::Postgres if count > 16 => apart,
        _ => together,
    }
}

async fn a_page_costs_one_statement_per_relation(app: TestApp) {
    record_some(&app, 31).await;
    // The releases, their platforms, these platforms' summaries, references, notes, metadata,
    // packages, results and their number, failed packages, failures, events and their number.
    for first in [1, 8, 30] {
        let expected = by_database(&app, 5, 13, first);
        let variables = json!({"first": first});
        assert_eq!(cost(&app, EVERY_RELATION, variables).await, expected);
    }
    let data = app.query(EVERY_RELATION, json!({"first": 30})).await;
    let nodes = data["releases"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 30);
    for (node, edge) in nodes
        .iter()
        .zip(data["releases"]["edges"].as_array().unwrap())
    {
        assert_eq!(node["platformNames"], json!(["web", "eu"]));
        assert_eq!(node["packages"][0]["results"]["totalCount"], 1);
        assert_eq!(edge["node"]["packages"][1]["name"], "db");
        assert_eq!(node["failed"], json!([]));
    }
}

async fn a_total_is_counted_only_when_it_is_selected(app: TestApp) {
    record_some(&app, 3).await;
    let is_sqlite = app.database().backend() == DbBackend::Sqlite;
    let without = "{ releases(first: 1) { nodes { id } } }";
    assert_eq!(cost(&app, without, json!({})).await, 1);
    let with = "{ releases(first: 1) { nodes { id } totalCount again: totalCount } }";
    assert_eq!(
        cost(&app, with, json!({})).await,
        if is_sqlite { 1 } else { 2 }
    );
    let only = "{ releases(first: 1) { totalCount } }";
    assert_eq!(cost(&app, only, json!({})).await, 1);
    let data = app.query(with, json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 3);
    assert_eq!(data["releases"]["again"], 3);
}

async fn records_reached_from_below_form_a_batch(app: TestApp) {
    record_some(&app, 31).await;
    let query = "
        query ($first: Int) {
            packages(first: $first, filter: { name: { eq: \"api\" } }, orderBy: { field: CREATED_AT }) {
                nodes { release { notes { text } packages { release { user } } } }
            }
        }";
    for first in [1, 10, 30] {
        let cost = cost(&app, query, json!({"first": first})).await;
        assert_eq!(cost, by_database(&app, 3, 4, first));
    }
}

async fn lists_inside_lists_are_fetched_together(app: TestApp) {
    record_some(&app, 5).await;
    for number in 0..20 {
        let (platform, package) = (format!("p{number}"), format!("n{number}"));
        let stored = release().platforms([platform.as_str(), "web"]);
        stored.package(&package, "1").record(&app).await;
    }
    let platforms = "
        query ($first: Int) {
            platforms(first: $first) {
                nodes { releases(first: 2) { totalCount nodes { notes { text } packages { name } } } }
            }
        }";
    let packages = "
        query ($first: Int) {
            packageSummaries(first: $first) {
                nodes { history(first: 2) { totalCount nodes { release { user } } } }
            }
        }";
    let events = "
        query ($first: Int) {
            releases(first: $first, orderBy: { field: CREATED_AT }) {
                nodes { events(first: 5) { nodes { release { id } package { name } } } }
            }
        }";
    // A page, the lists inside, how long these are, and two relations.
    let costs = [(platforms, 4, 5), (packages, 4, 4), (events, 3, 3)];
    for (query, together, apart) in costs {
        for first in [1, 8, 20] {
            let expected = by_database(&app, together, apart, first);
            let cost = cost(&app, query, json!({"first": first})).await;
            assert_eq!(cost, expected, "{first} of {query}");
        }
    }
}

async fn a_relation_that_fails_is_loaded_once_and_tells_nothing(app: TestApp) {
    record_some(&app, 5).await;
    let drop = "DROP TABLE release_note";
    let writer = app.database().writer();
    writer.execute_unprepared(drop).await.unwrap();
    let before = app.statements();
    let query = "{ server { version } releases(first: 4) { nodes { id notes { text } } } }";
    let answer = app.graphql(query, json!({})).await;
    assert_eq!(app.statements() - before, 2);
    assert_eq!(answer["data"], Value::Null, "notes are never null");
    let errors = answer["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 4);
    for error in errors {
        assert_eq!(error["message"], "internal error");
        let extensions = error["extensions"].as_object().unwrap();
        assert!(extensions["requestId"].is_string(), "{error}");
        assert_eq!(
            (extensions.len(), &extensions["code"]),
            (2, &json!("INTERNAL"))
        );
        assert_eq!(error["path"][0], "releases");
    }
}
