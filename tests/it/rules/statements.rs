//! What changes cost: a fixed number of statements, however many packages there are.

use serde_json::{Value, json};

use super::key;
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    recording_costs_the_same_for_any_number_of_packages,
    importing_costs_the_same_for_any_number_of_releases,
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

async fn recording_costs_the_same_for_any_number_of_packages(app: TestApp) {
    let few = cost(&app, "recordRelease", "RecordReleaseInput", full("few", 2)).await;
    let many = cost(
        &app,
        "recordRelease",
        "RecordReleaseInput",
        full("many", 40),
    )
    .await;
    assert_eq!(few, many);
}

async fn importing_costs_the_same_for_any_number_of_releases(app: TestApp) {
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
    let few = json!({"releases": rows("few", 2)});
    let few = cost(&app, "importReleases", "ImportReleasesInput", few).await;
    let many = json!({"releases": rows("many", 100)});
    let many = cost(&app, "importReleases", "ImportReleasesInput", many).await;
    assert_eq!(few, many);
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
