//! Which rows come behind or before a cursor.

use sea_orm::sea_query::{Expr, ExprTrait};

use super::Direction;
use super::args::Slice;
use super::cursor::Value;
use super::order::{Key, Nulls, Order};
use crate::service::sql::{all, never};

/// A part of a list that one statement fetches.
#[derive(Debug)]
pub(super) struct Segment {
    /// What its rows have in common.
    pub condition: Expr,
    /// How they are sorted.
    pub nulls: Nulls,
}

/// What is known of the first key in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    /// Every row has it.
    Present,
    /// No row has it.
    Absent,
    /// Some rows may have it.
    Unknown,
}

/// The segments of a list that hold `slice`, in the order in which they are to be fetched.
///
/// Where the first key may be missing, rows with and without it are fetched apart: no index can
/// jump to a place among both. They are only taken together where an index has them in the order
/// of the list and there is no place to jump to, or where rows must be counted anyway.
pub(super) fn segments(order: &Order, slice: &Slice) -> Vec<Segment> {
    let Some(first) = order.keys.first() else {
        return Vec::new();
    };
    if !first.nullable {
        return segment(order, slice, First::Present).into_iter().collect();
    }
    let from_the_end = slice.after.is_none() && slice.before.is_none();
    let as_indexed = first.direction == Direction::Desc;
    if slice.offset > 0 || (from_the_end && as_indexed) {
        return segment(order, slice, First::Unknown).into_iter().collect();
    }
    let mut parts = [First::Present, First::Absent];
    if slice.backwards {
        parts.reverse();
    }
    let parts = parts.into_iter();
    parts
        .filter_map(|part| segment(order, slice, part))
        .collect()
}

/// The rows of `slice` in one part of the list; none when there cannot be any.
fn segment(order: &Order, slice: &Slice, part: First) -> Option<Segment> {
    let mut conditions = Vec::new();
    let first = order.keys.first()?;
    match part {
        First::Present if first.nullable => {
            conditions.push(first.expression.clone().is_not_null());
        }
        First::Absent => conditions.push(first.expression.clone().is_null()),
        First::Present | First::Unknown => (),
    }
    let bounds = [(&slice.after, false), (&slice.before, true)];
    for (values, backwards) in bounds {
        let Some(values) = values else { continue };
        let is_present = values.first()?.is_some();
        match part {
            First::Unknown => conditions.push(beyond(&order.keys, values, backwards, false)),
            First::Present if is_present => {
                conditions.push(beyond(&order.keys, values, backwards, true));
            }
            First::Absent if !is_present => {
                let (_, keys) = order.keys.split_first()?;
                let (_, values) = values.split_first()?;
                conditions.push(beyond(keys, values, backwards, false));
            }
            // The cursor is in the other part. Rows with a value come first.
            First::Present if backwards => (),
            First::Absent if !backwards => (),
            First::Present | First::Absent => return None,
        }
    }
    let nulls = match part {
        First::Unknown => Nulls::AsListed,
        First::Present | First::Absent => Nulls::AsIndexed,
    };
    Some(Segment {
        condition: all(conditions),
        nulls,
    })
}

/// Holds for the rows behind the one with `values`, or going `backwards`, before it.
/// `is_present`: no row of the segment lacks the first key.
fn beyond(keys: &[Key], values: &[Option<Value>], backwards: bool, is_present: bool) -> Expr {
    if let Some(comparison) = compare_rows(keys, values, backwards, is_present) {
        return comparison;
    }
    let (Some((key, keys)), Some((value, values))) = (keys.split_first(), values.split_first())
    else {
        return never();
    };
    let column = || key.expression.clone();
    let tied = beyond(keys, values, backwards, false);
    let Some(value) = value else {
        // Nulls come last.
        let tied = column().is_null().and(tied);
        return if backwards {
            column().is_not_null().or(tied)
        } else {
            tied
        };
    };
    let behind = compare(key.effective_direction(backwards), column(), value.into());
    let beyond = behind.or(column().eq(value).and(tied));
    if is_present {
        // Says the same once more, in the form that indexes understand.
        let reach = match key.effective_direction(backwards) {
            Direction::Asc => column().gte(value),
            Direction::Desc => column().lte(value),
        };
        reach.and(beyond)
    } else if key.nullable && !backwards {
        beyond.or(column().is_null())
    } else {
        beyond
    }
}

/// The same by comparing whole rows, which indexes understand best. That takes keys of one
/// direction, none of which may be missing.
fn compare_rows(
    keys: &[Key],
    values: &[Option<Value>],
    backwards: bool,
    is_present: bool,
) -> Option<Expr> {
    let direction = keys.first()?.direction;
    let fits = |(index, key): (usize, &Key)| {
        key.direction == direction && (!key.nullable || (index == 0 && is_present))
    };
    if !keys.iter().enumerate().all(fits) {
        return None;
    }
    let mut columns: Vec<Expr> = keys.iter().map(|key| key.expression.clone()).collect();
    let values: Option<Vec<Expr>> = values
        .iter()
        .map(|value| Some(value.as_ref()?.into()))
        .collect();
    let mut values = values?;
    let direction = keys.first()?.effective_direction(backwards);
    Some(match (columns.len(), values.len()) {
        (1, 1) => compare(direction, columns.pop()?, values.pop()?),
        _ => compare(direction, Expr::tuple(columns), Expr::tuple(values)),
    })
}

/// Holds where `left` comes behind `right`.
fn compare(direction: Direction, left: Expr, right: Expr) -> Expr {
    match direction {
        Direction::Asc => left.gt(right),
        Direction::Desc => left.lt(right),
    }
}
