//! What is refused.

use sea_orm::ConnectionTrait as _;
use serde_json::json;

use super::{refusal, stats};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::rows::copy_release;

on_both_databases!(
    a_zone_must_be_known,
    time_must_run_forwards,
    buckets_are_limited,
    groups_are_limited,
    a_database_that_fails_tells_nothing,
);

async fn a_zone_must_be_known(app: TestApp) {
    for query in [
        "{ releaseSeries(from: 0, timeZone: \"Mars/Olympus\") { start } }",
        "{ releaseHistogram(part: YEAR, timeZone: \"Mars/Olympus\") { value } }",
    ] {
        let (code, message) = refusal(&app, query).await;
        assert_eq!(code, "BAD_REQUEST");
        assert!(message.contains("timeZone") && message.contains("Mars/Olympus"));
    }
}

async fn time_must_run_forwards(app: TestApp) {
    for query in [
        "{ releaseSeries(from: \"2026-02-01\", to: \"2026-02-01\") { start } }",
        "{ releaseSeries(from: \"2026-04-01\") { start } }",
        "{ timeline(from: \"2026-02-02\", to: \"2026-02-01\") { time } }",
    ] {
        let (code, message) = refusal(&app, query).await;
        assert_eq!(code, "BAD_REQUEST");
        assert!(message.contains("from must lie before to"), "{message}");
    }
}

async fn buckets_are_limited(app: TestApp) {
    let hours = |to: &str| {
        format!(
            "{{ releaseSeries(from: \"2026-01-01\", to: \"{to}\", interval: HOUR) {{ start }} }}"
        )
    };
    let data = app.query(&hours("2027-02-21T16:00:00Z"), json!({})).await;
    assert_eq!(data["releaseSeries"].as_array().unwrap().len(), 10_000);
    let (code, message) = refusal(&app, &hours("2027-02-21T17:00:00Z")).await;
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.contains("10001"), "{message}");
    let (code, message) = refusal(&app, &hours("9999-12-31")).await;
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.contains("69898608"), "{message}");
    // Even so many that no two are of the same length.
    release().started("2500-06-15").record(&app).await;
    let months = "{ releaseSeries(from: 0, to: \"2800-01-01\", interval: MONTH, fillGaps: false) \
                  { start end } }";
    let data = app.query(months, json!({})).await;
    let expected =
        json!([{"start": "2500-06-01T00:00:00.000Z", "end": "2500-07-01T00:00:00.000Z"}]);
    assert_eq!(data["releaseSeries"], expected);
}

async fn groups_are_limited(app: TestApp) {
    release()
        .user("user 0")
        .started("2026-02-01")
        .record(&app)
        .await;
    copy_release(&app, 1..=9_999).await;
    assert_eq!(stats(&app, "groupBy: USER").await.len(), 10_000);
    let days =
        "{ releaseSeries(from: \"2026-02-01\", to: \"2026-02-07\", groupBy: USER) { start } }";
    let (code, message) = refusal(&app, days).await;
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.contains("50000 points"), "{message}");
    copy_release(&app, 10_000..=10_000).await;
    let (code, message) = refusal(&app, "{ releaseStats(groupBy: USER) { key { user } } }").await;
    assert_eq!(code, "LIMIT_EXCEEDED");
    assert!(message.contains("10000 groups"), "{message}");
}

async fn a_database_that_fails_tells_nothing(app: TestApp) {
    let writer = app.database().writer();
    let sql = "ALTER TABLE release RENAME COLUMN duration_ms TO length";
    writer.execute_unprepared(sql).await.unwrap();
    let query = "{ releaseStats { durationSeconds { mean } } }";
    let (code, message) = refusal(&app, query).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("INTERNAL", "internal error")
    );
}
