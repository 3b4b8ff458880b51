//! What differs between two states.

use serde_json::json;

use super::{deploy, record_a_week};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    platforms_differ_in_four_ways,
    two_moments_of_a_platform_differ,
    all_deployments_of_a_difference_form_a_batch,
    the_promised_operation_works,
);

const DIFF: &str = "
    query ($from: VersionPoint!, $to: VersionPoint!, $all: Boolean = false) {
        versionDiff(from: $from, to: $to, includeUnchanged: $all) {
            package change fromVersion toVersion
            from { platform version } to { platform deployedAt deployment { version } }
        }
    }";

async fn differences(app: &TestApp, variables: serde_json::Value) -> Vec<String> {
    let data = app.query(DIFF, variables).await;
    let entries = data["versionDiff"].as_array().unwrap().iter();
    let entry = |entry: &serde_json::Value| {
        let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
        assert_eq!(entry["from"]["version"], entry["fromVersion"]);
        assert_eq!(entry["to"]["deployment"]["version"], entry["toVersion"]);
        let (package, change) = (text("package"), text("change"));
        format!(
            "{package} {change} {}>{}",
            text("fromVersion"),
            text("toVersion")
        )
    };
    entries.map(entry).collect()
}

async fn record_two_platforms(app: &TestApp) {
    for (package, version, platform) in [
        ("same", "1", "staging"),
        ("same", "1", "prod"),
        ("newer", "2", "staging"),
        ("newer", "1", "prod"),
        ("only-staging", "1", "staging"),
        ("only-prod", "1", "prod"),
        ("half-known", "1", "prod"),
    ] {
        let it = deploy(package, version, "2026-02-01").platforms([platform]);
        it.record(app).await;
    }
    for (package, platform) in [
        ("unknown", "staging"),
        ("unknown", "prod"),
        ("half-known", "staging"),
    ] {
        let package = json!({"name": package});
        let it = release().package_with(package).platforms([platform]);
        it.finished("2026-02-01").record(app).await;
    }
}

async fn platforms_differ_in_four_ways(app: TestApp) {
    record_two_platforms(&app).await;
    let mut points = json!({"from": {"platform": "staging"}, "to": {"platform": "prod"}});
    let changes = [
        "half-known CHANGED ->1",
        "newer CHANGED 2>1",
        "only-prod ADDED ->1",
        "only-staging REMOVED 1>-",
    ];
    assert_eq!(differences(&app, points.clone()).await, changes);
    points["all"] = true.into();
    let all = [
        "half-known CHANGED ->1",
        "newer CHANGED 2>1",
        "only-prod ADDED ->1",
        "only-staging REMOVED 1>-",
        "same UNCHANGED 1>1",
        "unknown UNCHANGED ->-",
    ];
    assert_eq!(differences(&app, points).await, all);
}

async fn two_moments_of_a_platform_differ(app: TestApp) {
    record_a_week(&app).await;
    let at = |from: &str, to: &str| {
        json!({
            "from": {"platform": "prod", "at": from},
            "to": {"platform": "prod", "at": to},
        })
    };
    let variables = at("2026-03-03T15:30:00Z", "2026-03-09");
    assert_eq!(differences(&app, variables).await, ["api CHANGED v3>v7"]);
    let variables = at("2026-03-01", "2026-03-03T15:30:00Z");
    assert_eq!(differences(&app, variables).await, ["api ADDED ->v3"]);
    let variables = at("2026-03-02T09:10:00Z", "2026-03-03T16:10:00Z");
    assert_eq!(differences(&app, variables).await, Vec::<String>::new());
}

async fn all_deployments_of_a_difference_form_a_batch(app: TestApp) {
    record_two_platforms(&app).await;
    let query = "{ versionDiff(from: { platform: \"staging\" }, to: { platform: \"prod\" }) {
        from { deployment { release { user } } } to { deployment { release { user } } } } }";
    let before = app.statements();
    app.query(query, json!({})).await;
    assert_eq!(app.statements() - before, 3);
}

async fn the_promised_operation_works(app: TestApp) {
    record_two_platforms(&app).await;
    let query = "query Diff { versionDiff(from: { platform: \"staging\" }, to: { platform: \"prod\" \
                 }) { package change fromVersion toVersion } }";
    let data = app.query(query, json!({})).await;
    let expected = json!({
        "package": "newer", "change": "CHANGED", "fromVersion": "2", "toVersion": "1",
    });
    assert_eq!(data["versionDiff"][1], expected);
}
