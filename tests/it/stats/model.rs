//! The same statistics, made slowly from plain structures, to compare the service's with.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::app::TestApp;

/// User, team, platform and package.
pub type Key = [Option<String>; 4];

/// The names of what is in a key, as the API has them in `key` and in `groupBy`.
pub const KEY: [&str; 4] = ["user", "team", "platform", "package"];

const SIDES: [&str; 2] = ["normal", "rollback"];
const STATUSES: [(&str, &str); 4] = [
    ("successful", "SUCCESSFUL"),
    ("failed", "FAILED"),
    ("inProgress", "IN_PROGRESS"),
    ("notStarted", "NOT_STARTED"),
];

/// A release or a package.
pub struct Thing {
    user: Option<String>,
    team: Option<String>,
    platforms: Vec<String>,
    packages: Vec<String>,
    status: String,
    rollback: bool,
    seconds: Option<f64>,
    pub time: DateTime<Utc>,
}

/// What there is of one group: counts by rollback and status, and durations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    counts: [[u64; 4]; 2],
    seconds: Vec<f64>,
}

/// Groups by a label, e.g. the beginning of a bucket, and by key.
pub type Groups = BTreeMap<(String, Key), Tally>;

/// All releases, or all their packages, as the API tells them.
pub async fn things(app: &TestApp, packages: bool) -> Vec<Thing> {
    let query = "{ releases(first: 1000) { nodes {
        user team platformNames status rollback durationSeconds startedAt finishedAt createdAt
        packages { name status rollback durationSeconds startedAt finishedAt effectiveAt }
    } } }";
    let data = app.query(query, json!({})).await;
    let releases = data["releases"]["nodes"].as_array().unwrap();
    let mut things = Vec::new();
    for release in releases {
        let own = release["packages"].as_array().unwrap();
        if packages {
            for package in own {
                things.push(thing(
                    release,
                    package,
                    "effectiveAt",
                    std::slice::from_ref(package),
                ));
            }
        } else {
            things.push(thing(release, release, "createdAt", own));
        }
    }
    things
}

fn thing(release: &Value, unit: &Value, last_resort: &str, packages: &[Value]) -> Thing {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut names: Vec<String> = packages.iter().filter_map(|it| text(&it["name"])).collect();
    names.sort();
    names.dedup();
    let times = ["startedAt", "finishedAt", last_resort];
    let time = times.iter().find_map(|field| unit[field].as_str());
    let platforms = release["platformNames"].as_array().unwrap();
    Thing {
        user: text(&release["user"]),
        team: text(&release["team"]),
        platforms: platforms.iter().filter_map(text).collect(),
        packages: names,
        status: text(&unit["status"]).unwrap(),
        rollback: unit["rollback"] == true,
        seconds: unit["durationSeconds"].as_f64(),
        time: time.unwrap().parse().unwrap(),
    }
}

/// The groups of `things` by these dimensions (places in [`KEY`]) and by `label`; a thing without
/// a label does not count.
pub fn groups(
    things: &[Thing],
    dimensions: &[usize],
    label: impl Fn(&Thing) -> Option<String>,
) -> Groups {
    let mut groups = Groups::new();
    for thing in things {
        let Some(label) = label(thing) else { continue };
        for key in keys(thing, dimensions) {
            let tally = groups.entry((label.clone(), key)).or_default();
            let status = STATUSES
                .iter()
                .position(|(_, status)| *status == thing.status);
            tally.counts[usize::from(thing.rollback)][status.unwrap()] += 1;
            tally.seconds.extend(thing.seconds);
        }
    }
    groups
}

fn keys(thing: &Thing, dimensions: &[usize]) -> Vec<Key> {
    let or_none = |names: &[String]| match names {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    };
    let values = [
        vec![thing.user.clone()],
        vec![thing.team.clone()],
        or_none(&thing.platforms),
        or_none(&thing.packages),
    ];
    let mut keys = vec![Key::default()];
    for dimension in dimensions {
        let with = |key: &Key| {
            let key = key.clone();
            values[*dimension].iter().map(move |value| {
                let mut key = key.clone();
                key[*dimension].clone_from(value);
                key
            })
        };
        keys = keys.iter().flat_map(with).collect();
    }
    keys
}

/// Compares what the service answers, but for rows with nothing in them, which must be zeros.
pub fn assert_same(rows: &[Value], expected: &Groups, label: impl Fn(&Value) -> String) {
    let mut found = 0;
    for row in rows {
        let key = KEY.map(|name| row["key"][name].as_str().map(str::to_owned));
        let place = (label(row), key);
        let tally = expected.get(&place).cloned().unwrap_or_default();
        found += usize::from(expected.contains_key(&place));
        for (side, counts) in SIDES.iter().zip(tally.counts) {
            let sum: u64 = counts.iter().sum();
            assert_eq!(row["counts"][side]["total"], sum, "{place:?} {side}");
            for ((field, _), count) in STATUSES.iter().zip(counts) {
                assert_eq!(
                    row["counts"][side][field], count,
                    "{place:?} {side} {field}"
                );
            }
        }
        let all: u64 = tally.counts.iter().flatten().sum();
        assert_eq!(row["counts"]["total"]["total"], all, "{place:?}");
        if let Some(durations) = row.get("durationSeconds") {
            assert_durations(durations, tally.seconds);
        }
    }
    assert_eq!(found, expected.len(), "some groups are missing");
}

fn assert_durations(stats: &Value, mut seconds: Vec<f64>) {
    seconds.sort_by(f64::total_cmp);
    assert_eq!(stats["sampleSize"], seconds.len());
    if seconds.is_empty() {
        assert!(stats["p50"].is_null() && stats["mean"].is_null() && stats["max"].is_null());
        return;
    }
    let count = f64::from(u32::try_from(seconds.len()).unwrap());
    let mean = seconds.iter().sum::<f64>() / count;
    let expected = [
        ("mean", mean),
        ("min", seconds[0]),
        ("max", seconds[seconds.len() - 1]),
        ("p50", percentile(&seconds, 50)),
        ("p75", percentile(&seconds, 75)),
        ("p90", percentile(&seconds, 90)),
        ("p95", percentile(&seconds, 95)),
    ];
    for (field, expected) in expected {
        let value = stats[field].as_f64().unwrap();
        assert!(
            (value - expected).abs() < 1e-6,
            "{field}: {value}, not {expected}"
        );
    }
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let hundredfold = (sorted.len() - 1) * percent;
    let (low, high) = (sorted[hundredfold / 100], sorted[hundredfold.div_ceil(100)]);
    let beyond = f64::from(u32::try_from(hundredfold % 100).unwrap()) / 100.0;
    low + (high - low) * beyond
}

/// The label of the bucket that an instant lies in: its first date on the calendar of `zone`; of
/// hours the instant at which they began.
pub fn bucket_label(interval: &str, zone: Tz, time: DateTime<Utc>) -> String {
    let local = zone.from_utc_datetime(&time.naive_utc());
    let date = local.date_naive();
    let first = |month| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap();
    let date = match interval {
        "HOUR" => {
            let into_hour = TimeDelta::seconds((local.minute() * 60 + local.second()).into())
                + TimeDelta::nanoseconds(local.nanosecond().into());
            return (time - into_hour).to_rfc3339();
        }
        "DAY" => date,
        "WEEK" => date - TimeDelta::days(date.weekday().num_days_from_monday().into()),
        "MONTH" => first(date.month()),
        "QUARTER" => first(date.month0() / 3 * 3 + 1),
        _ => first(1),
    };
    date.to_string()
}

/// The value of a part of the calendar at an instant.
pub fn part_value(part: &str, zone: Tz, time: DateTime<Utc>) -> String {
    let local = zone.from_utc_datetime(&time.naive_utc());
    match part {
        "HOUR_OF_DAY" => local.hour().to_string(),
        "DAY_OF_WEEK" => local.weekday().number_from_monday().to_string(),
        "DAY_OF_MONTH" => local.day().to_string(),
        "ISO_WEEK" => local.iso_week().week().to_string(),
        "MONTH_OF_YEAR" => local.month().to_string(),
        _ => local.year().to_string(),
    }
}
