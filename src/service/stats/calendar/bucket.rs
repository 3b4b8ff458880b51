//! Where the units of a calendar begin and end.

use chrono::DateTime;
use entity::Timestamp;

use super::{DAY, HOUR, Interval, Span, Zone};
use crate::service::{Error, Result, time};

/// How many buckets one answer may have.
pub const MAX_BUCKETS: usize = 10_000;

/// One unit of a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it, at which the next one begins.
    pub end: Timestamp,
}

impl Bucket {
    /// Whether it is not over at `now`.
    #[must_use]
    pub fn is_partial(&self, now: Timestamp) -> bool {
        self.end.0 > now.0
    }
}

/// The buckets that the time from `from` up to but without `to` touches, in order and without
/// gaps: the first contains `from`, the last the instant before `to`.
///
/// A day, and what is made of days, begins when clocks first show its midnight or anything later.
/// So it may have 23 or 25 hours, begins at one o'clock where clocks jump over midnight, and is
/// not there at all where they jump over the whole day. An hour begins whenever clocks show a full
/// hour, or jump to another hour; one that is passed twice makes two buckets.
///
/// # Errors
/// When `from` does not lie before `to`, or there are more than [`MAX_BUCKETS`].
pub fn buckets(
    zone: Zone,
    interval: Interval,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Bucket>> {
    check_order(from, to)?;
    let (from, to) = (from.0.timestamp_millis(), to.0.timestamp_millis());
    let last = interval.number(zone.clock(to - 1));
    let first = interval.number(zone.clock(from));
    let estimate = usize::try_from(last - first + 1).unwrap_or_default();
    // Where clocks are set it may be some hours or a day more or less.
    if estimate > 2 * MAX_BUCKETS {
        return Err(too_many(estimate, interval));
    }
    let bounds = match interval {
        Interval::Hour => hours(zone, from, to),
        _ => days(zone, interval, from, to),
    };
    let begun = bounds.partition_point(|bound| *bound <= from);
    let bounds = &bounds[begun.saturating_sub(1)..];
    let count = bounds.len().saturating_sub(1);
    if count > MAX_BUCKETS {
        return Err(too_many(count, interval));
    }
    let pairs = bounds.iter().zip(bounds.iter().skip(1));
    Ok(pairs
        .map(|(start, end)| Bucket {
            start: instant(*start),
            end: instant(*end),
        })
        .collect())
}

/// Refuses a range of time that is empty.
///
/// # Errors
/// When `from` does not lie before `to`.
pub fn check_order(from: Timestamp, to: Timestamp) -> Result<()> {
    if from.0 < to.0 {
        return Ok(());
    }
    let (from, to) = (time::format(from), time::format(to));
    Err(Error::BadRequest(format!(
        "from must lie before to, and {from} does not lie before {to}"
    )))
}

fn too_many(count: usize, interval: Interval) -> Error {
    Error::LimitExceeded(format!(
        "that makes {count} buckets of one {}, and an answer has {MAX_BUCKETS} at most; ask for \
         less time or a longer interval",
        interval.name()
    ))
}

/// The instants at which units of days begin, from one at or before `from` to the first at or
/// after `to`.
fn days(zone: Zone, interval: Interval, from: i64, to: i64) -> Vec<i64> {
    // A unit may be as long as a year.
    let spans = zone.spans(from - 400 * DAY, to + 400 * DAY);
    let first = interval.number(zone.clock(from));
    let mut bounds = Vec::new();
    for number in first.. {
        let bound = first_shown(&spans, interval.start(number));
        // A day that clocks jump over begins with the next one.
        if bounds.last() != Some(&bound) {
            bounds.push(bound);
        }
        if bound >= to {
            break;
        }
    }
    bounds
}

/// The first instant at which clocks show `clock` or anything later.
fn first_shown(spans: &[Span], clock: i64) -> i64 {
    let ends = spans.iter().skip(1).map(|next| next.start);
    let ends = ends.chain([i64::MAX]);
    let shown = spans.iter().zip(ends).find_map(|(span, end)| {
        let shown = span.start.max(clock - span.offset);
        (shown < end).then_some(shown)
    });
    shown.unwrap_or(clock)
}

/// The instants at which hours begin, from one at or before `from` to the first at or after `to`.
fn hours(zone: Zone, from: i64, to: i64) -> Vec<i64> {
    let spans = zone.spans(from - DAY, to + DAY);
    let mut bounds = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        let end = spans.get(index + 1).map_or(i64::MAX, |next| next.start);
        let start = span.start.max(from - DAY);
        if index > 0 {
            let before = (start - 1 + spans[index - 1].offset).div_euclid(HOUR);
            let after = (start + span.offset).div_euclid(HOUR);
            if before != after {
                bounds.push(start);
            }
        }
        let into_hour = (start + span.offset).rem_euclid(HOUR);
        let mut bound = start + (HOUR - into_hour).rem_euclid(HOUR);
        while bound < end {
            if bounds.last() != Some(&bound) {
                bounds.push(bound);
            }
            if bound >= to {
                return bounds;
            }
            bound += HOUR;
        }
    }
    bounds
}

/// The instant with this number of Unix milliseconds.
pub(in crate::service::stats) fn instant(millis: i64) -> Timestamp {
    Timestamp(DateTime::from_timestamp_millis(millis).unwrap_or_default())
}
