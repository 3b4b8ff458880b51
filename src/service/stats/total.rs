//! Statistics over all time.

use super::facts::Facts;
use super::group::{Grouping, sort};
use super::{CountSplit, DurationStats, Key, MAX_GROUPS, Question};
use crate::service::{Result, Service};

/// The statistics of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct StatsRow {
    /// What the group has in common.
    pub key: Key,
    /// How many there are.
    pub counts: CountSplit,
    /// How long they took.
    pub durations: DurationStats,
}

/// The statistics of each group, by key. Without groups it is always one row.
///
/// # Errors
/// When the filter makes no sense, there are more than [`MAX_GROUPS`] groups, or the database
/// fails.
pub async fn totals(service: &Service, question: &Question) -> Result<Vec<StatsRow>> {
    let grouping = Grouping::of(question, false);
    let facts = Facts::by_day(service, question)?;
    let limit = ("groups", MAX_GROUPS);
    let mut groups = grouping.groups(service, facts, limit).await?;
    sort(&mut groups, &grouping.dimensions);
    let rows = groups.into_iter().map(|group| StatsRow {
        key: group.key,
        counts: group.counts,
        durations: group.durations,
    });
    Ok(rows.collect())
}
