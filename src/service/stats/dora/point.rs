//! Counting units, bucket by bucket.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{Expr, Func, Query, SelectStatement, UnionType, WithClause};
use sea_orm::{ConnectionTrait as _, QueryResult};

use super::super::calendar::{Bucket, DAY, Interval, buckets};
use super::super::duration::{self, DURATIONS, DurationStats};
use super::super::facts::DURATION;
use super::super::group::{LAYER, PLACE};
use super::super::piecewise::clock_time;
use super::{DoraQuestion, fact, unit};
use crate::service::{Result, Service, sql};
use entity::Timestamp;

/// The metrics of one stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct DoraPoint {
    /// The stretch; a bucket of a series may begin before its window and end after it.
    pub bucket: Bucket,
    /// How often was deployed.
    pub deployment_frequency: Frequency,
    /// How long changes took from commit to deployment.
    pub change_lead_time: LeadTime,
    /// How many changes failed.
    pub change_fail_rate: Rate,
    /// How long it took to recover from those.
    pub recovery_time: RecoveryTime,
    /// How much was done only to mend.
    pub rework_rate: Rate,
}

/// How often was deployed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frequency {
    /// Successful deployments, rollbacks among them.
    pub deployments: u64,
    /// Those that are rollbacks.
    pub rollbacks: u64,
    /// Deployments for each day of 24 hours.
    pub per_day: f64,
    /// Deployments for each week of 168 hours.
    pub per_week: f64,
    /// Days on which something was deployed.
    pub active_days: u64,
    /// The median of such days over the full weeks; missing when there is none.
    pub median_active_days_per_week: Option<f64>,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// How many count.
    pub numerator: u64,
    /// Out of how many.
    pub denominator: u64,
}

impl Rate {
    /// The part as a number from 0 to 1; missing when there is no whole.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "no one has that many deployments"
    )]
    pub fn value(self) -> Option<f64> {
        (self.denominator > 0).then(|| self.numerator as f64 / self.denominator as f64)
    }
}

/// How long changes took from commit to deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeadTime {
    /// The times, where the commit is known.
    pub stats: DurationStats,
    /// How many commits are known.
    pub coverage: Rate,
}

/// How long it took to recover.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RecoveryTime {
    /// The times, where the recovery is known.
    pub stats: DurationStats,
    /// How many failed changes no recovery is known of.
    pub unrecovered: u64,
}

impl DoraPoint {
    /// A stretch of time in which nothing happened.
    pub(super) fn empty(bucket: Bucket) -> Self {
        Self {
            bucket,
            deployment_frequency: Frequency::default(),
            change_lead_time: LeadTime::default(),
            change_fail_rate: Rate::default(),
            recovery_time: RecoveryTime::default(),
            rework_rate: Rate::default(),
        }
    }
}

/// The pieces of the answer: rows of one statement, with [`PIECE`] to tell them apart.
const PIECE: &str = "piece";
const COUNTS: i64 = 0;
const RECOVERIES: i64 = 1;
const LEADS: i64 = 2;
const DAYS: i64 = 3;

/// The layer of what is counted.
const UNITS: &str = "units";
const KNOWN: &str = "known";
const EVERYTHING: &str = "everything";
const DAY_NUMBER: &str = "day_number";

/// Conditions on units, and the columns with how many meet them.
const COUNTED: [(&str, &str); 7] = [
    ("is_done = 1", "done"),
    ("is_deployment = 1", "deployments"),
    ("is_deployment = 1 AND is_rollback = 1", "rollbacks"),
    ("is_change = 1", "changes"),
    ("is_change_failure = 1", "change_failures"),
    (
        "is_change_failure = 1 AND restored_at IS NULL",
        "unrecovered",
    ),
    ("is_rework = 1", "reworks"),
];

/// What the statement is made of.
struct Pieces<'a> {
    service: &'a Service,
    question: &'a DoraQuestion,
    window: (Timestamp, Timestamp),
    buckets: &'a [Bucket],
    layers: WithClause,
}

/// The metrics of each of `buckets`, which cover the window.
pub(super) async fn points(
    service: &Service,
    question: &DoraQuestion,
    window: (Timestamp, Timestamp),
    buckets: &[Bucket],
) -> Result<Vec<DoraPoint>> {
    let layers = fact::layers(service, question, window).await?;
    let _permit = service.database.place_for_many().await;
    let pieces = Pieces {
        service,
        question,
        window,
        buckets,
        layers,
    };
    let mut points: Vec<_> = buckets.iter().copied().map(DoraPoint::empty).collect();
    let mut days: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    for row in pieces.fetch().await? {
        let place: i64 = row.try_get("", PLACE)?;
        let piece: i64 = row.try_get("", PIECE)?;
        if piece == DAYS {
            let day = row.try_get("", DAY_NUMBER)?;
            days.entry(place).or_default().insert(day);
            continue;
        }
        let index = usize::try_from(place).ok();
        if let Some(point) = index.and_then(|index| points.get_mut(index)) {
            read(point, piece, &row)?;
        }
    }
    pieces.spread(&mut points, &days)?;
    Ok(points)
}

/// Takes over what a row says.
fn read(point: &mut DoraPoint, piece: i64, row: &QueryResult) -> Result<()> {
    match piece {
        COUNTS => count(point, row)?,
        RECOVERIES => point.recovery_time.stats = described(row)?,
        _ => {
            point.change_lead_time.stats = described(row)?;
            point.change_lead_time.coverage = Rate {
                numerator: sql::unsigned(row.try_get("", KNOWN)?),
                denominator: sql::unsigned(row.try_get("", EVERYTHING)?),
            };
        }
    }
    Ok(())
}

fn count(point: &mut DoraPoint, row: &QueryResult) -> Result<()> {
    let number = |name: &str| Result::Ok(sql::unsigned(row.try_get("", name)?));
    let done = number("done")?;
    point.deployment_frequency.deployments = number("deployments")?;
    point.deployment_frequency.rollbacks = number("rollbacks")?;
    point.change_fail_rate = Rate {
        numerator: number("change_failures")?,
        denominator: number("changes")?,
    };
    point.recovery_time.unrecovered = number("unrecovered")?;
    point.rework_rate = Rate {
        numerator: number("reworks")?,
        denominator: done,
    };
    Ok(())
}

impl Pieces<'_> {
    /// All pieces in one statement, so that the facts are found once.
    async fn fetch(&self) -> Result<Vec<QueryResult>> {
        let mut layers = self.layers.clone();
        let units = unit::units(self.question, self.window, self.buckets);
        layers.cte(sql::computed_first(UNITS, units));
        let counts = COUNTED.map(|(_, name)| name);
        let lead = [DURATIONS, KNOWN, EVERYTHING];
        let mut query = aligned(COUNTS, Self::counts(), &counts);
        query
            .union(
                UnionType::All,
                aligned(RECOVERIES, Self::recoveries(), &[DURATIONS]),
            )
            .union(UnionType::All, aligned(LEADS, self.leads(), &lead))
            .union(UnionType::All, aligned(DAYS, self.days(), &[DAY_NUMBER]))
            .with_cte(layers);
        Ok(self.service.reader().query_all(&query).await?)
    }

    fn counts() -> SelectStatement {
        let mut query = Query::select();
        query.column(PLACE);
        for (condition, name) in COUNTED {
            query.expr(Expr::cust(format!(
                "count(CASE WHEN {condition} THEN 1 END) AS {name}"
            )));
        }
        query.from(UNITS).group_by_columns([PLACE]).take()
    }

    fn recoveries() -> SelectStatement {
        let times = Query::select()
            .column(PLACE)
            .expr_as(Expr::cust("restored_at - effective_at"), DURATION)
            .from(UNITS)
            .and_where(Expr::cust("is_change_failure = 1"))
            .take();
        listed(times)
    }

    fn leads(&self) -> SelectStatement {
        let mut query = listed(unit::first_deployments(self.window, self.buckets, DURATION));
        query
            .expr_as(Func::count(Expr::col("committed_at")), KNOWN)
            .expr_as(Func::count(Expr::cust("*")), EVERYTHING);
        query
    }

    /// The days, counted from 1970 on the clock, on which something was deployed, by bucket.
    fn days(&self) -> SelectStatement {
        let (from, to) = self.window;
        let spans = self
            .question
            .zone
            .spans(from.0.timestamp_millis(), to.0.timestamp_millis());
        let clock = clock_time(&Expr::col("effective_at"), &spans);
        Query::select()
            .column(PLACE)
            .expr_as(sea_orm::sea_query::ExprTrait::div(clock, DAY), DAY_NUMBER)
            .from(UNITS)
            .and_where(Expr::cust("is_deployment = 1"))
            .distinct()
            .take()
    }

    /// Fills in what depends on the days and on the length of the buckets.
    fn spread(&self, points: &mut [DoraPoint], days: &BTreeMap<i64, BTreeSet<i64>>) -> Result<()> {
        let none = BTreeSet::new();
        for (place, point) in (0_i64..).zip(points) {
            let active = days.get(&place).unwrap_or(&none);
            let stretch = self.clipped(point.bucket);
            let seconds = (stretch.end.0 - stretch.start.0).as_seconds_f64();
            let frequency = &mut point.deployment_frequency;
            #[expect(
                clippy::cast_precision_loss,
                reason = "no one has that many deployments"
            )]
            let deployments = frequency.deployments as f64;
            frequency.per_day = deployments / (seconds / 86_400.0);
            frequency.per_week = frequency.per_day * 7.0;
            frequency.active_days = active.len() as u64;
            frequency.median_active_days_per_week = self.median_week(stretch, active)?;
        }
        Ok(())
    }

    /// The part of a bucket that lies in the window.
    fn clipped(&self, bucket: Bucket) -> Bucket {
        let (from, to) = self.window;
        let start = if bucket.start.0 < from.0 {
            from
        } else {
            bucket.start
        };
        let end = if bucket.end.0 > to.0 { to } else { bucket.end };
        Bucket { start, end }
    }

    /// The median of active days over the full weeks of a stretch, empty weeks included.
    fn median_week(&self, stretch: Bucket, active: &BTreeSet<i64>) -> Result<Option<f64>> {
        let zone = self.question.zone;
        let weeks = buckets(zone, Interval::Week, stretch.start, stretch.end)?;
        let is_full =
            |week: &&Bucket| week.start.0 >= stretch.start.0 && week.end.0 <= stretch.end.0;
        let day = |time: Timestamp| zone.clock(time.0.timestamp_millis()).div_euclid(DAY);
        let count = |week: &Bucket| active.range(day(week.start)..day(week.end)).count();
        let mut counts: Vec<_> = weeks.iter().filter(is_full).map(count).collect();
        counts.sort_unstable();
        let middle = counts.len() / 2;
        #[expect(clippy::cast_precision_loss, reason = "a week has seven days")]
        let at = |index: usize| counts.get(index).map(|count| *count as f64);
        if counts.len() % 2 == 1 {
            return Ok(at(middle));
        }
        Ok(middle
            .checked_sub(1)
            .and_then(at)
            .zip(at(middle))
            .map(|(low, high)| f64::midpoint(low, high)))
    }
}

/// The rows of a piece with the columns of all pieces, empty but for its `own`.
fn aligned(piece: i64, rows: SelectStatement, own: &[&'static str]) -> SelectStatement {
    let counts = COUNTED.map(|(_, name)| (name, "bigint"));
    let others = [KNOWN, EVERYTHING, DAY_NUMBER].map(|name| (name, "bigint"));
    let mut query = Query::select();
    query.expr_as(Expr::val(piece), PIECE).column(PLACE);
    for (name, kind) in counts.iter().chain(&others).chain(&[(DURATIONS, "text")]) {
        if own.contains(name) {
            query.column(*name);
        } else {
            query.expr_as(Expr::cust(format!("CAST(NULL AS {kind})")), *name);
        }
    }
    query.from_subquery(rows, LAYER).take()
}

/// The durations at each place.
fn listed(durations: SelectStatement) -> SelectStatement {
    let mut query = Query::select();
    query
        .column(PLACE)
        .from_subquery(durations, LAYER)
        .group_by_columns([PLACE]);
    duration::select(&mut query);
    query.take()
}

/// The statistics of the durations that a row lists.
fn described(row: &QueryResult) -> Result<DurationStats> {
    let mut durations = Vec::new();
    duration::read(row, &mut durations)?;
    Ok(DurationStats::of(durations))
}
