//! Many callers at once, of several processes over one database.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{call, done, history_types, invariants, key, package_in, refused, row_counts, stored};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    new_platforms_named_at_once_are_made_once,
    the_same_external_id_at_once_makes_one_release,
    imports_of_the_same_releases_at_once_all_succeed,
    the_same_package_added_at_once_is_there_once,
    different_outcomes_at_once_leave_a_consistent_record,
    packages_added_at_once_are_all_there,
    a_refused_mutation_leaves_nothing_behind,
);

const CALLERS: usize = 50;

/// Sends the mutation `name` for every input at once, over three processes in turn; returns the
/// payloads, all of which must be ok.
async fn all_at_once(app: &TestApp, name: &'static str, inputs: Vec<Value>) -> Vec<Value> {
    let siblings = [app.clone(), app.sibling().await, app.sibling().await];
    let mut calls = tokio::task::JoinSet::new();
    for (index, input) in inputs.into_iter().enumerate() {
        let app = siblings[index % siblings.len()].clone();
        calls.spawn(async move { done(&app, name, input).await });
    }
    calls.join_all().await
}

async fn new_platforms_named_at_once_are_made_once(app: TestApp) {
    let names: Vec<String> = (0..10).map(|index| format!("platform {index}")).collect();
    let input = |caller: usize| {
        let mut names = names.clone();
        names.rotate_left(caller % 10);
        if caller.is_multiple_of(2) {
            names.reverse();
        }
        json!({"platforms": names})
    };
    all_at_once(&app, "createRelease", (0..CALLERS).map(input).collect()).await;
    let data = app
        .query("{ platforms { nodes { name releaseCount } } }", json!({}))
        .await;
    let expected: Vec<_> = names
        .iter()
        .map(|name| json!({"name": name, "releaseCount": CALLERS}))
        .collect();
    assert_eq!(data["platforms"]["nodes"], json!(expected));
    invariants::check(&app).await;
}

async fn the_same_external_id_at_once_makes_one_release(app: TestApp) {
    let input = |_| {
        json!({
            "externalId": "r", "platforms": "web",
            "packages": {"name": "api", "version": "1", "externalId": "p"},
        })
    };
    let payloads = all_at_once(&app, "createRelease", (0..CALLERS).map(input).collect()).await;
    let created = payloads
        .iter()
        .filter(|payload| payload["created"] == true)
        .count();
    assert_eq!(created, 1);
    let ids: HashSet<_> = payloads
        .iter()
        .map(|it| it["release"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 1);
    assert!(
        payloads
            .iter()
            .all(|payload| payload["warnings"] == json!([]))
    );
    assert_eq!(row_counts(&app).await[..4], [1, 1, 0, 1]);
    invariants::check(&app).await;
}

async fn imports_of_the_same_releases_at_once_all_succeed(app: TestApp) {
    let import = "mutation ($rows: [RecordReleaseInput!]!) {
        importReleases(input: { releases: $rows }) { ok createdCount existingCount }
    }";
    let siblings = [app.clone(), app.sibling().await, app.sibling().await];
    let mut calls = tokio::task::JoinSet::new();
    for caller in 0..20 {
        let app = siblings[caller % siblings.len()].clone();
        let mut rows: Vec<_> = (0..20)
            .map(|row| json!({"externalId": format!("r{row}"), "platforms": format!("p{}", row % 3)}))
            .collect();
        rows.rotate_left(caller);
        calls.spawn(async move { app.mutate(import, json!({"rows": rows})).await });
    }
    let payloads = calls.join_all().await;
    assert!(
        payloads.iter().all(|payload| payload["ok"] == true),
        "{payloads:#?}"
    );
    let created: u64 = payloads
        .iter()
        .map(|it| it["createdCount"].as_u64().unwrap())
        .sum();
    let existing: u64 = payloads
        .iter()
        .map(|it| it["existingCount"].as_u64().unwrap())
        .sum();
    assert_eq!((created, existing), (20, 380));
    invariants::check(&app).await;
}

async fn the_same_package_added_at_once_is_there_once(app: TestApp) {
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let package = json!({"name": "api", "version": "1", "externalId": "p"});
    let input = |_| json!({"release": key("r"), "package": package});
    let payloads = all_at_once(&app, "addPackage", (0..CALLERS).map(input).collect()).await;
    assert_eq!(
        payloads
            .iter()
            .filter(|payload| payload["created"] == true)
            .count(),
        1
    );
    assert_eq!(stored(&app, "r").await["packageCount"], 1);
    invariants::check(&app).await;
}

async fn different_outcomes_at_once_leave_a_consistent_record(app: TestApp) {
    for round in 0..10 {
        let name = format!("r{round}");
        let package = json!({"name": "api", "version": "1"});
        done(
            &app,
            "createRelease",
            json!({"externalId": name, "packages": package}),
        )
        .await;
        let input =
            |success: bool| json!({"package": package_in(&name, "api"), "success": success});
        let inputs = vec![input(true), input(false)];
        all_at_once(&app, "finishPackage", inputs).await;
        let release = stored(&app, &name).await;
        assert_eq!(release["status"], release["packages"][0]["status"]);
        let types = history_types(&app, &name).await;
        let finishes = types
            .iter()
            .filter(|kind| *kind == "PACKAGE_FINISHED")
            .count();
        assert_eq!(finishes, 2, "{types:?}");
    }
    invariants::check(&app).await;
}

async fn packages_added_at_once_are_all_there(app: TestApp) {
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let input = |index: usize| {
        let package = json!({"name": format!("p{index:02}"), "version": "1"});
        json!({"release": key("r"), "package": package, "start": true})
    };
    all_at_once(&app, "addPackage", (0..CALLERS).map(input).collect()).await;
    let release = stored(&app, "r").await;
    assert_eq!(release["packageCount"], CALLERS);
    let names: HashSet<_> = release["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), CALLERS);
    invariants::check(&app).await;
}

async fn a_refused_mutation_leaves_nothing_behind(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "externalId": "taken"});
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": package}),
    )
    .await;
    let before = row_counts(&app).await;
    let input = json!({
        "externalId": "new", "platforms": ["new"], "references": "new", "notes": "new",
        "metadata": {"new": 1}, "packages": [{"name": "ui", "version": "1"}, package],
    });
    refused(&app, "createRelease", input).await;
    let payload = call(
        &app,
        "addNote",
        json!({"release": key("unknown"), "text": "text"}),
    )
    .await;
    assert_eq!(payload["ok"], false);
    assert_eq!(row_counts(&app).await, before);
    invariants::check(&app).await;
}
