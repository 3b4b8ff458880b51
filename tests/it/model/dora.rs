//! DORA's metrics, by the letter of their definitions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, TimeDelta};
use serde_json::{Value, json};

use super::calendar::{bucket, date};
use super::counts::{as_read, describe};
use super::story::{Dora, PLATFORMS, Questions, Time};
use super::versions::is_rollback;
use super::world::{Deployment, World};
use crate::app::TestApp;

const POINT: &str = "start end isPartial
    deploymentFrequency { perDay perWeek deployments rollbacks activeDays medianActiveDaysPerWeek }
    changeLeadTime {
        stats { sampleSize mean min max p50 p75 p90 p95 } coverage { value numerator denominator } }
    changeFailRate { value numerator denominator }
    failedDeploymentRecoveryTime {
        stats { sampleSize mean min max p50 p75 p90 p95 } unrecovered }
    deploymentReworkRate { value numerator denominator }";

/// What there is to know of a package that is asked for.
#[expect(clippy::struct_excessive_bools, reason = "the definitions are truths")]
struct Fact<'a> {
    it: Deployment<'a>,
    is_done: bool,
    is_rollback: bool,
    is_failed: bool,
    restored: Option<Time>,
    is_remedy: bool,
    /// Whether its version is new on one of its platforms.
    is_new: bool,
}

/// What is counted: a package, or a release.
struct Unit<'a> {
    facts: Vec<&'a Fact<'a>>,
}

/// The history as far as the platforms that are asked for see it.
struct View<'a> {
    world: &'a World,
    dora: &'a Dora,
}

/// Asks what the questions say, and compares.
pub async fn check(app: &TestApp, world: &World, questions: &Questions) {
    let dora = &questions.dora;
    let query = format!(
        "query ($input: DoraInput!) {{ dora(input: $input) {{
            total {{ {POINT} }} series {{ {POINT} }}
            failedDeployments(first: 1000) {{ totalCount nodes {{ externalId }} }} }} }}"
    );
    let (from, to) = dora.range;
    let input = json!({
        "from": from.to_rfc3339(),
        "to": to.to_rfc3339(),
        "platforms": dora.platforms,
        "filter": dora.filter.of_packages(),
        "countBy": if dora.packages { "PACKAGES" } else { "RELEASES" },
        "interval": dora.interval,
        "timeZone": questions.zone.name(),
        "countFailedDeployments": dora.count_failed,
    });
    let data = app.query(&query, json!({ "input": input })).await;
    let report = &data["dora"];
    let view = View { world, dora };
    let facts = view.facts();
    let units = units(&facts, dora.packages);
    let expected = point((from, to), (from, to), &facts, &units, questions);
    assert_eq!(report["total"], as_read(&expected), "total");
    let series = report["series"].as_array().unwrap();
    check_series(series, &facts, &units, questions);
    let failed = &report["failedDeployments"];
    let behind = failed_deployments(&units, dora);
    assert_eq!(failed["totalCount"], behind.len());
    assert_eq!(failed["nodes"], json!(behind));
}

impl<'a> View<'a> {
    /// The platforms that are asked for; none is one as well where all are.
    fn platforms(&self) -> Vec<Option<&'static str>> {
        match &self.dora.platforms {
            Some(platforms) => platforms.iter().copied().map(Some).collect(),
            None => PLATFORMS.iter().copied().map(Some).chain([None]).collect(),
        }
    }

    fn platforms_of(&self, it: Deployment<'_>) -> Vec<Option<&'static str>> {
        let own = it.platforms();
        let mut asked = self.platforms();
        asked.retain(|platform| own.contains(platform));
        asked
    }

    fn is_rollback(&self, it: Deployment<'_>) -> bool {
        let detected = || {
            it.package.status == "SUCCESSFUL" && is_rollback(self.world, it, &self.platforms_of(it))
        };
        it.package.rollback.unwrap_or_else(detected)
    }

    fn facts(&self) -> Vec<Fact<'a>> {
        let asked = self
            .world
            .deployments()
            .filter(|it| self.dora.filter.takes(*it) && !self.platforms_of(*it).is_empty());
        asked.map(|it| self.fact(it)).collect()
    }

    fn fact(&self, it: Deployment<'a>) -> Fact<'a> {
        let is_done = ["SUCCESSFUL", "FAILED"].contains(&it.package.status);
        let is_rollback = self.is_rollback(it);
        let has_failed = it.package.status == "FAILED";
        let blamed = self.rolled_back(it);
        let incidents = self.incidents(it);
        let causes =
            (has_failed && self.dora.count_failed) || blamed.is_some() || !incidents.is_empty();
        let known: Option<Vec<Time>> = incidents.iter().copied().collect();
        let resolved = known.and_then(|times| times.into_iter().max());
        let mended = || if has_failed { self.mended(it) } else { None };
        Fact {
            it,
            is_done,
            is_rollback,
            is_failed: is_done && !is_rollback && causes,
            restored: resolved.or(blamed).or_else(mended),
            is_remedy: self.is_remedy(it),
            is_new: self.is_new(it),
        }
    }

    /// When a rollback that blames this package happened: on each platform the first such, and of
    /// several platforms the last.
    fn rolled_back(&self, it: Deployment<'_>) -> Option<Time> {
        let on = self.platforms_of(it).into_iter().filter_map(|platform| {
            let line = self.world.line(it.package.name, platform);
            let rollbacks = line
                .iter()
                .enumerate()
                .filter(|(_, other)| self.is_rollback(**other));
            let blaming = rollbacks.filter_map(|(place, rollback)| {
                let culprit = line.get(culprit(&line, place)?)?;
                (culprit.is(it) && !self.is_rollback(*culprit)).then(|| rollback.effective())
            });
            blaming.min()
        });
        on.max()
    }

    /// When each failure of this package was over, as far as that is known.
    fn incidents(&self, it: Deployment<'_>) -> Vec<Option<Time>> {
        let world = self.world;
        let of_it = world.failures.iter().filter(|failure| {
            let release = &world.releases[failure.release];
            let package = failure.package.map(|place| &release.packages[place].key);
            release.key == it.release.key && package.is_none_or(|key| *key == it.package.key)
        });
        let end = |failure: &super::world::Failure| {
            let by = failure.resolved_by.map(|place| &world.releases[place]);
            let by = by.filter(|release| !release.is_deleted).map(|release| {
                let packages = release.living();
                let times = packages.map(|package| Deployment { package, release }.effective());
                let own = release.finished.or(release.started);
                times.max().or(own).unwrap_or(release.told_at)
            });
            let counts = |time: &Time| *time >= it.effective();
            failure.resolved.filter(counts).or(by.filter(counts))
        };
        of_it.map(end).collect()
    }

    /// When the next package of the name succeeded; of several platforms the last.
    fn mended(&self, it: Deployment<'_>) -> Option<Time> {
        let on = self.platforms_of(it).into_iter().filter_map(|platform| {
            let line = self.world.line(it.package.name, platform);
            let next = line.into_iter().find(|other| other.place() > it.place());
            next.map(Deployment::effective)
        });
        on.max()
    }

    fn is_remedy(&self, it: Deployment<'_>) -> bool {
        self.world.failures.iter().any(|failure| {
            let by = failure
                .resolved_by
                .map(|place| &self.world.releases[place].key);
            by == Some(&it.release.key) && !self.world.releases[failure.release].is_deleted
        })
    }

    fn is_new(&self, it: Deployment<'_>) -> bool {
        self.platforms_of(it).into_iter().any(|platform| {
            let line = self.world.line(it.package.name, platform);
            let place = line.iter().position(|other| other.is(it));
            place.is_some_and(|place| last_same(&line, place).is_none())
        })
    }
}

/// The last earlier place on a line with the same version.
fn last_same(line: &[Deployment<'_>], place: usize) -> Option<usize> {
    let version = line[place].package.version?;
    let earlier = line[..place].iter();
    earlier
        .rev()
        .position(|it| it.package.version == Some(version))
        .map(|back| place - 1 - back)
}

/// The place of what a rollback blames: what came right after the version that it brings back,
/// else what it replaced.
fn culprit(line: &[Deployment<'_>], place: usize) -> Option<usize> {
    match last_same(line, place) {
        Some(same) => Some(same + 1),
        None => place.checked_sub(1),
    }
}

/// Packages by themselves, or those of each release together.
fn units<'a>(facts: &'a [Fact<'a>], packages: bool) -> Vec<Unit<'a>> {
    let mut units: BTreeMap<&str, Unit<'a>> = BTreeMap::new();
    for fact in facts {
        let key = if packages {
            &fact.it.package.key
        } else {
            &fact.it.release.key
        };
        let unit = units
            .entry(key)
            .or_insert_with(|| Unit { facts: Vec::new() });
        unit.facts.push(fact);
    }
    units.into_values().collect()
}

impl Unit<'_> {
    fn effective(&self) -> Time {
        self.facts
            .iter()
            .map(|fact| fact.it.effective())
            .max()
            .unwrap()
    }

    fn is_done(&self) -> bool {
        self.facts.iter().all(|fact| fact.is_done)
    }

    fn is_successful(&self) -> bool {
        self.is_done()
            && self
                .facts
                .iter()
                .all(|fact| fact.it.package.status == "SUCCESSFUL")
    }

    fn is_rollback(&self) -> bool {
        self.facts.iter().any(|fact| fact.is_rollback)
    }

    fn is_change(&self, count_failed: bool) -> bool {
        self.is_done() && !self.is_rollback() && (count_failed || self.is_successful())
    }

    fn is_failed(&self) -> bool {
        self.facts.iter().any(|fact| fact.is_failed)
    }

    fn is_rework(&self) -> bool {
        self.is_done() && (self.is_rollback() || self.facts.iter().any(|fact| fact.is_remedy))
    }

    /// When the last of what failed was restored, if all of it was.
    fn restored(&self) -> Option<Time> {
        let failed = self.facts.iter().filter(|fact| fact.is_failed);
        let times: Option<Vec<Time>> = failed.map(|fact| fact.restored).collect();
        times?.into_iter().max()
    }
}

#[expect(clippy::cast_precision_loss, reason = "no story is that long")]
fn rate(numerator: usize, denominator: usize) -> Value {
    let value = (denominator > 0).then(|| numerator as f64 / denominator as f64);
    json!({ "value": value, "numerator": numerator, "denominator": denominator })
}

/// The metrics of what happened in both a stretch of time and the window.
#[expect(clippy::cast_precision_loss, reason = "no story is that long")]
fn point(
    stretch: (Time, Time),
    window: (Time, Time),
    facts: &[Fact<'_>],
    units: &[Unit<'_>],
    questions: &Questions,
) -> Value {
    let clipped = (stretch.0.max(window.0), stretch.1.min(window.1));
    let is_within = |time: Time| clipped.0 <= time && time < clipped.1;
    let units: Vec<_> = units
        .iter()
        .filter(|unit| is_within(unit.effective()))
        .collect();
    let count = |is: &dyn Fn(&Unit<'_>) -> bool| units.iter().filter(|unit| is(unit)).count();
    let count_failed = questions.dora.count_failed;
    let deployments = count(&|unit| unit.is_successful());
    let per_day = deployments as f64 / ((clipped.1 - clipped.0).as_seconds_f64() / 86_400.0);
    let days: BTreeSet<_> = units
        .iter()
        .filter(|unit| unit.is_successful())
        .map(|unit| date(questions.zone, unit.effective()))
        .collect();
    let is_failure = |unit: &Unit<'_>| unit.is_change(count_failed) && unit.is_failed();
    let failed = units.iter().filter(|unit| is_failure(unit));
    let recoveries = failed.filter_map(|unit| {
        let restored = unit.restored()?;
        Some((restored - unit.effective()).num_milliseconds())
    });
    let recoveries: Vec<_> = recoveries.collect();
    let unrecovered = count(&is_failure) - recoveries.len();
    let rfc = |time: Time| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    json!({
        "start": rfc(stretch.0),
        "end": rfc(stretch.1),
        "isPartial": stretch.1 > questions.now,
        "deploymentFrequency": {
            "perDay": per_day,
            "perWeek": per_day * 7.0,
            "deployments": deployments,
            "rollbacks": count(&|unit| unit.is_successful() && unit.is_rollback()),
            "activeDays": days.len(),
            "medianActiveDaysPerWeek": median_week(clipped, &days, questions),
        },
        "changeLeadTime": lead_time(facts, &is_within),
        "changeFailRate": rate(count(&is_failure), count(&|unit| unit.is_change(count_failed))),
        "failedDeploymentRecoveryTime": {
            "stats": describe(recoveries),
            "unrecovered": unrecovered,
        },
        "deploymentReworkRate": rate(count(&|unit| unit.is_rework()), count(&|unit| unit.is_done())),
    })
}

/// Over the first deployments of a version within a stretch of time.
fn lead_time(facts: &[Fact<'_>], is_within: &dyn Fn(Time) -> bool) -> Value {
    let is_first = |fact: &&Fact<'_>| {
        let it = fact.it;
        it.package.status == "SUCCESSFUL"
            && fact.is_new
            && !fact.is_rollback
            && is_within(it.effective())
    };
    let first_ones: Vec<_> = facts.iter().filter(is_first).collect();
    let leads = first_ones.iter().filter_map(|fact| {
        let lead = fact.it.effective() - fact.it.package.committed?;
        (lead >= TimeDelta::zero()).then(|| lead.num_milliseconds())
    });
    let is_known = |fact: &&&Fact<'_>| fact.it.package.committed.is_some();
    let known = first_ones.iter().filter(is_known).count();
    json!({ "stats": describe(leads.collect()), "coverage": rate(known, first_ones.len()) })
}

/// The median number of active days over the full weeks of a stretch, empty ones included.
#[expect(clippy::cast_precision_loss, reason = "a week has seven days")]
fn median_week(
    (from, to): (Time, Time),
    days: &BTreeSet<chrono::NaiveDate>,
    questions: &Questions,
) -> Option<f64> {
    let zone = questions.zone;
    let monday =
        |day: chrono::NaiveDate| day - TimeDelta::days(day.weekday().num_days_from_monday().into());
    // A week is full when the instants before and after the stretch lie in other weeks.
    let millisecond = TimeDelta::milliseconds(1);
    let (before, after) = (
        monday(date(zone, from - millisecond)),
        monday(date(zone, to)),
    );
    let mut week = monday(date(zone, from));
    if week == before {
        week += TimeDelta::days(7);
    }
    let mut counts = Vec::new();
    while week < after {
        counts.push(days.iter().filter(|day| monday(**day) == week).count());
        week += TimeDelta::days(7);
    }
    counts.sort_unstable();
    let (low, high) = (counts.len().checked_sub(1)? / 2, counts.len() / 2);
    Some((counts[low] + counts[high]) as f64 / 2.0)
}

fn check_series(series: &[Value], facts: &[Fact<'_>], units: &[Unit<'_>], questions: &Questions) {
    let Questions { zone, dora, .. } = questions;
    let (from, to) = dora.range;
    let time = |value: &Value| value.as_str().unwrap().parse::<Time>().unwrap();
    let bounds: Vec<_> = series
        .iter()
        .map(|it| (time(&it["start"]), time(&it["end"])))
        .collect();
    assert!(bounds.windows(2).all(|pair| pair[0].1 == pair[1].0));
    let (first, last) = (bounds[0], bounds[bounds.len() - 1]);
    assert!(first.0 <= from && from < first.1 && last.0 < to && to <= last.1);
    for (stretch, said) in bounds.iter().zip(series) {
        let label = |time: Time| bucket(dora.interval, *zone, time);
        assert_eq!(
            label(stretch.0),
            label(stretch.1 - TimeDelta::milliseconds(1))
        );
        assert_ne!(label(stretch.0), label(stretch.1));
        let expected = point(*stretch, dora.range, facts, units, questions);
        assert_eq!(*said, as_read(&expected));
    }
}

/// The packages behind the change fail rate, the latest first.
fn failed_deployments(units: &[Unit<'_>], dora: &Dora) -> Vec<Value> {
    let (from, to) = dora.range;
    let behind = units.iter().filter(|unit| {
        let time = unit.effective();
        from <= time && time < to && unit.is_change(dora.count_failed) && unit.is_failed()
    });
    let facts = behind.flat_map(|unit| unit.facts.iter().filter(|fact| fact.is_failed));
    let mut packages: Vec<_> = facts.map(|fact| fact.it).collect();
    packages.sort_by_key(|it| std::cmp::Reverse((it.effective(), it.package.id.clone())));
    packages
        .into_iter()
        .map(|it| json!({ "externalId": it.package.key }))
        .collect()
}
