//! Statistics along time.

use entity::Timestamp;
use sea_orm::sea_query::Expr;

use super::calendar::{Bucket, Interval, Zone, buckets};
use super::facts::{Facts, TIME};
use super::group::{Grouping, fill, sort};
use super::piecewise::bucket_number;
use super::{CountSplit, DurationStats, Key, MAX_POINTS, Question};
use crate::service::{Result, Service};

/// The time that a series covers, and how it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// What happened before does not count.
    pub from: Timestamp,
    /// What happened then or later does not count; now when missing.
    pub to: Option<Timestamp>,
    /// How long a bucket is.
    pub interval: Interval,
    /// Whose clocks say where a bucket begins.
    pub zone: Zone,
    /// Whether there are points as well where nothing happened.
    pub fill_gaps: bool,
}

/// The statistics of one group in one bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesPoint {
    /// The bucket. The first and the last of a series may begin before it and end after it.
    pub bucket: Bucket,
    /// Whether the bucket is not over yet.
    pub is_partial: bool,
    /// What the group has in common.
    pub key: Key,
    /// How many there are.
    pub counts: CountSplit,
    /// How long they took.
    pub durations: DurationStats,
}

/// The statistics of each bucket and each group that there is in any of them, by time and then by
/// key.
///
/// # Errors
/// When filter or time make no sense, there are too many buckets or points, or the database fails.
pub async fn series(
    service: &Service,
    question: &Question,
    steps: &Steps,
) -> Result<Vec<SeriesPoint>> {
    let now = service.now();
    let to = steps.to.unwrap_or(now);
    let buckets = buckets(steps.zone, steps.interval, steps.from, to)?;
    let grouping = Grouping::of(question, true);
    let facts = Facts::within(service, question, (steps.from, to), &buckets)?;
    let facts = facts.placed(bucket_number(&Expr::col(TIME), &buckets));
    let limit = ("points", MAX_POINTS);
    let mut groups = grouping.groups(service, facts, limit).await?;
    sort(&mut groups, &grouping.dimensions);
    if steps.fill_gaps {
        let count = i64::try_from(buckets.len()).unwrap_or(i64::MAX);
        let places: Vec<i64> = (0..count).collect();
        groups = fill(groups, &grouping.dimensions, &places)?;
    }
    let points = groups.into_iter().filter_map(|group| {
        let bucket = *buckets.get(usize::try_from(group.place).ok()?)?;
        Some(SeriesPoint {
            bucket,
            is_partial: bucket.is_partial(now),
            key: group.key,
            counts: group.counts,
            durations: group.durations,
        })
    });
    Ok(points.collect())
}
