//! How long things took: mean, extremes and percentiles.
//!
//! A percentile lies between two neighbours of the sorted sample, as near to either as its rank
//! (`percentile_cont` of PostgreSQL; linear interpolation). The database only lists the durations, which
//! are whole milliseconds: to sort them here takes a fraction of the time that it takes to number them
//! there. What is made of them is exact but for one rounding at the end, so that the last digit never
//! depends on the database.

use sea_orm::QueryResult;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};

use super::facts::DURATION;
use crate::service::{Error, Result, sql};

/// The column with the durations of a group, as a text.
pub(super) const DURATIONS: &str = "durations";

/// How long things took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DurationStats {
    /// How many durations there are. All that follows is missing when there are none.
    pub sample_size: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// The shortest.
    pub min: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// Three of four are not longer.
    pub p75: Option<f64>,
    /// Nine of ten are not longer.
    pub p90: Option<f64>,
    /// Nineteen of twenty are not longer.
    pub p95: Option<f64>,
}

impl DurationStats {
    /// The statistics of these durations, which are milliseconds and not negative.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "this is the one rounding that there is"
    )]
    pub fn of(mut durations: Vec<i64>) -> Self {
        let (Some(min), Some(max)) = (durations.iter().min(), durations.iter().max()) else {
            return Self::default();
        };
        let seconds = |milliseconds: i64| Some(milliseconds as f64 / 1000.0);
        let (min, max) = (seconds(*min), seconds(*max));
        let count = durations.len() as u64;
        let sum: i128 = durations.iter().copied().map(i128::from).sum();
        durations.sort_unstable();
        let percentile = |percent| percentile(&durations, percent);
        Self {
            sample_size: count,
            mean: Some(sum as f64 / (i128::from(count) * 1000) as f64),
            min,
            max,
            p50: percentile(50),
            p75: percentile(75),
            p90: percentile(90),
            p95: percentile(95),
        }
    }
}

/// A percentile of durations that are `sorted`, in seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "this is the one rounding that there is"
)]
fn percentile(sorted: &[i64], percent: usize) -> Option<f64> {
    let hundredfold = sorted.len().checked_sub(1)? * percent;
    let at = |rank: usize| sorted.get(rank).copied().map(i128::from);
    let (low, high) = (at(hundredfold / 100)?, at(hundredfold.div_ceil(100))?);
    let beyond = i128::try_from(hundredfold % 100).ok()?;
    Some((low * 100 + (high - low) * beyond) as f64 / 100_000.0)
}

/// Makes `query`, whose rows have a duration or none, list those of each group.
pub(super) fn select(query: &mut SelectStatement) {
    let text = Expr::col(DURATION).cast_as("text");
    query.expr_as(
        sql::call("string_agg", [text, Expr::cust("','")]),
        DURATIONS,
    );
}

/// Adds to `durations` those that the query listed which was made to [`select`] them.
pub(super) fn read(row: &QueryResult, durations: &mut Vec<i64>) -> Result<()> {
    let list: Option<String> = row.try_get("", DURATIONS)?;
    for duration in list.iter().flat_map(|list| list.split(',')) {
        let wrong = |error| Error::Corrupt(format!("a duration is no number: {error}"));
        durations.push(duration.parse().map_err(wrong)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let stats = DurationStats::of(vec![40_000, 10_000, 30_000, 20_000]);
        let expected = DurationStats {
            sample_size: 4,
            mean: Some(25.0),
            min: Some(10.0),
            max: Some(40.0),
            p50: Some(25.0),
            p75: Some(32.5),
            p90: Some(37.0),
            p95: Some(38.5),
        };
        assert_eq!(stats, expected);
    }

    #[test]
    fn one_duration_is_every_percentile() {
        let stats = DurationStats::of(vec![1234]);
        let all = [
            stats.mean, stats.min, stats.max, stats.p50, stats.p75, stats.p90, stats.p95,
        ];
        assert_eq!(all, [Some(1.234); 7]);
    }

    #[test]
    fn of_nothing_there_is_nothing_to_say() {
        assert_eq!(DurationStats::of(Vec::new()), DurationStats::default());
    }
}
