//! What is easily counted wrong.

use serde_json::{Value, json};

use super::{deployment, dora, record_line, record_week, report, week};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    the_week_has_known_durations_and_versions,
    a_failed_deployment_is_one_failure_that_its_repetition_ends,
    a_failure_of_a_package_is_that_of_no_other,
    nothing_is_restored_before_it_was_deployed,
    of_several_platforms_the_last_one_restored_counts,
    a_version_is_new_wherever_it_was_not_before,
    a_release_to_two_platforms_is_one_deployment,
    a_rollback_on_one_platform_is_one_on_all,
    what_was_told_of_a_rollback_wins,
    unknown_versions_are_no_one_version,
    a_commit_after_its_deployment_has_no_lead_time,
);

async fn the_week_has_known_durations_and_versions(app: TestApp) {
    record_week(&app).await;
    let query = "{ releaseStats { durationSeconds { sampleSize p50 p90 } } }";
    let data = app.query(query, json!({})).await;
    let expected = json!({ "sampleSize": 8, "p50": 600.0, "p90": 1_200.0 });
    assert_eq!(data["releaseStats"][0]["durationSeconds"], expected);
    let query =
        "query ($at: DateTime) { currentVersions(platform: \"prod\", asOf: $at) { version } }";
    for (at, version) in [
        ("2026-03-03T15:30:00Z", "v3"),
        ("2026-03-03T16:10:00Z", "v1"),
        ("2026-03-09", "v7"),
    ] {
        let data = app.query(query, json!({ "at": at })).await;
        assert_eq!(
            data["currentVersions"],
            json!([{ "version": version }]),
            "{at}"
        );
    }
}

/// The metrics of the week, which must not depend on how much of the history the week is.
async fn metrics(app: &TestApp, input: Value) -> Value {
    let short = dora(app, input.clone()).await;
    release()
        .platforms(["elsewhere"])
        .finished("1990-01-01T00:00:00Z")
        .package("other", "1")
        .record(app)
        .await;
    assert_eq!(dora(app, input).await, short);
    short
}

async fn a_failed_deployment_is_one_failure_that_its_repetition_ends(app: TestApp) {
    let failed = json!({ "version": "1", "status": "FAILED" });
    record_line(&app, &[failed, json!({ "version": "1" })]).await;
    let total = metrics(&app, week()).await;
    let rate = json!({ "value": 0.5, "numerator": 1, "denominator": 2 });
    assert_eq!(total["changeFailRate"], rate);
    let recovery = &total["failedDeploymentRecoveryTime"];
    assert_eq!(recovery["stats"]["max"], 3_600.0);
    assert_eq!(recovery["unrecovered"], 0);
    assert_eq!(total["deploymentReworkRate"]["numerator"], 0);
}

async fn a_failure_of_a_package_is_that_of_no_other(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    let named = |key: &str, name: &str| json!({ "externalId": key, "name": name, "version": "1" });
    release()
        .external_id("both")
        .platforms(["prod"])
        .finished("2026-03-02T09:00:00Z")
        .package_with(named("both/api", "api"))
        .package_with(named("both/db", "db"))
        .record(&app)
        .await;
    let input = json!({ "from": "2026-03-02", "to": "2026-03-09", "countBy": "PACKAGES" });
    let both = json!({ "externalId": "both" });
    let of_one = json!({ "release": both, "package": { "externalId": "both/db" } });
    for (failure, failed) in [(of_one, 1), (json!({ "release": both }), 2)] {
        report(&app, failure).await;
        let total = metrics(&app, input.clone()).await;
        assert_eq!(total["changeFailRate"]["numerator"], failed);
        assert_eq!(total["changeFailRate"]["denominator"], 2);
    }
}

async fn nothing_is_restored_before_it_was_deployed(app: TestApp) {
    let versions = ["1", "2", "3"].map(|version| json!({ "version": version }));
    record_line(&app, &versions).await;
    let early = "2026-03-02T00:30:00Z";
    let of = |key: &str| json!({ "externalId": key });
    // The second was over before it began, the first as well, but then there is who mended it.
    report(&app, json!({ "release": of("d1"), "resolvedAt": early })).await;
    let mended = json!({ "release": of("d0"), "resolvedAt": "2026-03-01", "resolvedBy": of("d2") });
    report(&app, mended).await;
    let total = metrics(&app, week()).await;
    let recovery = &total["failedDeploymentRecoveryTime"];
    assert_eq!(recovery["stats"]["sampleSize"], 1);
    assert_eq!(recovery["stats"]["max"], 7_200.0);
    assert_eq!(recovery["unrecovered"], 1);
}

/// What failed on two platforms is mended on each of them, and what succeeded there is taken back.
async fn of_several_platforms_the_last_one_restored_counts(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    for (name, status) in [("mended", "FAILED"), ("taken back", "SUCCESSFUL")] {
        let rows: [(&str, &[&str], &str); 3] = [
            ("09", &["prod", "eu"], status),
            ("10", &["eu"], "SUCCESSFUL"),
            ("11", &["prod"], "SUCCESSFUL"),
        ];
        for (place, (hour, platforms, status)) in rows.into_iter().enumerate() {
            let mut package = json!({ "name": name, "version": "1", "status": status });
            if name == "taken back" && place > 0 {
                package["version"] = json!("0");
                package["rollback"] = json!(true);
            }
            release()
                .with("platforms", platforms.to_vec())
                .finished(&format!("2026-03-02T{hour}:00:00Z"))
                .package_with(package)
                .record(&app)
                .await;
        }
        for (platforms, seconds) in [(json!(["prod", "eu"]), 7_200.0), (json!(["eu"]), 3_600.0)] {
            let mut input = week();
            input["platforms"] = platforms;
            input["filter"] = json!({ "name": { "eq": name } });
            let total = metrics(&app, input).await;
            let recovery = &total["failedDeploymentRecoveryTime"];
            assert_eq!(recovery["stats"]["sampleSize"], 1, "{name}");
            assert_eq!(recovery["stats"]["max"], seconds, "{name}");
        }
    }
}

async fn a_version_is_new_wherever_it_was_not_before(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    let rows: [(&str, &[&str]); 2] = [("01", &["eu"]), ("02", &["eu", "prod"])];
    for (hour, platforms) in rows {
        release()
            .with("platforms", platforms.to_vec())
            .finished(&format!("2026-03-02T{hour}:00:00Z"))
            .package("api", "1")
            .record(&app)
            .await;
    }
    for (platforms, new) in [(json!(null), 2), (json!("eu"), 1), (json!("prod"), 1)] {
        let mut input = week();
        input["platforms"] = platforms;
        let total = metrics(&app, input).await;
        assert_eq!(total["changeLeadTime"]["coverage"]["denominator"], new);
    }
}

async fn a_release_to_two_platforms_is_one_deployment(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    release()
        .platforms(["prod", "eu"])
        .finished("2026-03-02T09:00:00Z")
        .package("api", "1")
        .record(&app)
        .await;
    for platforms in [json!(null), json!(["prod", "eu"]), json!(["eu"])] {
        for count_by in ["RELEASES", "PACKAGES"] {
            let mut input = week();
            input["platforms"] = platforms.clone();
            input["countBy"] = json!(count_by);
            let total = metrics(&app, input).await;
            assert_eq!(total["deploymentFrequency"]["deployments"], 1);
            assert_eq!(total["changeLeadTime"]["coverage"]["denominator"], 1);
            assert_eq!(total["changeFailRate"]["denominator"], 1);
        }
    }
}

async fn a_rollback_on_one_platform_is_one_on_all(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    let rows: [(&str, &[&str], &str); 4] = [
        ("01", &["eu"], "1"),
        ("02", &["eu"], "2"),
        ("03", &["prod"], "3"),
        ("04", &["eu", "prod"], "1"),
    ];
    for (hour, platforms, version) in rows {
        release()
            .with("platforms", platforms.to_vec())
            .finished(&format!("2026-03-02T{hour}:00:00Z"))
            .package("api", version)
            .record(&app)
            .await;
    }
    let mut input = json!({ "from": "2026-03-02", "to": "2026-03-09" });
    let total = metrics(&app, input.clone()).await;
    // On eu it blames 2, and on prod, where 1 never was, what it replaced.
    let rate = json!({ "value": 2.0 / 3.0, "numerator": 2, "denominator": 3 });
    assert_eq!(total["changeFailRate"], rate);
    // So it does where nothing of that is in the window.
    input["from"] = json!("2026-03-02T03:00:00Z");
    input["to"] = json!("2026-03-02T03:30:00Z");
    let total = metrics(&app, input.clone()).await;
    assert_eq!(total["changeFailRate"]["numerator"], 1);
    // Where only prod counts, nothing was brought back.
    input["platforms"] = json!("prod");
    let total = metrics(&app, input).await;
    assert_eq!(total["changeFailRate"]["numerator"], 0);
}

async fn what_was_told_of_a_rollback_wins(app: TestApp) {
    let versions = [
        json!({ "version": "1" }),
        json!({ "version": "2" }),
        json!({ "version": "1", "rollback": false }),
    ];
    record_line(&app, &versions).await;
    let total = metrics(&app, week()).await;
    assert_eq!(total["deploymentFrequency"]["rollbacks"], 0);
    assert_eq!(total["changeFailRate"]["numerator"], 0);
    assert_eq!(total["changeFailRate"]["denominator"], 3);
}

async fn unknown_versions_are_no_one_version(app: TestApp) {
    let unknown = json!({ "committedAt": "2026-03-01" });
    record_line(&app, &[unknown.clone(), json!({ "version": "2" }), unknown]).await;
    let total = metrics(&app, week()).await;
    assert_eq!(total["deploymentFrequency"]["rollbacks"], 0);
    let coverage = json!({ "value": 2.0 / 3.0, "numerator": 2, "denominator": 3 });
    assert_eq!(total["changeLeadTime"]["coverage"], coverage);
}

async fn a_commit_after_its_deployment_has_no_lead_time(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    let time = "2026-03-02T09:00:00Z";
    let package = json!({ "version": "1", "committedAt": "2026-03-02T09:00:00.001Z" });
    deployment("late", time, Some(time), &package)
        .record(&app)
        .await;
    let total = metrics(&app, week()).await;
    assert_eq!(total["changeLeadTime"]["stats"]["sampleSize"], 0);
    assert_eq!(total["changeLeadTime"]["coverage"]["numerator"], 1);
}
