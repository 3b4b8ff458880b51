//! Statistics: in all, by group, along time and by parts of the calendar.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::calendar::{bucket, part};
use super::story::{Questions, Time};
use super::world::{Deployment, World, millis};
use crate::app::TestApp;

/// User, team, platform and package.
type Key = [Option<String>; 4];

/// The names of what is in a key, as the API has them in `key` and in `groupBy`.
const KEY: [&str; 4] = ["user", "team", "platform", "package"];
const SIDES: [&str; 2] = ["normal", "rollback"];
const OUTCOMES: [(&str, &str); 4] = [
    ("successful", "SUCCESSFUL"),
    ("failed", "FAILED"),
    ("inProgress", "IN_PROGRESS"),
    ("notStarted", "NOT_STARTED"),
];
const FIELDS: &str = "key { user team platform package } counts {
    normal { total successful failed inProgress notStarted }
    rollback { total successful failed inProgress notStarted }
    total { total successful failed inProgress notStarted } }";
const DURATIONS: &str = "durationSeconds { sampleSize mean min max p50 p75 p90 p95 }";
const ARGUMENTS: &str = "filter: $filter, groupBy: $groups, countBy: $unit";
const VARIABLES: &str = "$filter: ReleaseFilter, $groups: [Dimension!], $unit: CountUnit";

/// A release or a package.
struct Thing {
    /// The values of each dimension, of which there may be several.
    values: [Vec<Option<String>>; 4],
    status: &'static str,
    is_rollback: bool,
    millis: Option<i64>,
    time: Time,
}

/// What there is of one group: counts by rollback and status, and durations.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tally {
    counts: [[u64; 4]; 2],
    millis: Vec<i64>,
}

/// Groups by a label, e.g. the beginning of a bucket, and by key.
type Groups = BTreeMap<(String, Key), Tally>;

/// Asks what the questions say, and compares.
pub async fn check(app: &TestApp, world: &World, questions: &Questions) {
    let things = things(world, questions);
    check_totals(app, &things, questions).await;
    check_series(app, &things, questions).await;
    check_histogram(app, &things, questions).await;
    check_timeline(app, world, questions).await;
}

fn things(world: &World, questions: &Questions) -> Vec<Thing> {
    let mut things = Vec::new();
    for release in world
        .living()
        .filter(|it| questions.filter.takes_release(it))
    {
        let owned = |text: &str| text.to_owned();
        let mut platforms: Vec<_> = release.platforms.iter().map(|it| Some(owned(it))).collect();
        if platforms.is_empty() {
            platforms.push(None);
        }
        let names: BTreeSet<_> = release.living().map(|it| it.name).collect();
        let mut names: Vec<_> = names.into_iter().map(|it| Some(owned(it))).collect();
        if names.is_empty() {
            names.push(None);
        }
        let values = [
            vec![release.user.map(owned)],
            vec![release.team.map(owned)],
            platforms,
            names,
        ];
        if !questions.packages {
            things.push(Thing {
                values,
                status: release.status(),
                is_rollback: release.is_rollback(),
                millis: millis(release.started, release.finished),
                time: release.time(),
            });
            continue;
        }
        for package in release.living() {
            let mut values = values.clone();
            values[3] = vec![Some(owned(package.name))];
            things.push(Thing {
                values,
                status: package.status,
                is_rollback: package.rollback == Some(true),
                millis: millis(package.started, package.finished),
                time: Deployment { package, release }.time(),
            });
        }
    }
    things
}

/// The groups of `things`, by dimension and by `label`; a thing without a label does not count.
fn groups(
    things: &[Thing],
    dimensions: &[usize],
    label: impl Fn(&Thing) -> Option<String>,
) -> Groups {
    let mut groups = Groups::new();
    for thing in things {
        let Some(label) = label(thing) else { continue };
        for key in keys(thing, dimensions) {
            let tally = groups.entry((label.clone(), key)).or_default();
            let outcome = OUTCOMES.iter().position(|(_, it)| *it == thing.status);
            tally.counts[usize::from(thing.is_rollback)][outcome.unwrap()] += 1;
            tally.millis.extend(thing.millis);
        }
    }
    groups
}

fn keys(thing: &Thing, dimensions: &[usize]) -> Vec<Key> {
    let mut keys = vec![Key::default()];
    for dimension in dimensions {
        let with = |key: &Key| {
            let key = key.clone();
            thing.values[*dimension].iter().map(move |value| {
                let mut key = key.clone();
                key[*dimension].clone_from(value);
                key
            })
        };
        keys = keys.iter().flat_map(with).collect();
    }
    keys
}

/// Durations as they are described: each number is the one nearest to the exact one.
#[expect(clippy::cast_precision_loss, reason = "no story is that long")]
pub fn describe(mut millis: Vec<i64>) -> Value {
    millis.sort_unstable();
    let (Some(first), Some(last)) = (millis.first(), millis.last()) else {
        return json!({ "sampleSize": 0, "mean": null, "min": null, "max": null,
            "p50": null, "p75": null, "p90": null, "p95": null });
    };
    let seconds = |millis: i64| millis as f64 / 1000.0;
    let percentile = |percent: usize| {
        let hundredfold = (millis.len() - 1) * percent;
        let (low, high) = (millis[hundredfold / 100], millis[hundredfold.div_ceil(100)]);
        let beyond = i64::try_from(hundredfold % 100).unwrap();
        (low * 100 + (high - low) * beyond) as f64 / 100_000.0
    };
    json!({
        "sampleSize": millis.len(),
        "mean": millis.iter().sum::<i64>() as f64 / (millis.len() as f64 * 1000.0),
        "min": seconds(*first),
        "max": seconds(*last),
        "p50": percentile(50),
        "p75": percentile(75),
        "p90": percentile(90),
        "p95": percentile(95),
    })
}

/// As it is after the way from the service to here: reading a number may change its last digit,
/// for the same text always in the same way.
pub fn as_read(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap()
}

/// Compares what the service answers, but for rows with nothing in them, which must be zeros.
fn assert_same(rows: &[Value], expected: &Groups, label: impl Fn(&Value) -> String) {
    let mut found = 0;
    for row in rows {
        let key = KEY.map(|name| row["key"][name].as_str().map(str::to_owned));
        let place = (label(row), key);
        let tally = expected.get(&place).cloned().unwrap_or_default();
        found += usize::from(expected.contains_key(&place));
        let mut counts = json!({});
        let sum = [0, 1, 2, 3].map(|it| tally.counts[0][it] + tally.counts[1][it]);
        let sides = [tally.counts[0], tally.counts[1], sum];
        for (side, numbers) in SIDES.iter().chain(&["total"]).zip(sides) {
            counts[side]["total"] = json!(numbers.iter().sum::<u64>());
            for ((field, _), number) in OUTCOMES.iter().zip(numbers) {
                counts[side][field] = json!(number);
            }
        }
        assert_eq!(row["counts"], counts, "{place:?}");
        if let Some(durations) = row.get("durationSeconds") {
            assert_eq!(*durations, as_read(&describe(tally.millis)), "{place:?}");
        }
    }
    assert_eq!(found, expected.len(), "groups are missing: {expected:?}");
}

fn variables(questions: &Questions) -> Value {
    let groups = questions.groups.iter().map(|it| KEY[*it].to_uppercase());
    json!({
        "filter": questions.filter.of_releases(),
        "groups": groups.collect::<Vec<_>>(),
        "unit": if questions.packages { "PACKAGES" } else { "RELEASES" },
    })
}

async fn rows(app: &TestApp, query: &str, variables: Value) -> Vec<Value> {
    let mut data = app.query(query, variables).await;
    serde_json::from_value(data["rows"].take()).unwrap()
}

async fn check_totals(app: &TestApp, things: &[Thing], questions: &Questions) {
    let query = format!(
        "query ({VARIABLES}) {{ rows: releaseStats({ARGUMENTS}) {{ {FIELDS} {DURATIONS} }} }}"
    );
    let rows = rows(app, &query, variables(questions)).await;
    let mut expected = groups(things, &questions.groups, |_| Some(String::new()));
    if questions.groups.is_empty() {
        expected.entry((String::new(), Key::default())).or_default();
    }
    assert_eq!(rows.len(), expected.len());
    assert_same(&rows, &expected, |_| String::new());
}

async fn check_series(app: &TestApp, things: &[Thing], questions: &Questions) {
    let Questions {
        interval,
        zone,
        range: (from, to),
        fill,
        now,
        ..
    } = questions;
    let query = format!(
        "query ({VARIABLES}, $from: DateTime!, $to: DateTime, $interval: Interval, $zone: String,
            $fill: Boolean) {{
            rows: releaseSeries({ARGUMENTS}, from: $from, to: $to, interval: $interval,
                timeZone: $zone, fillGaps: $fill) {{
                start end isPartial {FIELDS} {DURATIONS} }} }}"
    );
    let mut variables = variables(questions);
    variables["from"] = json!(from.to_rfc3339());
    variables["to"] = json!(to.to_rfc3339());
    variables["interval"] = json!(interval);
    variables["zone"] = json!(zone.name());
    variables["fill"] = json!(fill);
    let points = rows(app, &query, variables).await;
    let expected = groups(things, &questions.groups, |thing| {
        let is_within = *from <= thing.time && thing.time < *to;
        is_within.then(|| bucket(interval, *zone, thing.time))
    });
    let bounds = |point: &Value| {
        let time = |value: &Value| value.as_str().unwrap().parse::<Time>().unwrap();
        (time(&point["start"]), time(&point["end"]))
    };
    assert_same(&points, &expected, |point| {
        bucket(interval, *zone, bounds(point).0)
    });
    for point in &points {
        assert_eq!(point["isPartial"], bounds(point).1 > *now);
    }
    if !fill {
        assert_eq!(points.len(), expected.len());
        return;
    }
    let keys: BTreeSet<_> = expected.keys().map(|(_, key)| key.clone()).collect();
    let is_one = questions.groups.is_empty();
    let buckets = points.iter().map(bounds).collect();
    assert_no_gaps(buckets, if is_one { 1 } else { keys.len() }, questions);
}

/// Without gaps each bucket is there once for each of `count` keys, and ends where the next one
/// begins.
fn assert_no_gaps(mut buckets: Vec<(Time, Time)>, count: usize, questions: &Questions) {
    let Questions {
        interval,
        zone,
        range: (from, to),
        ..
    } = questions;
    let points = buckets.len();
    let is_one = |chunk: &[(Time, Time)]| chunk.iter().all(|it| *it == chunk[0]);
    assert!(buckets.chunks(count.max(1)).all(is_one));
    buckets.dedup();
    assert_eq!(points, buckets.len() * count);
    assert!(buckets.windows(2).all(|pair| pair[0].1 == pair[1].0));
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        assert_eq!(count, 0);
        return;
    };
    assert!(first.0 <= *from && *from < first.1);
    assert!(last.0 < *to && *to <= last.1);
    for (start, end) in &buckets {
        let last = *end - chrono::TimeDelta::milliseconds(1);
        let label = |time: Time| bucket(interval, *zone, time);
        assert_eq!(label(*start), label(last), "no {interval} of {zone}");
    }
}

async fn check_histogram(app: &TestApp, things: &[Thing], questions: &Questions) {
    let query = format!(
        "query ({VARIABLES}, $part: CalendarPart!, $zone: String) {{
            rows: releaseHistogram({ARGUMENTS}, part: $part, timeZone: $zone) {{
                value {FIELDS} }} }}"
    );
    let mut variables = variables(questions);
    variables["part"] = json!(questions.part);
    variables["zone"] = json!(questions.zone.name());
    let bars = rows(app, &query, variables).await;
    let expected = groups(things, &questions.groups, |thing| {
        Some(part(questions.part, questions.zone, thing.time))
    });
    assert_same(&bars, &expected, |bar| bar["value"].to_string());
}

async fn check_timeline(app: &TestApp, world: &World, questions: &Questions) {
    let (from, to) = questions.range;
    let query = "query ($from: DateTime!, $to: DateTime, $filter: ReleaseFilter) {
        rows: timeline(from: $from, to: $to, filter: $filter) {
            time status rollback release { externalId } } }";
    let variables = json!({
        "from": from.to_rfc3339(),
        "to": to.to_rfc3339(),
        "filter": questions.filter.of_releases(),
    });
    let mut found = rows(app, query, variables).await;
    let times: Vec<Time> = found
        .iter()
        .map(|it| it["time"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(times.is_sorted());
    found.sort_by_key(|item| item["release"]["externalId"].to_string());
    let is_within = |time: Time| from <= time && time < to;
    let within = world
        .living()
        .filter(|it| questions.filter.takes_release(it) && is_within(it.time()));
    let mut expected: Vec<_> = within
        .map(|release| {
            json!({
                "time": release.time().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                "status": release.status(),
                "rollback": release.is_rollback(),
                "release": { "externalId": release.key },
            })
        })
        .collect();
    expected.sort_by_key(|item| item["release"]["externalId"].to_string());
    assert_eq!(found, expected);
}
