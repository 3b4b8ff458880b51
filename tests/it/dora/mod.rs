//! DORA's metrics.

mod edges;

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::{ReleaseBuilder, release};

on_both_databases!(
    a_week_of_deployments_gives_known_metrics,
    failed_deployments_count_as_failed_changes_only_when_asked,
    days_are_those_of_the_time_zone,
    the_deployments_behind_the_fail_rate_can_be_listed,
    a_series_has_a_point_for_every_bucket,
    three_incidents_on_one_deployment_are_one_failure,
    a_rollback_that_failed_is_no_change,
    a_repeated_deployment_is_no_rollback_and_has_no_lead_time,
    a_rollback_nobody_told_of_is_detected_and_blamed,
    a_rollback_is_never_blamed,
    a_resolving_release_is_rework_and_ends_the_failure,
    a_release_is_done_when_all_its_packages_are,
    nothing_is_divided_by_nothing,
    a_report_costs_the_same_statements_for_any_number_of_buckets,
    a_window_must_have_an_end_after_its_beginning,
);

/// What is asked of every point.
const POINT: &str = "start end isPartial
    deploymentFrequency { perDay perWeek deployments rollbacks activeDays medianActiveDaysPerWeek }
    changeLeadTime { stats { sampleSize p50 p75 p90 } coverage { value numerator denominator } }
    changeFailRate { value numerator denominator }
    failedDeploymentRecoveryTime { stats { sampleSize p50 min max } unrecovered }
    deploymentReworkRate { value numerator denominator }";

/// A deployment of `api` to `prod`.
fn deployment(id: &str, started: &str, finished: Option<&str>, package: &Value) -> ReleaseBuilder {
    let builder = release()
        .external_id(id)
        .platforms(["prod"])
        .started(started);
    let builder = match finished {
        Some(finished) => builder.finished(finished),
        None => builder,
    };
    let mut full = json!({ "name": "api" });
    for (key, value) in package.as_object().unwrap() {
        full[key] = value.clone();
    }
    builder.package_with(full)
}

/// What a week in March brought: id, start and finish in March, and what is told of the package.
fn rows_of_week() -> [(&'static str, &'static str, Option<&'static str>, Value); 9] {
    [
        (
            "r1",
            "02T09:00",
            Some("02T09:10"),
            json!({ "version": "v1", "committedAt": "2026-03-01T09:10" }),
        ),
        (
            "r2",
            "03T10:00",
            Some("03T10:10"),
            json!({ "version": "v2", "committedAt": "2026-03-03T08:10" }),
        ),
        (
            "r3",
            "03T15:00",
            Some("03T15:10"),
            json!({ "version": "v3", "committedAt": "2026-03-03T11:10" }),
        ),
        (
            "r4",
            "03T16:00",
            Some("03T16:05"),
            json!({ "version": "v1", "rollback": true }),
        ),
        (
            "r5",
            "04T09:00",
            Some("04T09:20"),
            json!({ "version": "v4", "status": "FAILED", "committedAt": "2026-03-03T18:10" }),
        ),
        (
            "r6",
            "04T10:00",
            Some("04T10:10"),
            json!({ "version": "v4", "committedAt": "2026-03-03T18:10" }),
        ),
        (
            "r7",
            "05T23:30",
            Some("05T23:50"),
            json!({ "version": "v5", "committedAt": "2026-03-05T21:50" }),
        ),
        (
            "r8",
            "06T12:00",
            None,
            json!({ "version": "v6", "status": "IN_PROGRESS" }),
        ),
        (
            "r9",
            "06T13:00",
            Some("06T13:10"),
            json!({ "version": "v7", "committedAt": "2026-03-06T11:10" }),
        ),
    ]
}

/// A week in March: rollback, failure, retry, one in progress, one with trouble in production.
async fn record_week(app: &TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    for (id, started, finished, mut package) in rows_of_week() {
        let time = |day: &str| format!("2026-03-{day}:00Z");
        package["startedAt"] = json!(time(started));
        package["finishedAt"] = json!(finished.map(time));
        let finished = finished.map(time);
        deployment(id, &time(started), finished.as_deref(), &package)
            .record(app)
            .await;
    }
    let report = "mutation { reportFailure(input: { release: { externalId: \"r9\" } }) { ok } }";
    assert_eq!(app.mutate(report, json!({})).await["ok"], true);
}

async fn dora(app: &TestApp, input: Value) -> Value {
    let query =
        format!("query ($input: DoraInput!) {{ dora(input: $input) {{ total {{ {POINT} }} }} }}");
    app.query(&query, json!({ "input": input })).await["dora"]["total"].clone()
}

fn week() -> Value {
    json!({ "from": "2026-03-02", "to": "2026-03-09", "platforms": "prod", "filter": { "name": { "eq": "api" } } })
}

async fn a_week_of_deployments_gives_known_metrics(app: TestApp) {
    record_week(&app).await;
    for count_by in ["RELEASES", "PACKAGES"] {
        let mut input = week();
        input["countBy"] = json!(count_by);
        let expected = json!({
            "start": "2026-03-02T00:00:00.000Z",
            "end": "2026-03-09T00:00:00.000Z",
            "isPartial": false,
            "deploymentFrequency": {
                "perDay": 1.0, "perWeek": 7.0, "deployments": 7, "rollbacks": 1, "activeDays": 5,
                "medianActiveDaysPerWeek": 5.0,
            },
            "changeLeadTime": {
                "stats": { "sampleSize": 6, "p50": 10_800.0, "p75": 46_800.0, "p90": 72_000.0 },
                "coverage": { "value": 1.0, "numerator": 6, "denominator": 6 },
            },
            "changeFailRate": { "value": 3.0 / 7.0, "numerator": 3, "denominator": 7 },
            "failedDeploymentRecoveryTime": {
                "stats": { "sampleSize": 2, "p50": 12_150.0, "min": 3_000.0, "max": 21_300.0 },
                "unrecovered": 1,
            },
            "deploymentReworkRate": { "value": 0.125, "numerator": 1, "denominator": 8 },
        });
        assert_eq!(dora(&app, input).await, expected, "{count_by}");
    }
}

async fn failed_deployments_count_as_failed_changes_only_when_asked(app: TestApp) {
    record_week(&app).await;
    let mut input = week();
    input["countFailedDeployments"] = json!(false);
    let total = dora(&app, input).await;
    assert_eq!(total["changeFailRate"]["numerator"], 2);
    assert_eq!(total["changeFailRate"]["denominator"], 6);
}

async fn days_are_those_of_the_time_zone(app: TestApp) {
    record_week(&app).await;
    let mut input = week();
    input["timeZone"] = json!("Europe/Amsterdam");
    let total = dora(&app, input).await;
    // r7 finished at 00:50 of the next day there, on which r9 was deployed too.
    assert_eq!(total["deploymentFrequency"]["activeDays"], 4);
}

async fn the_deployments_behind_the_fail_rate_can_be_listed(app: TestApp) {
    record_week(&app).await;
    let query = "query ($input: DoraInput!, $after: String) { dora(input: $input) {
        failedDeployments(first: 2, after: $after) { totalCount
            nodes { version release { externalId } } pageInfo { endCursor hasNextPage } } } }";
    let first = app.query(query, json!({ "input": week() })).await;
    let page = &first["dora"]["failedDeployments"];
    assert_eq!(page["totalCount"], 3);
    assert_eq!(page["nodes"][0]["release"]["externalId"], "r9");
    assert_eq!(page["nodes"][1]["release"]["externalId"], "r5");
    let after = &page["pageInfo"]["endCursor"];
    let rest = app
        .query(query, json!({ "input": week(), "after": after }))
        .await;
    let nodes = &rest["dora"]["failedDeployments"]["nodes"];
    assert_eq!(
        nodes,
        &json!([{ "version": "v2", "release": { "externalId": "r2" } }])
    );
}

async fn a_series_has_a_point_for_every_bucket(app: TestApp) {
    record_week(&app).await;
    app.set_now("2026-03-08T12:00:00Z");
    let query = "query ($input: DoraInput!) { dora(input: $input) { series { start isPartial
        deploymentFrequency { deployments perDay } changeFailRate { value numerator } } } }";
    let mut input = week();
    input["interval"] = json!("DAY");
    let data = app.query(query, json!({ "input": input })).await;
    let series = data["dora"]["series"].as_array().unwrap();
    let column = |path: &'static str| {
        series
            .iter()
            .map(move |point| point.pointer(path).unwrap().clone())
    };
    let deployments: Vec<_> = column("/deploymentFrequency/deployments").collect();
    assert_eq!(json!(deployments), json!([1, 3, 1, 1, 1, 0, 0]));
    let failed: Vec<_> = column("/changeFailRate/numerator").collect();
    assert_eq!(json!(failed), json!([0, 1, 1, 0, 1, 0, 0]));
    let partial: Vec<_> = column("/isPartial").collect();
    assert_eq!(
        json!(partial),
        json!([false, false, false, false, false, false, true])
    );
    assert_eq!(series[6]["changeFailRate"]["value"], Value::Null);
}

/// Deployments of versions, an hour apart, on the second of March.
async fn record_line(app: &TestApp, packages: &[Value]) {
    app.set_now("2026-03-10T00:00:00Z");
    for (hour, package) in packages.iter().enumerate() {
        let (id, time) = (format!("d{hour}"), format!("2026-03-02T{hour:02}:00:00Z"));
        deployment(&id, &time, Some(&time), package)
            .record(app)
            .await;
    }
}

async fn report(app: &TestApp, input: Value) {
    let report = "mutation ($input: ReportFailureInput!) { reportFailure(input: $input) { ok } }";
    assert_eq!(
        app.mutate(report, json!({ "input": input })).await["ok"],
        true
    );
}

async fn three_incidents_on_one_deployment_are_one_failure(app: TestApp) {
    record_line(&app, &[json!({ "version": "1" })]).await;
    for hour in [3, 2, 1] {
        let resolved = format!("2026-03-02T0{hour}:00:00Z");
        report(
            &app,
            json!({ "release": { "externalId": "d0" }, "resolvedAt": resolved }),
        )
        .await;
    }
    let total = dora(&app, week()).await;
    assert_eq!(
        total["changeFailRate"],
        json!({ "value": 1.0, "numerator": 1, "denominator": 1 })
    );
    assert_eq!(
        total["failedDeploymentRecoveryTime"]["stats"]["max"],
        10_800.0
    );
}

async fn a_rollback_that_failed_is_no_change(app: TestApp) {
    let back = json!({ "version": "1", "rollback": true, "status": "FAILED" });
    record_line(
        &app,
        &[json!({ "version": "1" }), json!({ "version": "2" }), back],
    )
    .await;
    let total = dora(&app, week()).await;
    assert_eq!(
        total["changeFailRate"],
        json!({ "value": 0.0, "numerator": 0, "denominator": 2 })
    );
    assert_eq!(total["deploymentFrequency"]["rollbacks"], 0);
    assert_eq!(total["deploymentReworkRate"]["numerator"], 1);
}

async fn a_repeated_deployment_is_no_rollback_and_has_no_lead_time(app: TestApp) {
    let one = json!({ "version": "1", "committedAt": "2026-03-01" });
    record_line(&app, &[one.clone(), one]).await;
    let total = dora(&app, week()).await;
    assert_eq!(total["deploymentFrequency"]["deployments"], 2);
    assert_eq!(total["deploymentFrequency"]["rollbacks"], 0);
    assert_eq!(
        total["changeLeadTime"]["coverage"],
        json!({ "value": 1.0, "numerator": 1, "denominator": 1 })
    );
    assert_eq!(total["changeFailRate"]["numerator"], 0);
}

async fn a_rollback_nobody_told_of_is_detected_and_blamed(app: TestApp) {
    let versions = ["1", "2", "3", "1"].map(|version| json!({ "version": version }));
    record_line(&app, &versions).await;
    let total = dora(&app, week()).await;
    assert_eq!(total["deploymentFrequency"]["rollbacks"], 1);
    // What came right after the version that was brought back is to blame.
    assert_eq!(
        total["changeFailRate"],
        json!({ "value": 1.0 / 3.0, "numerator": 1, "denominator": 3 })
    );
    assert_eq!(
        total["failedDeploymentRecoveryTime"]["stats"]["max"],
        7_200.0
    );
}

async fn a_rollback_is_never_blamed(app: TestApp) {
    let told = |version: &str| json!({ "version": version, "rollback": true });
    let one = json!({ "version": "1" });
    // The second rollback would blame the first one.
    record_line(&app, &[one, told("0"), told("9")]).await;
    let total = dora(&app, week()).await;
    let rate = json!({ "value": 1.0, "numerator": 1, "denominator": 1 });
    assert_eq!(total["changeFailRate"], rate);
    assert_eq!(total["deploymentReworkRate"]["numerator"], 2);
}

async fn a_resolving_release_is_rework_and_ends_the_failure(app: TestApp) {
    record_line(
        &app,
        &[json!({ "version": "1" }), json!({ "version": "2" })],
    )
    .await;
    let by = json!({ "externalId": "d1" });
    report(
        &app,
        json!({ "release": { "externalId": "d0" }, "resolvedBy": by }),
    )
    .await;
    let total = dora(&app, week()).await;
    assert_eq!(
        total["deploymentReworkRate"],
        json!({ "value": 0.5, "numerator": 1, "denominator": 2 })
    );
    assert_eq!(
        total["failedDeploymentRecoveryTime"]["stats"]["max"],
        3_600.0
    );
    assert_eq!(total["failedDeploymentRecoveryTime"]["unrecovered"], 0);
}

async fn a_release_is_done_when_all_its_packages_are(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    let open = json!({ "name": "worker", "status": "IN_PROGRESS" });
    let builder = release()
        .platforms(["prod"])
        .finished("2026-03-02T09:00:00Z");
    builder
        .package("api", "1")
        .package_with(open)
        .record(&app)
        .await;
    let mut input = json!({ "from": "2026-03-02", "to": "2026-03-09" });
    assert_eq!(
        dora(&app, input.clone()).await["deploymentFrequency"]["deployments"],
        0
    );
    input["countBy"] = json!("PACKAGES");
    assert_eq!(
        dora(&app, input).await["deploymentFrequency"]["deployments"],
        1
    );
}

async fn nothing_is_divided_by_nothing(app: TestApp) {
    app.set_now("2026-03-10T00:00:00Z");
    let total = dora(&app, json!({ "from": "2026-03-03", "to": "2026-03-05" })).await;
    assert_eq!(
        total["changeFailRate"],
        json!({ "value": null, "numerator": 0, "denominator": 0 })
    );
    assert_eq!(total["deploymentReworkRate"]["value"], Value::Null);
    assert_eq!(total["deploymentFrequency"]["perDay"], 0.0);
    assert_eq!(
        total["deploymentFrequency"]["medianActiveDaysPerWeek"],
        Value::Null
    );
    assert_eq!(total["changeLeadTime"]["stats"]["p50"], Value::Null);
}

async fn a_report_costs_the_same_statements_for_any_number_of_buckets(app: TestApp) {
    record_week(&app).await;
    let mut costs = Vec::new();
    for interval in ["YEAR", "HOUR"] {
        let mut input = week();
        input["interval"] = json!(interval);
        let before = app.statements();
        let query = format!(
            "query ($input: DoraInput!) {{ dora(input: $input) {{ series {{ {POINT} }} }} }}"
        );
        app.query(&query, json!({ "input": input })).await;
        costs.push(app.statements() - before);
    }
    assert_eq!(costs, [2, 2]);
}

async fn a_window_must_have_an_end_after_its_beginning(app: TestApp) {
    let query = "{ dora(input: { from: \"2026-03-09\", to: \"2026-03-02\" }) { total { start } } }";
    let errors = app.errors(query, json!({})).await;
    assert_eq!(errors[0]["extensions"]["code"], "BAD_REQUEST");
}
