//! What changes cost: a bounded number of statements, however many packages there are.

use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::key;
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    recording_costs_one_statement_for_each_table_at_most,
    recording_a_small_release_costs_few_statements,
    importing_costs_one_statement_for_each_table_at_most,
    updating_costs_the_same_for_any_number_of_packages,
    finishing_costs_the_same_for_any_number_of_packages,
);

/// Calls a mutation whose answer costs nothing; returns how many statements it took.
async fn cost(app: &TestApp, name: &str, kind: &str, input: Value) -> u64 {
    let mutation = format!(
        "mutation ($input: {kind}!) {{ {name}(input: $input) {{ ok userErrors {{ code }} }} }}"
    );
    let before = app.statements();
    let payload = app.mutate(&mutation, json!({"input": input})).await;
    assert_eq!(payload["ok"], true, "{payload:#}");
    app.statements() - before
}

fn packages(count: usize, fields: &Value) -> Value {
    let package = |index| {
        let mut package = fields.clone();
        package["name"] = json!(format!("p{index}"));
        package["version"] = json!("1");
        package
    };
    (0..count).map(package).collect()
}

fn full(external_id: &str, count: usize) -> Value {
    let texts: Vec<_> = (0..count).map(|index| format!("t{index}")).collect();
    json!({
        "externalId": external_id, "platforms": texts, "references": texts, "notes": texts,
        "metadata": {"a": 1, "b": 2}, "packages": packages(count, &json!({"results": texts})),
    })
}

/// A release, and eight tables of what hangs on it; and platforms that are looked up, made, and
/// looked up once more.
const TABLES: u64 = 9 + 3;

async fn recording_costs_one_statement_for_each_table_at_most(app: TestApp) {
    for count in [2, 10, 40] {
        let input = full(&format!("{count}"), count);
        let cost = cost(&app, "recordRelease", "RecordReleaseInput", input).await;
        assert!(cost <= TABLES, "{count} packages: {cost}");
    }
}

async fn recording_a_small_release_costs_few_statements(app: TestApp) {
    let record = async |name: &str| {
        let input = full(name, 2);
        cost(&app, "recordRelease", "RecordReleaseInput", input).await
    };
    // Makes the platforms; then they are looked up, and then known.
    record("first").await;
    record("second").await;
    // On SQLite the release goes first, and the rest in one after the platforms were looked up.
    let expected = match app.database().backend() {
        DbBackend::Postgres => 1,
        _ => 3,
    };
    assert_eq!(record("third").await, expected);
}

async fn importing_costs_one_statement_for_each_table_at_most(app: TestApp) {
    let rows = |name: &str, count: usize| -> Value {
        (0..count)
            .map(|index| full(&format!("{name} {index}"), 3))
            .collect()
    };
    // Platforms are made by the first.
    cost(
        &app,
        "importReleases",
        "ImportReleasesInput",
        json!({"releases": rows("first", 1)}),
    )
    .await;
    for count in [2, 20, 100] {
        let input = json!({"releases": rows(&format!("{count}"), count)});
        let cost = cost(&app, "importReleases", "ImportReleasesInput", input).await;
        assert!(cost <= TABLES, "{count} releases: {cost}");
    }
}

async fn updating_costs_the_same_for_any_number_of_packages(app: TestApp) {
    let mut costs = Vec::new();
    for count in [2, 40] {
        let name = format!("{count}");
        let mut input = full(&name, count);
        cost(&app, "createRelease", "CreateReleaseInput", input.clone()).await;
        let added = packages(
            count * 2,
            &json!({"commitSha": "abc", "results": ["new", "t1"]}),
        );
        input["packages"] = added;
        input["notes"] = json!(["t0", "new"]);
        input["onConflict"] = json!("UPDATE");
        costs.push(cost(&app, "createRelease", "CreateReleaseInput", input).await);
    }
    assert_eq!(costs[0], costs[1]);
}

async fn finishing_costs_the_same_for_any_number_of_packages(app: TestApp) {
    let mut costs = Vec::new();
    for count in [2, 40] {
        let name = format!("{count}");
        let packages = packages(count, &json!({"startedAt": "2026-03-01T11:00:00Z"}));
        let input = json!({"externalId": name, "packages": packages});
        cost(&app, "createRelease", "CreateReleaseInput", input).await;
        let input = json!({"release": key(&name), "success": true});
        costs.push(cost(&app, "finishRelease", "FinishReleaseInput", input).await);
    }
    assert_eq!(costs[0], costs[1]);
}
