//! How many there are, how they went and how long they took.

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::{stats, total};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    without_releases_there_is_a_row_of_zeros,
    releases_are_counted_by_status_and_rollback,
    packages_are_counted_with_their_own_status,
    what_is_deleted_does_not_count,
    percentiles_are_interpolated,
    impossible_durations_are_not_in_the_sample,
    durations_may_be_longer_than_sixty_four_bits_add_up,
    the_filter_is_about_releases,
    durations_are_known_of_whatever_a_filter_finds,
    the_operation_of_a_dashboard_works,
);

async fn without_releases_there_is_a_row_of_zeros(app: TestApp) {
    let zeros = json!({"total": 0, "successful": 0, "failed": 0, "inProgress": 0, "notStarted": 0});
    let expected = json!([{
        "key": {"user": null, "team": null, "platform": null, "package": null},
        "counts": {"normal": zeros, "rollback": zeros, "total": zeros},
        "durationSeconds": {
            "sampleSize": 0, "mean": null, "min": null, "max": null,
            "p50": null, "p75": null, "p90": null, "p95": null,
        },
    }]);
    assert_eq!(json!(stats(&app, "").await), expected);
    assert_eq!(json!(stats(&app, "countBy: PACKAGES").await), expected);
    assert!(stats(&app, "groupBy: TEAM").await.is_empty());
}

/// Records a release with packages of these states and rollback flags.
async fn record(app: &TestApp, packages: &[(&str, bool)]) {
    let mut release = release();
    for (number, (status, rollback)) in packages.iter().enumerate() {
        let name = format!("package-{number}");
        let package = json!({"name": name, "version": "1", "status": status, "rollback": rollback});
        release = release.package_with(package);
    }
    release.record(app).await;
}

async fn record_every_kind(app: &TestApp) {
    record(app, &[("SUCCESSFUL", false), ("SUCCESSFUL", false)]).await;
    record(app, &[("SUCCESSFUL", false), ("FAILED", false)]).await;
    record(app, &[("SUCCESSFUL", true), ("SUCCESSFUL", false)]).await;
    record(app, &[("FAILED", true)]).await;
    record(app, &[("IN_PROGRESS", false)]).await;
    record(app, &[("IN_PROGRESS", true), ("SUCCESSFUL", true)]).await;
    record(app, &[("NOT_STARTED", false)]).await;
    record(app, &[("NOT_STARTED", true)]).await;
    release().success(false).record(app).await;
}

async fn releases_are_counted_by_status_and_rollback(app: TestApp) {
    record_every_kind(&app).await;
    let rows = stats(&app, "").await;
    assert_eq!(rows.len(), 1);
    let expected = json!({
        "normal": {"total": 5, "successful": 1, "failed": 2, "inProgress": 1, "notStarted": 1},
        "rollback": {"total": 4, "successful": 1, "failed": 1, "inProgress": 1, "notStarted": 1},
        "total": {"total": 9, "successful": 2, "failed": 3, "inProgress": 2, "notStarted": 2},
    });
    assert_eq!(rows[0]["counts"], expected);
}

async fn packages_are_counted_with_their_own_status(app: TestApp) {
    record_every_kind(&app).await;
    let rows = stats(&app, "countBy: PACKAGES").await;
    let expected = json!({
        "normal": {"total": 7, "successful": 4, "failed": 1, "inProgress": 1, "notStarted": 1},
        "rollback": {"total": 5, "successful": 2, "failed": 1, "inProgress": 1, "notStarted": 1},
        "total": {"total": 12, "successful": 6, "failed": 2, "inProgress": 2, "notStarted": 2},
    });
    assert_eq!(rows[0]["counts"], expected);
}

async fn what_is_deleted_does_not_count(app: TestApp) {
    release()
        .external_id("a")
        .package("api", "1")
        .record(&app)
        .await;
    release()
        .external_id("b")
        .package("api", "1")
        .package("worker", "1")
        .record(&app)
        .await;
    let writer = app.database().writer();
    for sql in [
        "UPDATE package SET deleted_at = 1 WHERE name = 'worker'",
        "UPDATE package SET deleted_at = 1 WHERE release_id IN \
         (SELECT id FROM release WHERE external_id = 'a')",
        "UPDATE release SET deleted_at = 1 WHERE external_id = 'a'",
    ] {
        writer.execute_unprepared(sql).await.unwrap();
    }
    assert_eq!(total(&stats(&app, "").await[0]), 1);
    assert_eq!(total(&stats(&app, "countBy: PACKAGES").await[0]), 1);
    let by_package = stats(&app, "groupBy: PACKAGE").await;
    assert_eq!(super::totals_by(&by_package, "package"), [(Some("api"), 1)]);
}

/// Records a release that took so long.
async fn took(app: &TestApp, milliseconds: u64) {
    release()
        .finished("2026-03-01T10:00:00Z")
        .with(
            "durationSeconds",
            std::time::Duration::from_millis(milliseconds).as_secs_f64(),
        )
        .record(app)
        .await;
}

async fn percentiles_are_interpolated(app: TestApp) {
    for milliseconds in [40_000, 10_000, 30_000, 20_000] {
        took(&app, milliseconds).await;
    }
    let expected = json!({
        "sampleSize": 4, "mean": 25.0, "min": 10.0, "max": 40.0,
        "p50": 25.0, "p75": 32.5, "p90": 37.0, "p95": 38.5,
    });
    assert_eq!(stats(&app, "").await[0]["durationSeconds"], expected);

    took(&app, 1).await;
    let expected = json!({
        "sampleSize": 5, "mean": 20.0002, "min": 0.001, "max": 40.0,
        "p50": 20.0, "p75": 30.0, "p90": 36.0, "p95": 38.0,
    });
    assert_eq!(stats(&app, "").await[0]["durationSeconds"], expected);
}

async fn durations_are_known_of_whatever_a_filter_finds(app: TestApp) {
    for (user, seconds) in [("Ann", 10), ("ANN", 20), ("bob", 40)] {
        let release = release().user(user).with("durationSeconds", seconds);
        release.finished("2026-03-01T10:00:00Z").record(&app).await;
    }
    // SQLite has two ways to find texts, one of which not every connection knows.
    for filter in ["in: [\"Ann\", \"ANN\"]", "eq: \"ann\", ignoreCase: true"] {
        let rows = stats(&app, &format!("filter: {{ user: {{ {filter} }} }}")).await;
        assert_eq!(total(&rows[0]), 2, "{filter}");
        assert_eq!(rows[0]["durationSeconds"]["p75"], 17.5, "{filter}");
        assert_eq!(rows[0]["durationSeconds"]["sampleSize"], 2, "{filter}");
    }
}

async fn impossible_durations_are_not_in_the_sample(app: TestApp) {
    let ended = "2026-03-01T10:00:00Z";
    release()
        .started("2026-03-01T11:00:00Z")
        .finished(ended)
        .record(&app)
        .await;
    release().finished(ended).record(&app).await;
    took(&app, 5_000).await;
    let rows = stats(&app, "").await;
    assert_eq!(total(&rows[0]), 3);
    assert_eq!(rows[0]["durationSeconds"]["sampleSize"], 1);
    assert_eq!(rows[0]["durationSeconds"]["p95"], 5.0);
}

async fn durations_may_be_longer_than_sixty_four_bits_add_up(app: TestApp) {
    took(&app, 1_000).await;
    took(&app, 2_000).await;
    // The database would have to add up to more than 9,223,372,036,854,775,807.
    let sql = "UPDATE release SET duration_ms = 5000000000000000001";
    app.database()
        .writer()
        .execute_unprepared(sql)
        .await
        .unwrap();
    let durations = &stats(&app, "").await[0]["durationSeconds"];
    assert_eq!(durations["mean"], 5e15);
    assert_eq!(durations["sampleSize"], 2);
}

async fn the_filter_is_about_releases(app: TestApp) {
    release()
        .team("shop")
        .package("api", "1")
        .package("worker", "1")
        .record(&app)
        .await;
    release().team("pay").package("api", "2").record(&app).await;
    let shop = "filter: { team: { eq: \"shop\" } }";
    assert_eq!(total(&stats(&app, shop).await[0]), 1);
    let packages = stats(
        &app,
        &format!("{shop}, countBy: PACKAGES, groupBy: PACKAGE"),
    )
    .await;
    let expected = [(Some("api"), 1), (Some("worker"), 1)];
    assert_eq!(super::totals_by(&packages, "package"), expected);
    let by_package = stats(
        &app,
        "filter: { packages: { some: { version: { eq: \"2\" } } } }",
    )
    .await;
    assert_eq!(total(&by_package[0]), 1);
}

async fn the_operation_of_a_dashboard_works(app: TestApp) {
    release()
        .team("shop")
        .platforms(["web", "eu"])
        .package("api", "1")
        .record(&app)
        .await;
    let query = "query Stats { releaseStats(groupBy: [TEAM, PLATFORM]) { key { team platform } \
                 counts { normal { successful failed } rollback { successful failed } \
                 total { successful failed } } } }";
    let data = app.query(query, json!({})).await;
    let counts = json!({
        "normal": {"successful": 1, "failed": 0},
        "rollback": {"successful": 0, "failed": 0},
        "total": {"successful": 1, "failed": 0},
    });
    let expected = json!([
        {"key": {"team": "shop", "platform": "eu"}, "counts": counts},
        {"key": {"team": "shop", "platform": "web"}, "counts": counts},
    ]);
    assert_eq!(data["releaseStats"], expected);
}
