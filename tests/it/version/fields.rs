//! What runs where, as platforms and packages tell it.

use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::{deploy, line_of, record_a_week};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    platforms_tell_what_runs_on_them,
    packages_tell_where_they_run,
    the_history_is_told_from_its_end,
    fifty_platforms_and_packages_cost_what_one_does,
);

const VERSIONS: &str = "package platform version previousVersion deployedAt deployment { name }";

fn lines_of(versions: &Value) -> Vec<String> {
    let versions = versions.as_array().unwrap().iter();
    versions.map(line_of).collect()
}

async fn record_three(app: &TestApp) {
    for (package, version, time, platforms) in [
        ("api", "1", "2026-02-01", ["eu", "us"]),
        ("api", "2", "2026-02-02", ["us", "us"]),
        ("web", "9", "2026-02-03", ["us", "us"]),
    ] {
        let it = deploy(package, version, time).platforms(platforms);
        it.record(app).await;
    }
    deploy("api", "3", "2026-02-04").record(app).await;
}

async fn platforms_tell_what_runs_on_them(app: TestApp) {
    record_three(&app).await;
    let query = format!(
        "{{ platforms {{ nodes {{ now: currentVersions {{ {VERSIONS} }}
            then: currentVersions(asOf: \"2026-02-01\", byRelease: true) {{ {VERSIONS} }} }} }} }}"
    );
    let data = app.query(&query, json!({})).await;
    let [eu, us] = [0, 1].map(|place| &data["platforms"]["nodes"][place]);
    assert_eq!(lines_of(&eu["now"]), ["api eu 1<-"]);
    assert_eq!(lines_of(&us["now"]), ["api us 2<1", "web us 9<-"]);
    assert_eq!(lines_of(&us["then"]), ["api us 1<-"]);
    assert_eq!(us["now"][1]["deployment"]["name"], "web");
    assert_eq!(us["now"][1]["deployedAt"], "2026-02-03T00:00:00.000Z");
}

async fn packages_tell_where_they_run(app: TestApp) {
    record_three(&app).await;
    let query = format!(
        "{{
            packageSummaries {{ nodes {{ currentVersions {{ {VERSIONS} }} }} }}
            onEu: packageSummaries(platform: \"eu\") {{ nodes {{ currentVersions {{ {VERSIONS} }} }} }}
            packageSummary(name: \"api\") {{
                currentVersions(asOf: \"2026-02-01\") {{ {VERSIONS} }}
            }}
        }}"
    );
    let data = app.query(&query, json!({})).await;
    let [api, web] = [0, 1].map(|place| &data["packageSummaries"]["nodes"][place]);
    let expected = ["api eu 1<-", "api us 2<1", "api - 3<-"];
    assert_eq!(lines_of(&api["currentVersions"]), expected);
    assert_eq!(lines_of(&web["currentVersions"]), ["web us 9<-"]);
    let on_eu = &data["onEu"]["nodes"];
    assert_eq!(lines_of(&on_eu[0]["currentVersions"]), ["api eu 1<-"]);
    let then = &data["packageSummary"]["currentVersions"];
    assert_eq!(lines_of(then), ["api eu 1<-", "api us 1<-"]);
}

async fn the_history_is_told_from_its_end(app: TestApp) {
    record_a_week(&app).await;
    deploy("api", "x", "2026-03-05")
        .platforms(["eu"])
        .record(&app)
        .await;
    let query = "
        query ($after: String) {
            packageSummary(name: \"api\") {
                history(platform: \"prod\", first: 4, after: $after) {
                    totalCount pageInfo { endCursor } nodes { version }
                }
                good: history(status: [SUCCESSFUL], last: 2) { nodes { version } }
            }
        }";
    let mut versions = Vec::new();
    let mut after = Value::Null;
    for _ in 0..3 {
        let data = app.query(query, json!({"after": after})).await;
        let history = &data["packageSummary"]["history"];
        assert_eq!(history["totalCount"], 9);
        after = history["pageInfo"]["endCursor"].clone();
        let nodes = history["nodes"].as_array().unwrap().iter();
        versions.extend(nodes.map(|node| node["version"].as_str().unwrap().to_owned()));
        let good = &data["packageSummary"]["good"]["nodes"];
        assert_eq!(*good, json!([{"version": "v2"}, {"version": "v1"}]));
    }
    let expected = ["v7", "v6", "v5", "v4", "v4", "v1", "v3", "v2", "v1"];
    assert_eq!(versions, expected);
}

async fn fifty_platforms_and_packages_cost_what_one_does(app: TestApp) {
    for number in 0..50 {
        let (package, platform) = (format!("p{number}"), format!("q{number}"));
        let it = deploy(&package, "1", "2026-02-01").platforms([platform.as_str()]);
        it.record(&app).await;
    }
    let query = "
        query ($first: Int) {
            platforms(first: $first) { nodes { currentVersions { deployment { release { user } } } } }
            packageSummaries(first: $first) { nodes { currentVersions { version } } }
        }";
    // What is asked at the same time is one statement on SQLite. On PostgreSQL it is if it is about a
    // few records, and if both pages happen to be there at the same time.
    let expected = match app.database().backend() {
        DbBackend::Sqlite => 3..=3,
        _ => 4..=5,
    };
    for first in [1, 50] {
        let before = app.statements();
        app.query(query, json!({"first": first})).await;
        let cost = app.statements() - before;
        assert!(expected.contains(&cost), "{cost} for {first}");
    }
}
