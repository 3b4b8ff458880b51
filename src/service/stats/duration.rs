//! How long things took: mean, extremes and percentiles.
//!
//! A percentile lies between two neighbours of the sorted sample, as near to either as its rank
//! (`percentile_cont` of PostgreSQL; linear interpolation). The database only picks the two; both
//! are whole milliseconds, and what is made of them here is exact but for one rounding at the end,
//! so that the last digit never depends on the database.

use sea_orm::QueryResult;
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, Order, OverStatement as _, Query, SelectStatement, WindowStatement,
};

use super::count::LAYER;
use super::facts::DURATION;
use crate::service::{Result, sql};

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
    pub fn of(mut durations: Vec<i64>) -> Self {
        durations.sort_unstable();
        let at = |index: i64| {
            let index = usize::try_from(index).unwrap_or_default();
            durations.get(index).copied().unwrap_or_default()
        };
        let count = i64::try_from(durations.len()).unwrap_or(i64::MAX);
        let sample = Sample {
            count,
            sum: durations.iter().map(|duration| i128::from(*duration)).sum(),
            min: at(0),
            max: at(count - 1),
            neighbours: PERCENTILES.map(|(percent, ..)| {
                let [low, high] = ranks(count, percent);
                [at(low), at(high)]
            }),
        };
        sample.into()
    }
}

/// The percentiles: which, and the columns with their two neighbours.
const PERCENTILES: [(i64, &str, &str); 4] = [
    (50, "p50_low", "p50_high"),
    (75, "p75_low", "p75_high"),
    (90, "p90_low", "p90_high"),
    (95, "p95_low", "p95_high"),
];

/// The columns of a row that has its rank among the rows of its group, counted from 1, and how
/// many durations these have.
const RANK: &str = "rank";
const SAMPLE: &str = "sample";

const SUM_HIGH: &str = "sum_high";
const SUM_LOW: &str = "sum_low";
const MIN: &str = "duration_min";
const MAX: &str = "duration_max";
/// Sums are made of two parts, because one of milliseconds could outgrow 64 bits.
const PART: i64 = 1 << 20;

/// The ranks of the neighbours of a percentile in a sample of `count`.
const fn ranks(count: i64, percent: i64) -> [i64; 2] {
    let hundredfold = (count - 1) * percent;
    [hundredfold / 100, (hundredfold + 99) / 100]
}

/// What the durations of a group are described by, in whole milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    count: i64,
    sum: i128,
    min: i64,
    max: i64,
    neighbours: [[i64; 2]; 4],
}

impl Sample {
    /// What [`select`] selected.
    pub fn read(row: &QueryResult) -> Result<Self> {
        let number = |name: &str| {
            let number: Option<i64> = row.try_get("", name)?;
            Result::Ok(number.unwrap_or_default())
        };
        let (high, low) = (number(SUM_HIGH)?, number(SUM_LOW)?);
        let mut neighbours = [[0; 2]; 4];
        for (pair, (_, low, high)) in neighbours.iter_mut().zip(PERCENTILES) {
            *pair = [number(low)?, number(high)?];
        }
        Ok(Self {
            count: number(SAMPLE)?,
            sum: i128::from(high) * i128::from(PART) + i128::from(low),
            min: number(MIN)?,
            max: number(MAX)?,
            neighbours,
        })
    }
}

impl From<Sample> for DurationStats {
    #[expect(
        clippy::cast_precision_loss,
        reason = "this is the one rounding that there is"
    )]
    fn from(sample: Sample) -> Self {
        let count = sample.count;
        if count < 1 {
            return Self::default();
        }
        let seconds = |milliseconds: i64| Some(milliseconds as f64 / 1000.0);
        let mut percentiles =
            PERCENTILES
                .iter()
                .zip(sample.neighbours)
                .map(|((percent, ..), [low, high])| {
                    let beyond = i128::from((count - 1) * percent % 100);
                    let (low, high) = (i128::from(low), i128::from(high));
                    (low * 100 + (high - low) * beyond) as f64 / 100_000.0
                });
        Self {
            sample_size: sql::unsigned(count),
            mean: Some(sample.sum as f64 / (i128::from(count) * 1000) as f64),
            min: seconds(sample.min),
            max: seconds(sample.max),
            p50: percentiles.next(),
            p75: percentiles.next(),
            p90: percentiles.next(),
            p95: percentiles.next(),
        }
    }
}

/// The rows of `facts`, each with its rank by duration within its group. `groups` are the columns
/// that these have in common.
pub(super) fn rank(facts: SelectStatement, groups: &[&'static str]) -> SelectStatement {
    let group = || {
        let mut window = WindowStatement::new();
        for column in groups {
            window.add_partition_by(Expr::col(*column));
        }
        window
    };
    let mut by_duration = group();
    by_duration
        .order_by_expr(Expr::col(DURATION).is_null(), Order::Asc)
        .order_by_expr(Expr::col(DURATION), Order::Asc);
    Query::select()
        .expr(Expr::cust("*"))
        .expr_window_as(sql::call("row_number", []), by_duration, RANK)
        .expr_window_as(Func::count(Expr::col(DURATION)), group(), SAMPLE)
        .from_subquery(facts, LAYER)
        .take()
}

/// The columns that [`select`] selects.
pub(super) fn columns() -> Vec<&'static str> {
    let ends = [SAMPLE, SUM_HIGH, SUM_LOW, MIN, MAX];
    let neighbours = PERCENTILES.iter().flat_map(|(_, low, high)| [*low, *high]);
    ends.into_iter().chain(neighbours).collect()
}

/// Makes `query`, which groups ranked rows, describe their durations.
pub(super) fn select(query: &mut SelectStatement) {
    let duration = || Expr::col(DURATION);
    let sum = |part: Expr| Func::sum(part).cast_as("bigint");
    query
        .expr_as(Func::count(duration()), SAMPLE)
        .expr_as(sum(duration().div(PART)), SUM_HIGH)
        .expr_as(sum(duration().modulo(PART)), SUM_LOW)
        .expr_as(Func::min(duration()), MIN)
        .expr_as(Func::max(duration()), MAX);
    for (percent, low, high) in PERCENTILES {
        let hundredfold = || Expr::col(SAMPLE).sub(1_i64).mul(percent);
        query.expr_as(at_rank(hundredfold().div(100_i64)), low);
        query.expr_as(at_rank(hundredfold().add(99_i64).div(100_i64)), high);
    }
}

/// The duration at a rank counted from 0; rows are numbered from 1.
fn at_rank(rank: Expr) -> Expr {
    let is_it = Expr::col(RANK).eq(rank.add(1_i64));
    let it: Expr = Expr::case(is_it, Expr::col(DURATION)).into();
    Func::max(it).into()
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
