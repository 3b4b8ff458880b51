//! What a package replaced, whether it is what runs, and whether it went back.

use sea_orm::DbBackend;
use serde_json::{Value, json};

use super::{deploy, record_a_week};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_package_knows_what_it_replaced,
    a_package_that_is_not_successful_knows_what_it_would_replace,
    the_latest_of_several_predecessors_is_taken,
    a_package_is_current_until_it_is_replaced,
    going_back_is_detected,
    the_history_of_another_platform_is_no_way_back,
    an_unknown_version_is_no_way_back,
    fifty_packages_cost_what_one_does,
);

/// What `fields` say of the packages called `api`, by effective time.
async fn packages(app: &TestApp, fields: &str) -> Vec<Value> {
    let query = format!(
        "{{ packages(filter: {{ name: {{ eq: \"api\" }} }}, orderBy: {{ field: EFFECTIVE_AT, \
         direction: ASC }}) {{ nodes {{ {fields} }} }} }}"
    );
    let mut data = app.query(&query, json!({})).await;
    serde_json::from_value(data["packages"]["nodes"].take()).unwrap()
}

/// The version of each package and of what `field` leads to from it.
async fn pairs(app: &TestApp, field: &str) -> Vec<(String, String)> {
    let fields = format!("version other: {field} {{ version }}");
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let nodes = packages(app, &fields).await.into_iter();
    nodes
        .map(|node| (text(&node["version"]), text(&node["other"]["version"])))
        .collect()
}

fn owned<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec()
}

/// The versions of the packages of which `field` is true.
async fn those(app: &TestApp, field: &str) -> Vec<String> {
    let nodes = packages(app, &format!("version is: {field}")).await;
    let true_ones = nodes.into_iter().filter(|node| node["is"] == json!(true));
    true_ones
        .map(|node| node["version"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_package_knows_what_it_replaced(app: TestApp) {
    record_a_week(&app).await;
    let expected = owned([
        ("v1", "-"),
        ("v2", "v1"),
        ("v3", "v2"),
        ("v1", "v3"),
        ("v4", "v1"),
        ("v4", "v1"),
        ("v5", "v4"),
        ("v6", "v5"),
        ("v7", "v5"),
    ]);
    assert_eq!(pairs(&app, "previous").await, expected);
    assert_eq!(pairs(&app, "previous(platform: \"prod\")").await, expected);
    let elsewhere = pairs(&app, "previous(platform: \"mars\")").await;
    assert!(elsewhere.iter().all(|(_, previous)| previous == "-"));
    let twice = packages(&app, "previous { previous { version previous { id } } }").await;
    assert_eq!(twice[3]["previous"]["previous"]["version"], "v2");
}

async fn a_package_that_is_not_successful_knows_what_it_would_replace(app: TestApp) {
    let at = "2026-02-02T10:00:00Z";
    deploy("api", "1", "2026-02-01").record(&app).await;
    deploy("api", "2", at)
        .started("2026-02-02T09:59:00Z")
        .record(&app)
        .await;
    let failed = json!({"name": "api", "version": "3", "status": "FAILED"});
    release()
        .package_with(failed)
        .finished(at)
        .record(&app)
        .await;
    deploy("api", "4", "2026-02-03").record(&app).await;
    let previous = pairs(&app, "previous").await;
    let expected = [("1", "-"), ("2", "1"), ("3", "2"), ("4", "2")];
    for pair in owned(expected) {
        assert!(previous.contains(&pair), "{previous:?}");
    }
}

async fn the_latest_of_several_predecessors_is_taken(app: TestApp) {
    for (version, time, platform) in [
        ("eu-1", "2026-02-01", "eu"),
        ("us-1", "2026-02-02", "us"),
        ("eu-2", "2026-02-03", "eu"),
    ] {
        let it = deploy("api", version, time).platforms([platform]);
        it.record(&app).await;
    }
    let both = deploy("api", "both", "2026-02-04").platforms(["us", "eu", "new"]);
    both.record(&app).await;
    let last = |pairs: Vec<(String, String)>| pairs.last().unwrap().1.clone();
    assert_eq!(last(pairs(&app, "previous").await), "eu-2");
    let on_us = pairs(&app, "previous(platform: \"us\")").await;
    assert_eq!(last(on_us), "us-1");
    let on_new = pairs(&app, "previous(platform: \"new\")").await;
    assert_eq!(last(on_new), "-");
}

async fn a_package_is_current_until_it_is_replaced(app: TestApp) {
    for (version, time, platforms) in [
        ("1", "2026-02-01", ["eu", "us"]),
        ("2", "2026-02-02", ["eu", "eu"]),
        ("3", "2026-04-01", ["us", "us"]),
    ] {
        let it = deploy("api", version, time).platforms(platforms);
        it.record(&app).await;
    }
    let failed = json!({"name": "api", "version": "4", "status": "FAILED"});
    let failed = release().package_with(failed).platforms(["eu"]);
    failed.record(&app).await;
    assert_eq!(those(&app, "isCurrent").await, ["1", "2"]);
    assert_eq!(those(&app, "isCurrent(platform: \"eu\")").await, ["2"]);
    assert_eq!(those(&app, "isCurrent(platform: \"us\")").await, ["1"]);
    let nowhere = those(&app, "isCurrent(platform: \"mars\")").await;
    assert_eq!(nowhere, Vec::<String>::new());
    app.set_now("2026-04-01T00:00:00Z");
    assert_eq!(those(&app, "isCurrent").await, ["2", "3"]);
}

async fn going_back_is_detected(app: TestApp) {
    let days = ["1", "1", "2", "1", "1", "2", "3", "1"];
    for (day, version) in (1..).zip(days) {
        let it = deploy("api", version, &format!("2026-02-{day:02}"));
        it.record(&app).await;
    }
    let failed = json!({"name": "api", "version": "2", "status": "FAILED"});
    release().package_with(failed).record(&app).await;
    let nodes = packages(&app, "version rollback rollbackDetected").await;
    let detected = nodes
        .iter()
        .map(|node| node["rollbackDetected"] == json!(true));
    // The fifth and the second say again what runs already.
    let expected = [false, false, false, true, false, true, false, true, false];
    assert_eq!(detected.collect::<Vec<_>>(), expected);
    assert!(nodes.iter().all(|node| node["rollback"] == json!(false)));
}

async fn the_history_of_another_platform_is_no_way_back(app: TestApp) {
    for (version, time, platform) in [
        ("1", "2026-02-01", "eu"),
        ("2", "2026-02-02", "us"),
        ("1", "2026-02-03", "us"),
    ] {
        let it = deploy("api", version, time).platforms([platform]);
        it.record(&app).await;
    }
    deploy("api", "1", "2026-01-01").record(&app).await;
    assert_eq!(those(&app, "rollbackDetected").await, Vec::<String>::new());
    let both = deploy("api", "2", "2026-02-04").platforms(["eu", "us"]);
    both.record(&app).await;
    assert_eq!(those(&app, "rollbackDetected").await, ["2"]);
}

async fn an_unknown_version_is_no_way_back(app: TestApp) {
    for (day, version) in (1..).zip([json!("1"), json!(null), json!("1"), json!(null)]) {
        release()
            .package_with(json!({"name": "api", "version": version}))
            .finished(&format!("2026-02-0{day}"))
            .record(&app)
            .await;
    }
    assert_eq!(those(&app, "rollbackDetected").await, Vec::<String>::new());
}

async fn fifty_packages_cost_what_one_does(app: TestApp) {
    for number in 0..50 {
        let version = format!("1.{}", number % 7);
        let it = deploy("api", &version, "2026-02-01").platforms(["eu", "us"]);
        it.record(&app).await;
    }
    let query = "
        query ($first: Int) {
            packages(first: $first) {
                nodes {
                    isCurrent onEu: isCurrent(platform: \"eu\") rollbackDetected
                    previous { version release { user } } previousOnEu: previous(platform: \"eu\") { id }
                }
            }
        }";
    for first in [1, 50] {
        let before = app.statements();
        app.query(query, json!({"first": first})).await;
        // The page, two of current ones, rollbacks, two of previous ones, and their releases. The
        // first package of all has none of them. What is asked at the same time is one statement on
        // SQLite, and on PostgreSQL where it is about a few records.
        let is_sqlite = app.database().backend() == DbBackend::Sqlite;
        let expected = if is_sqlite || first == 1 { 3 } else { 7 };
        assert_eq!(app.statements() - before, expected, "{first}");
    }
}
