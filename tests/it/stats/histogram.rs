//! Statistics by a part of the calendar.

use serde_json::{Value, json};

use super::{histogram, total, totals_by};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    hours_are_those_that_clocks_show,
    weekdays_begin_with_monday,
    every_day_of_the_month_has_a_bar,
    weeks_are_numbered_as_iso_has_it,
    months_and_years_are_those_of_the_zone,
    years_go_from_the_first_to_the_last,
    every_group_has_every_bar,
    the_operation_of_a_heat_map_works,
);

async fn at(app: &TestApp, times: &[&str]) {
    for time in times {
        release().started(time).record(app).await;
    }
}

/// Value, label and number of the bars with anything in them.
fn bars(bars: &[Value]) -> Vec<(i64, &str, u64)> {
    bars.iter()
        .map(|bar| {
            (
                bar["value"].as_i64().unwrap(),
                bar["label"].as_str().unwrap(),
                total(bar),
            )
        })
        .filter(|(_, _, total)| *total > 0)
        .collect()
}

async fn hours_are_those_that_clocks_show(app: TestApp) {
    // In Amsterdam 00:30 in winter and in summer, and 02:30 twice.
    let times = [
        "2026-01-15T23:30:00Z",
        "2026-07-15T22:30:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
    ];
    at(&app, &times).await;
    let all = histogram(&app, "part: HOUR_OF_DAY, timeZone: \"Europe/Amsterdam\"").await;
    assert_eq!(all.len(), 24);
    assert_eq!(bars(&all), [(0, "00:00", 2), (2, "02:00", 2)]);
    let all = histogram(&app, "part: HOUR_OF_DAY, timeZone: \"Asia/Kolkata\"").await;
    let expected = [
        (4, "04:00", 1),
        (5, "05:00", 1),
        (6, "06:00", 1),
        (7, "07:00", 1),
    ];
    assert_eq!(bars(&all), expected);
    // The clocks of America show the day before the first that Orlo knows.
    at(&app, &["1970-01-01"]).await;
    let all = histogram(&app, "part: HOUR_OF_DAY, timeZone: \"America/New_York\"").await;
    assert_eq!(total(&all[19]), 1);
}

async fn weekdays_begin_with_monday(app: TestApp) {
    at(
        &app,
        &[
            "2026-03-02",
            "2026-03-08",
            "2026-03-08T12:00:00Z",
            "1970-01-01",
        ],
    )
    .await;
    let all = histogram(&app, "part: DAY_OF_WEEK").await;
    assert_eq!(all.len(), 7);
    assert_eq!(
        bars(&all),
        [(1, "Monday", 1), (4, "Thursday", 1), (7, "Sunday", 2)]
    );
}

async fn every_day_of_the_month_has_a_bar(app: TestApp) {
    at(
        &app,
        &[
            "2024-02-29",
            "2026-03-01",
            "2026-12-31",
            "2000-02-29",
            "9999-12-31T23:59:59Z",
        ],
    )
    .await;
    let all = histogram(&app, "part: DAY_OF_MONTH").await;
    assert_eq!(all.len(), 31);
    assert_eq!(bars(&all), [(1, "1", 1), (29, "29", 2), (31, "31", 2)]);
}

async fn weeks_are_numbered_as_iso_has_it(app: TestApp) {
    at(
        &app,
        &[
            "2026-01-01",
            "2025-12-29",
            "2025-12-28",
            "2027-01-03",
            "2021-01-03",
            "2026-03-01",
        ],
    )
    .await;
    let all = histogram(&app, "part: ISO_WEEK").await;
    assert_eq!(all.len(), 53);
    let expected = [(1, "W01", 2), (9, "W09", 1), (52, "W52", 1), (53, "W53", 2)];
    assert_eq!(bars(&all), expected);
}

async fn months_and_years_are_those_of_the_zone(app: TestApp) {
    at(&app, &["2026-01-01T04:59:59Z", "2026-01-01T05:00:00Z"]).await;
    let zone = "timeZone: \"America/New_York\"";
    let all = histogram(&app, &format!("part: MONTH_OF_YEAR, {zone}")).await;
    assert_eq!(all.len(), 12);
    assert_eq!(bars(&all), [(1, "January", 1), (12, "December", 1)]);
    let all = histogram(&app, &format!("part: YEAR, {zone}")).await;
    assert_eq!(bars(&all), [(2025, "2025", 1), (2026, "2026", 1)]);
}

async fn years_go_from_the_first_to_the_last(app: TestApp) {
    assert!(histogram(&app, "part: YEAR").await.is_empty());
    release().team("a").started("2021-06-01").record(&app).await;
    release().team("b").started("2023-06-01").record(&app).await;
    let all = histogram(&app, "part: YEAR").await;
    let years: Vec<_> = all.iter().map(|bar| (&bar["value"], total(bar))).collect();
    assert_eq!(
        years,
        [(&json!(2021), 1), (&json!(2022), 0), (&json!(2023), 1)]
    );
    assert_eq!(histogram(&app, "part: YEAR, groupBy: TEAM").await.len(), 6);
}

async fn every_group_has_every_bar(app: TestApp) {
    assert_eq!(histogram(&app, "part: DAY_OF_WEEK").await.len(), 7);
    assert!(
        histogram(&app, "part: DAY_OF_WEEK, groupBy: PLATFORM")
            .await
            .is_empty()
    );
    release()
        .platforms(["web", "eu"])
        .started("2026-03-02")
        .record(&app)
        .await;
    release()
        .platforms(["eu"])
        .started("2026-03-03")
        .record(&app)
        .await;
    let all = histogram(&app, "part: DAY_OF_WEEK, groupBy: PLATFORM").await;
    assert_eq!(all.len(), 14);
    let (eu, web) = (Some("eu"), Some("web"));
    assert_eq!(
        totals_by(&all[..4], "platform"),
        [(eu, 1), (web, 1), (eu, 1), (web, 0)]
    );
}

async fn the_operation_of_a_heat_map_works(app: TestApp) {
    at(&app, &["2026-03-02T15:30:00Z"]).await;
    let query = "query Heat { releaseHistogram(part: HOUR_OF_DAY, timeZone: \"America/New_York\") \
                 { value label counts { total { total } } } }";
    let data = app.query(query, json!({})).await;
    let bars = data["releaseHistogram"].as_array().unwrap();
    assert_eq!(bars.len(), 24);
    let expected = json!({"value": 10, "label": "10:00", "counts": {"total": {"total": 1}}});
    assert_eq!(bars[10], expected);
}
