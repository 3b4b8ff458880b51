//! Statistics.

use async_graphql::SimpleObject;

use crate::graphql::scalars::DateTime;
use crate::service::stats;

/// How many there are of each status.
#[derive(Clone, Debug, SimpleObject)]
pub struct OutcomeCounts {
    /// All of them: the sum of the other four.
    pub total: u64,
    /// Those that finished well.
    pub successful: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those under way.
    pub in_progress: u64,
    /// Those of which nothing has happened yet.
    pub not_started: u64,
}

impl From<stats::OutcomeCounts> for OutcomeCounts {
    fn from(counts: stats::OutcomeCounts) -> Self {
        Self {
            total: counts.total(),
            successful: counts.successful,
            failed: counts.failed,
            in_progress: counts.in_progress,
            not_started: counts.not_started,
        }
    }
}

/// How many there are, with rollbacks apart.
#[derive(Clone, Debug, SimpleObject)]
pub struct CountSplit {
    /// Those that are no rollbacks.
    pub normal: OutcomeCounts,
    /// Rollbacks: packages recorded as such, and releases with such a package.
    pub rollback: OutcomeCounts,
    /// Both together.
    pub total: OutcomeCounts,
}

impl From<stats::CountSplit> for CountSplit {
    fn from(counts: stats::CountSplit) -> Self {
        Self {
            normal: counts.normal.into(),
            rollback: counts.rollback.into(),
            total: counts.total().into(),
        }
    }
}

/// How long things took, in seconds. Only what has a duration is in the sample: what both started
/// and finished, in this order. A percentile between two durations is interpolated linearly.
#[derive(Clone, Debug, SimpleObject)]
pub struct DurationStats {
    /// How many durations there are; all else is null when there are none.
    pub sample_size: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// The shortest.
    pub min: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
    /// The median: half of them are not longer.
    pub p50: Option<f64>,
    /// Three of four are not longer.
    pub p75: Option<f64>,
    /// Nine of ten are not longer.
    pub p90: Option<f64>,
    /// Nineteen of twenty are not longer.
    pub p95: Option<f64>,
}

impl From<stats::DurationStats> for DurationStats {
    fn from(stats: stats::DurationStats) -> Self {
        let stats::DurationStats {
            sample_size,
            mean,
            min,
            max,
            p50,
            p75,
            p90,
            p95,
        } = stats;
        Self {
            sample_size,
            mean,
            min,
            max,
            p50,
            p75,
            p90,
            p95,
        }
    }
}

/// What the releases or packages of a group have in common. A field that was not grouped by is
/// null; one that was is null for those that name nothing there, such as no platform.
#[derive(Clone, Debug, SimpleObject)]
pub struct GroupKey {
    /// The person who released.
    pub user: Option<String>,
    /// The team that the release was for.
    pub team: Option<String>,
    /// The name of the platform.
    pub platform: Option<String>,
    /// The name of the package.
    pub package: Option<String>,
}

impl From<stats::Key> for GroupKey {
    fn from(key: stats::Key) -> Self {
        let stats::Key {
            user,
            team,
            platform,
            package,
        } = key;
        Self {
            user,
            team,
            platform,
            package,
        }
    }
}

/// The statistics of one group.
#[derive(Clone, Debug, SimpleObject)]
pub struct StatsRow {
    /// Which group.
    pub key: GroupKey,
    /// How many there are.
    pub counts: CountSplit,
    /// How long they took, in seconds.
    pub duration_seconds: DurationStats,
}

impl From<stats::StatsRow> for StatsRow {
    fn from(row: stats::StatsRow) -> Self {
        Self {
            key: row.key.into(),
            counts: row.counts.into(),
            duration_seconds: row.durations.into(),
        }
    }
}

/// The statistics of one group in one bucket of a series.
#[derive(Clone, Debug, SimpleObject)]
pub struct SeriesPoint {
    /// When the bucket begins. That of the first bucket may lie before `from`, but nothing from
    /// before `from` is counted.
    pub start: DateTime,
    /// When the next bucket begins. That of the last bucket may lie after `to`, but nothing from
    /// `to` on is counted.
    pub end: DateTime,
    /// Whether the bucket is not over yet, so that its numbers may still grow.
    pub is_partial: bool,
    /// Which group.
    pub key: GroupKey,
    /// How many there are.
    pub counts: CountSplit,
    /// How long they took, in seconds.
    pub duration_seconds: DurationStats,
}

impl From<stats::SeriesPoint> for SeriesPoint {
    fn from(point: stats::SeriesPoint) -> Self {
        Self {
            start: point.bucket.start.into(),
            end: point.bucket.end.into(),
            is_partial: point.is_partial,
            key: point.key.into(),
            counts: point.counts.into(),
            duration_seconds: point.durations.into(),
        }
    }
}

/// How many there are of one group at one value of a part of the calendar.
#[derive(Clone, Debug, SimpleObject)]
pub struct HistogramBar {
    /// The value, e.g. 1 for Monday or 13 for the hour from 13:00 on.
    pub value: i64,
    /// The value as a person writes it: `13:00`, `Monday`, `31`, `W01`, `January` or `2026`.
    pub label: String,
    /// Which group.
    pub key: GroupKey,
    /// How many there are.
    pub counts: CountSplit,
}

impl From<stats::HistogramBar> for HistogramBar {
    fn from(bar: stats::HistogramBar) -> Self {
        Self {
            value: bar.value,
            label: bar.label,
            key: bar.key.into(),
            counts: bar.counts.into(),
        }
    }
}
