//! Many releases of every kind, and the same numbers as the slow model has.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::model::{KEY, assert_same, bucket_label, groups, part_value, things};
use super::{histogram, series, stats};
use crate::app::{TestApp, on_both_databases, run};
use crate::database::Backend;

on_both_databases!(
    totals_are_those_of_the_model,
    series_are_those_of_the_model,
    histograms_are_those_of_the_model,
);

const COUNT: usize = 300;
const FIRST: &str = "2025-12-20T00:00:00Z";
const GROUPINGS: [&[usize]; 7] = [&[], &[0], &[1], &[2], &[3], &[1, 2], &[0, 1, 2, 3]];
const ZONES: [Tz; 4] = [
    Tz::UTC,
    Tz::Europe__Amsterdam,
    Tz::America__New_York,
    Tz::Asia__Kolkata,
];

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn one_of<'a>(&mut self, values: &[Option<&'a str>]) -> Option<&'a str> {
        let index = self.below(values.len() as u64);
        values[usize::try_from(index).unwrap()]
    }

    /// Some instant of a bit more than a year, with milliseconds.
    fn time(&mut self) -> DateTime<Utc> {
        let first: DateTime<Utc> = FIRST.parse().unwrap();
        let millis = self.below(400 * 86_400_000);
        first + TimeDelta::milliseconds(i64::try_from(millis).unwrap())
    }

    /// A start and a finish, either of which may be missing, and which may be in no order.
    fn times(&mut self) -> (Value, Value) {
        let start = self.time();
        let length = i64::try_from(self.below(4_000_000)).unwrap() - 100_000;
        let finish = start + TimeDelta::milliseconds(length);
        let (start, finish) = (json!(start.to_rfc3339()), json!(finish.to_rfc3339()));
        match self.below(6) {
            0 => (start, Value::Null),
            1 => (Value::Null, finish),
            2 => (Value::Null, Value::Null),
            _ => (start, finish),
        }
    }

    fn package(&mut self) -> Value {
        let (start, finish) = self.times();
        let statuses = [
            "SUCCESSFUL",
            "SUCCESSFUL",
            "FAILED",
            "IN_PROGRESS",
            "NOT_STARTED",
        ];
        json!({
            "name": self.one_of(&[Some("api"), Some("worker"), Some("wéb")]),
            "version": "1",
            "status": self.one_of(&statuses.map(Some)),
            "rollback": self.below(5) == 0,
            "startedAt": start,
            "finishedAt": finish,
        })
    }

    fn release(&mut self) -> Value {
        let (start, finish) = self.times();
        let packages: Vec<_> = (0..self.below(4)).map(|_| self.package()).collect();
        let platforms = [Some("prod"), Some("eu"), Some("Web"), None];
        let platforms: Vec<_> = (0..self.below(3))
            .filter_map(|_| self.one_of(&platforms))
            .collect();
        json!({
            "user": self.one_of(&[Some("ann"), Some("Bob"), Some("éva"), None]),
            "team": self.one_of(&[Some("shop"), Some("pay"), None]),
            "platforms": platforms,
            "packages": packages,
            "startedAt": start,
            "finishedAt": finish,
            "success": self.below(4) > 0,
        })
    }
}

async fn record_many(app: &TestApp) {
    let mut numbers = Numbers(20_260_301);
    let releases: Vec<_> = (0..COUNT).map(|_| numbers.release()).collect();
    let query = "mutation ($input: ImportReleasesInput!) {
        importReleases(input: $input) { ok createdCount rows(onlyFailed: true) { userErrors { message } } }
    }";
    let payload = app
        .mutate(query, json!({"input": {"releases": releases}}))
        .await;
    assert_eq!(payload["createdCount"], COUNT, "{payload:#}");
}

fn arguments(dimensions: &[usize], packages: bool) -> String {
    let names: Vec<_> = dimensions
        .iter()
        .map(|place| KEY[*place].to_uppercase())
        .collect();
    let unit = if packages { "PACKAGES" } else { "RELEASES" };
    format!("groupBy: [{}], countBy: {unit}", names.join(", "))
}

async fn totals_are_those_of_the_model(app: TestApp) {
    record_many(&app).await;
    for packages in [false, true] {
        let things = things(&app, packages).await;
        for dimensions in GROUPINGS {
            let expected = groups(&things, dimensions, |_| Some(String::new()));
            let rows = stats(&app, &arguments(dimensions, packages)).await;
            assert_eq!(rows.len(), expected.len());
            assert_same(&rows, &expected, |_| String::new());
        }
    }
}

async fn series_are_those_of_the_model(app: TestApp) {
    record_many(&app).await;
    let cases = [
        ("HOUR", "2026-10-24T13:20:00Z", "2026-10-27T04:05:06Z"),
        ("HOUR", "2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("DAY", "2026-02-27T13:20:00Z", "2026-11-15T04:05:06Z"),
        ("WEEK", "2025-12-21T13:20:00Z", "2027-01-02T04:05:06Z"),
        ("MONTH", "2025-12-21T13:20:00Z", "2027-01-02T04:05:06Z"),
        ("QUARTER", "2025-12-21T13:20:00Z", "2027-01-02T04:05:06Z"),
        ("YEAR", "2025-12-21T13:20:00Z", "2027-01-02T04:05:06Z"),
    ];
    for packages in [false, true] {
        let things = things(&app, packages).await;
        for (number, (interval, from, to)) in cases.into_iter().enumerate() {
            let zone = ZONES[(number + usize::from(packages)) % ZONES.len()];
            let dimensions = GROUPINGS[number % 4];
            let instant = |time: &str| time.parse::<DateTime<Utc>>().unwrap();
            let (first, end) = (instant(from), instant(to));
            let expected = groups(&things, dimensions, |thing| {
                let within = first <= thing.time && thing.time < end;
                within.then(|| bucket_label(interval, zone, thing.time))
            });
            let arguments = arguments(dimensions, packages);
            let points = series(
                &app,
                &format!(
                    "from: \"{from}\", to: \"{to}\", interval: {interval}, timeZone: \"{zone}\", \
                     {arguments}"
                ),
            )
            .await;
            assert_same(&points, &expected, |point| {
                let start = point["start"].as_str().unwrap().parse().unwrap();
                bucket_label(interval, zone, start)
            });
        }
    }
}

async fn histograms_are_those_of_the_model(app: TestApp) {
    record_many(&app).await;
    let parts = [
        "HOUR_OF_DAY",
        "DAY_OF_WEEK",
        "DAY_OF_MONTH",
        "ISO_WEEK",
        "MONTH_OF_YEAR",
        "YEAR",
    ];
    for packages in [false, true] {
        let things = things(&app, packages).await;
        for (number, part) in parts.into_iter().enumerate() {
            for zone in [ZONES[number % 2], ZONES[2 + number % 2]] {
                let dimensions = GROUPINGS[(number + usize::from(packages)) % GROUPINGS.len()];
                let expected = groups(&things, dimensions, |thing| {
                    Some(part_value(part, zone, thing.time))
                });
                let arguments = arguments(dimensions, packages);
                let bars = histogram(
                    &app,
                    &format!("part: {part}, timeZone: \"{zone}\", {arguments}"),
                )
                .await;
                assert_same(&bars, &expected, |bar| bar["value"].to_string());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_answer_the_same_to_the_last_digit() {
    let answers = Arc::new(Mutex::new(Vec::new()));
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let answers = Arc::clone(&answers);
        run(backend, async move |app: TestApp| {
            record_many(&app).await;
            let zone = "timeZone: \"America/New_York\"";
            let mut all = Vec::new();
            for packages in [false, true] {
                let groups = arguments(&[1, 2], packages);
                let weeks =
                    format!("from: \"2026-01-01\", to: \"2027-01-01\", interval: WEEK, {zone}");
                all.push(stats(&app, &groups).await);
                all.push(series(&app, &format!("{weeks}, {groups}")).await);
                all.push(histogram(&app, &format!("part: ISO_WEEK, {zone}, {groups}")).await);
            }
            answers.lock().unwrap().push(json!(all).to_string());
        })
        .await;
    }
    let answers = answers.lock().unwrap();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}
