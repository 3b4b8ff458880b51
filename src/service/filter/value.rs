//! Conditions on times, numbers, outcomes and ids.

use entity::Timestamp;
use sea_orm::ActiveEnum;
use sea_orm::sea_query::{Expr, ExprTrait};
use uuid::Uuid;

use super::input::{BooleanFilter, DateTimeFilter, FloatFilter, IdFilter, StatusFilter};
use super::scope::Scope;
use super::text::null;
use crate::service::Result;
use crate::service::sql::{never, not};

/// A duration in milliseconds is never longer: from the year 1970 to 9999.
const MAX_DURATION_MS: i64 = 300_000_000_000_000;

/// The conditions of `filter` on a column of times.
pub(super) fn times(filter: &DateTimeFilter, column: &Expr, scope: &Scope) -> Result<Vec<Expr>> {
    let DateTimeFilter {
        eq,
        gt,
        gte,
        lt,
        lte,
        is_null,
    } = filter;
    let column = || column.clone();
    let millis = |time: &Timestamp| time.0.timestamp_millis();
    let conditions = [
        eq.as_ref().map(|time| column().eq(millis(time))),
        gt.as_ref().map(|time| column().gt(millis(time))),
        gte.as_ref().map(|time| column().gte(millis(time))),
        lt.as_ref().map(|time| column().lt(millis(time))),
        lte.as_ref().map(|time| column().lte(millis(time))),
        is_null.map(|is_null| null(column(), is_null)),
    ];
    given(conditions, scope)
}

/// The conditions of `filter`, which is in seconds, on a column of durations in milliseconds.
pub(super) fn seconds(filter: &FloatFilter, column: &Expr, scope: &Scope) -> Result<Vec<Expr>> {
    let FloatFilter {
        eq,
        gt,
        gte,
        lt,
        lte,
        is_null,
    } = filter;
    let column = || column.clone();
    let same = |seconds| {
        let equal = column().gte(at_least(seconds));
        equal.and(column().lt(more_than(seconds)))
    };
    let number = |seconds: &Option<f64>, condition: &dyn Fn(f64) -> Expr| {
        seconds.map(|seconds| {
            if seconds.is_nan() {
                never()
            } else {
                condition(seconds)
            }
        })
    };
    let conditions = [
        number(eq, &same),
        number(gt, &|seconds| column().gte(more_than(seconds))),
        number(gte, &|seconds| column().gte(at_least(seconds))),
        number(lt, &|seconds| column().lt(at_least(seconds))),
        number(lte, &|seconds| column().lt(more_than(seconds))),
        is_null.map(|is_null| null(column(), is_null)),
    ];
    given(conditions, scope)
}

/// The shortest duration in milliseconds that is no less than `seconds`.
fn at_least(seconds: f64) -> i64 {
    first_millisecond(seconds, |duration| duration >= seconds)
}

/// The shortest duration in milliseconds that is more than `seconds`.
fn more_than(seconds: f64) -> i64 {
    first_millisecond(seconds, |duration| duration > seconds)
}

/// The first of the few whole milliseconds around `seconds` that, as callers see it, `is_enough`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "durations are far below 2^53, and what is beyond them is cut off"
)]
fn first_millisecond(seconds: f64, is_enough: impl Fn(f64) -> bool) -> i64 {
    let near = (seconds * 1000.0).floor() as i64;
    let near = near.clamp(-2, MAX_DURATION_MS);
    (near - 2..=near + 2)
        .find(|millis| is_enough(*millis as f64 / 1000.0))
        .unwrap_or(MAX_DURATION_MS)
}

/// The conditions of `filter` on what either holds or does not.
pub(super) fn truth(filter: &BooleanFilter, holds: &Expr, scope: &Scope) -> Result<Vec<Expr>> {
    let BooleanFilter { eq, ne } = filter;
    let is = |wanted: bool| {
        if wanted {
            holds.clone()
        } else {
            not(holds.clone())
        }
    };
    given([eq.map(is), ne.map(|unwanted| is(!unwanted))], scope)
}

/// The conditions of `filter` on a column of statuses.
pub(super) fn status(filter: &StatusFilter, column: &Expr, scope: &Scope) -> Result<Vec<Expr>> {
    let StatusFilter {
        eq,
        ne,
        is_in,
        not_in,
    } = filter;
    let among = |wanted: &Vec<entity::DeployStatus>| {
        if wanted.is_empty() {
            never()
        } else {
            column
                .clone()
                .is_in(wanted.iter().map(ActiveEnum::to_value))
        }
    };
    let conditions = [
        eq.map(|wanted| column.clone().eq(wanted.to_value())),
        ne.map(|unwanted| column.clone().ne(unwanted.to_value())),
        is_in.as_ref().map(among),
        not_in.as_ref().map(|unwanted| not(among(unwanted))),
    ];
    given(conditions, scope)
}

/// The conditions of `filter` on a column of ids.
pub(super) fn id(filter: &IdFilter, column: &Expr, scope: &Scope) -> Result<Vec<Expr>> {
    let IdFilter { eq, is_in, not_in } = filter;
    let among = |texts: &[String]| -> Result<Expr> {
        for _ in texts {
            scope.count_value()?;
        }
        let ids: Vec<Uuid> = texts.iter().filter_map(|text| text.parse().ok()).collect();
        Ok(match ids.as_slice() {
            [] => never(),
            [id] => column.clone().eq(*id),
            _ => column.clone().is_in(ids),
        })
    };
    let conditions = [
        eq.as_ref()
            .map(|text| among(std::slice::from_ref(text)))
            .transpose()?,
        is_in.as_deref().map(among).transpose()?,
        not_in.as_deref().map(among).transpose()?.map(not),
    ];
    given(conditions, scope)
}

/// Those conditions that were given.
fn given<const N: usize>(conditions: [Option<Expr>; N], scope: &Scope) -> Result<Vec<Expr>> {
    let conditions = conditions.into_iter().flatten();
    conditions
        .map(|condition| scope.count().map(|()| condition))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_compared_as_callers_see_them() {
        for (seconds, at_least_ms, more_than_ms) in [
            (0.0, 0, 1),
            (1.5, 1500, 1501),
            (0.0005, 1, 1),
            (0.001, 1, 2),
            (1.001, 1001, 1002),
            (0.1 + 0.2, 301, 301),
            (4.35, 4350, 4351),
            (
                253_402_300_799.999,
                253_402_300_799_999,
                253_402_300_800_000,
            ),
        ] {
            assert_eq!(at_least(seconds), at_least_ms, "at least {seconds}");
            assert_eq!(more_than(seconds), more_than_ms, "more than {seconds}");
        }
        for huge in [1e300, f64::INFINITY, f64::MAX] {
            assert_eq!(at_least(huge), MAX_DURATION_MS);
            assert_eq!(more_than(huge), MAX_DURATION_MS);
        }
        for negative in [-1e300, f64::NEG_INFINITY, -0.5, -3.0] {
            assert!(at_least(negative) <= 0);
            assert!(more_than(negative) <= 0);
        }
    }
}
