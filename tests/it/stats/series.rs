//! Statistics along time.

use serde_json::{Value, json};

use super::{series, total, totals_by};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_release_counts_when_it_started_else_finished_else_was_recorded,
    a_package_counts_when_it_started_else_finished_else_with_its_release,
    only_what_happened_in_the_range_counts,
    a_day_may_have_23_or_25_hours,
    hours_that_are_passed_twice_are_two,
    zones_may_be_half_an_hour_off,
    a_day_that_is_jumped_over_has_no_point,
    weeks_are_those_of_iso,
    gaps_are_filled_for_every_group,
    a_bucket_that_is_not_over_is_partial,
    without_words_it_is_days_of_utc_until_now,
    durations_are_those_of_the_bucket,
);

/// When each point begins, and how many there are.
fn starts(points: &[Value]) -> Vec<(&str, u64)> {
    let start = |point: &'_ Value| point["start"].as_str().map(str::len);
    assert!(points.iter().all(|point| start(point) == Some(24)));
    points
        .iter()
        .map(|point| (&point["start"].as_str().unwrap()[..16], total(point)))
        .collect()
}

async fn at(app: &TestApp, times: &[&str]) {
    for time in times {
        release().started(time).record(app).await;
    }
}

async fn a_release_counts_when_it_started_else_finished_else_was_recorded(app: TestApp) {
    let (second, third) = ("2026-02-02", "2026-02-03");
    release().started(second).finished(third).record(&app).await;
    release().finished(third).record(&app).await;
    app.set_now("2026-02-04T12:00:00Z");
    let create = "mutation { createRelease(input: { externalId: \"a\" }) { ok } }";
    assert_eq!(app.mutate(create, json!({})).await["ok"], true);
    let clear = "UPDATE release SET started_at = NULL WHERE external_id = 'a'";
    sea_orm::ConnectionTrait::execute_unprepared(app.database().writer(), clear)
        .await
        .unwrap();
    let points = series(&app, "from: \"2026-02-02\", to: \"2026-02-05\"").await;
    let expected = [
        ("2026-02-02T00:00", 1),
        ("2026-02-03T00:00", 1),
        ("2026-02-04T00:00", 1),
    ];
    assert_eq!(starts(&points), expected);
}

async fn a_package_counts_when_it_started_else_finished_else_with_its_release(app: TestApp) {
    release()
        .started("2026-02-01")
        .finished("2026-02-04")
        .package_with(json!({
            "name": "a", "startedAt": "2026-02-02", "finishedAt": "2026-02-05",
        }))
        .package_with(json!({"name": "b", "finishedAt": "2026-02-03"}))
        .package_with(json!({"name": "c"}))
        .record(&app)
        .await;
    let range = "from: \"2026-02-01\", to: \"2026-02-06\", countBy: PACKAGES, fillGaps: false";
    let points = series(&app, &format!("{range}, groupBy: PACKAGE")).await;
    assert_eq!(
        totals_by(&points, "package"),
        [(Some("a"), 1), (Some("b"), 1), (Some("c"), 1)]
    );
    let expected = [
        ("2026-02-02T00:00", 1),
        ("2026-02-03T00:00", 1),
        ("2026-02-04T00:00", 1),
    ];
    assert_eq!(starts(&points), expected);
}

async fn only_what_happened_in_the_range_counts(app: TestApp) {
    at(
        &app,
        &[
            "2026-02-02T11:59:59.999Z",
            "2026-02-02T12:00:00Z",
            "2026-02-03T11:59:59.999Z",
            "2026-02-03T12:00:00Z",
        ],
    )
    .await;
    let range = "from: \"2026-02-02T12:00:00Z\", to: \"2026-02-03T12:00:00Z\"";
    let points = series(&app, range).await;
    assert_eq!(
        starts(&points),
        [("2026-02-02T00:00", 1), ("2026-02-03T00:00", 1)]
    );
    assert_eq!(points[1]["end"], "2026-02-04T00:00:00.000Z");
}

async fn a_day_may_have_23_or_25_hours(app: TestApp) {
    at(
        &app,
        &[
            "2026-03-28T22:59:59.999Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T21:59:59.999Z",
            "2026-03-29T22:00:00Z",
            "2026-10-24T21:59:59.999Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T22:59:59.999Z",
            "2026-10-25T23:00:00Z",
        ],
    )
    .await;
    let zone = "timeZone: \"Europe/Amsterdam\"";
    let spring = format!("from: \"2026-03-28T12:00:00Z\", to: \"2026-03-30T12:00:00Z\", {zone}");
    let expected = [
        ("2026-03-27T23:00", 1),
        ("2026-03-28T23:00", 2),
        ("2026-03-29T22:00", 1),
    ];
    assert_eq!(starts(&series(&app, &spring).await), expected);
    let autumn = format!("from: \"2026-10-24T12:00:00Z\", to: \"2026-10-26T12:00:00Z\", {zone}");
    let expected = [
        ("2026-10-23T22:00", 1),
        ("2026-10-24T22:00", 2),
        ("2026-10-25T23:00", 1),
    ];
    assert_eq!(starts(&series(&app, &autumn).await), expected);
}

async fn hours_that_are_passed_twice_are_two(app: TestApp) {
    // 01:30 in New York, first by summer time, then by winter time.
    at(
        &app,
        &[
            "2026-11-01T05:30:00Z",
            "2026-11-01T06:30:00Z",
            "2026-11-01T06:31:00Z",
        ],
    )
    .await;
    let range = "from: \"2026-11-01T04:00:00Z\", to: \"2026-11-02T05:00:00Z\"";
    let points = series(
        &app,
        &format!("{range}, interval: HOUR, timeZone: \"America/New_York\""),
    )
    .await;
    assert_eq!(points.len(), 25);
    let expected = [("2026-11-01T05:00", 1), ("2026-11-01T06:00", 2)];
    assert_eq!(starts(&points[1..3]), expected);
}

async fn zones_may_be_half_an_hour_off(app: TestApp) {
    at(&app, &["2026-02-01T18:29:00Z", "2026-02-01T18:30:00Z"]).await;
    let range = "from: \"2026-02-01T18:00:00Z\", to: \"2026-02-01T19:00:00Z\"";
    let zone = "timeZone: \"Asia/Kolkata\"";
    let hours = series(&app, &format!("{range}, interval: HOUR, {zone}")).await;
    assert_eq!(
        starts(&hours),
        [("2026-02-01T17:30", 1), ("2026-02-01T18:30", 1)]
    );
    let days = series(&app, &format!("{range}, {zone}")).await;
    assert_eq!(
        starts(&days),
        [("2026-01-31T18:30", 1), ("2026-02-01T18:30", 1)]
    );
}

async fn a_day_that_is_jumped_over_has_no_point(app: TestApp) {
    at(&app, &["2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z"]).await;
    let range = "from: \"2011-12-29T10:00:00Z\", to: \"2012-01-01T10:00:00Z\"";
    let points = series(&app, &format!("{range}, timeZone: \"Pacific/Apia\"")).await;
    let expected = [
        ("2011-12-29T10:00", 1),
        ("2011-12-30T10:00", 1),
        ("2011-12-31T10:00", 0),
    ];
    assert_eq!(starts(&points), expected);
}

async fn weeks_are_those_of_iso(app: TestApp) {
    // 2026-01-01 was a Thursday: its week began in 2025.
    at(
        &app,
        &[
            "2025-12-28T23:59:59Z",
            "2025-12-29",
            "2026-01-04T23:59:59Z",
            "2026-01-05",
        ],
    )
    .await;
    let points = series(
        &app,
        "from: \"2025-12-22\", to: \"2026-01-12\", interval: WEEK",
    )
    .await;
    let expected = [
        ("2025-12-22T00:00", 1),
        ("2025-12-29T00:00", 2),
        ("2026-01-05T00:00", 1),
    ];
    assert_eq!(starts(&points), expected);
}

async fn gaps_are_filled_for_every_group(app: TestApp) {
    release().team("b").started("2026-02-01").record(&app).await;
    release().team("a").started("2026-02-03").record(&app).await;
    // A group of which nothing happened in the range is none.
    release().team("c").started("2026-02-04").record(&app).await;
    let range = "from: \"2026-02-01\", to: \"2026-02-04\", groupBy: TEAM";
    let points = series(&app, range).await;
    let (a, b) = (Some("a"), Some("b"));
    assert_eq!(
        totals_by(&points, "team"),
        [(a, 0), (b, 1), (a, 0), (b, 0), (a, 1), (b, 0)]
    );
    assert_eq!(points[0]["durationSeconds"]["sampleSize"], 0);
    let points = series(&app, &format!("{range}, fillGaps: false")).await;
    assert_eq!(totals_by(&points, "team"), [(b, 1), (a, 1)]);
    assert_eq!(
        starts(&points),
        [("2026-02-01T00:00", 1), ("2026-02-03T00:00", 1)]
    );
    let nothing = "from: \"2020-02-01\", to: \"2020-02-04\"";
    assert_eq!(series(&app, nothing).await.len(), 3);
    assert!(
        series(&app, &format!("{nothing}, groupBy: TEAM"))
            .await
            .is_empty()
    );
    assert!(
        series(&app, &format!("{nothing}, fillGaps: false"))
            .await
            .is_empty()
    );
}

async fn a_bucket_that_is_not_over_is_partial(app: TestApp) {
    // Tests begin on 2026-03-01 at noon.
    let partial = async |arguments: &str| {
        let points = series(&app, arguments).await;
        points
            .iter()
            .map(|point| point["isPartial"] == true)
            .collect::<Vec<_>>()
    };
    assert_eq!(partial("from: \"2026-02-27\"").await, [false, false, true]);
    assert_eq!(
        partial("from: \"2026-02-28\", to: \"2026-03-03\"").await,
        [false, true, true]
    );
    assert_eq!(
        partial("from: \"2026-02-28T12:00:00Z\", to: \"2026-02-28T13:00:00Z\"").await,
        [false]
    );
    app.set_now("2026-03-02T00:00:00Z");
    assert_eq!(partial("from: \"2026-02-28\"").await, [false, false]);
}

async fn without_words_it_is_days_of_utc_until_now(app: TestApp) {
    at(
        &app,
        &["2026-02-28", "2026-03-01T11:59:59Z", "2026-03-01T12:00:00Z"],
    )
    .await;
    let expected = [("2026-02-28T00:00", 1), ("2026-03-01T00:00", 1)];
    assert_eq!(
        starts(&series(&app, "from: \"2026-02-28\"").await),
        expected
    );
    let nulls = "from: \"2026-02-28\", to: null, interval: null, timeZone: null, filter: null, \
                 groupBy: null, countBy: null, fillGaps: null";
    assert_eq!(starts(&series(&app, nulls).await), expected);
}

async fn durations_are_those_of_the_bucket(app: TestApp) {
    for (start, finish) in [
        ("2026-02-01T10:00:00Z", "2026-02-01T10:00:10Z"),
        ("2026-02-01T11:00:00Z", "2026-02-01T11:00:20Z"),
        ("2026-02-02T10:00:00Z", "2026-02-02T10:00:05Z"),
    ] {
        release().started(start).finished(finish).record(&app).await;
    }
    let points = series(&app, "from: \"2026-02-01\", to: \"2026-02-03\"").await;
    let p50: Vec<_> = points
        .iter()
        .map(|point| &point["durationSeconds"]["p50"])
        .collect();
    assert_eq!(p50, [15.0, 5.0]);
}
