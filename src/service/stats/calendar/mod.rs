//! The calendar of a time zone: its clocks, and the hours, days, weeks, months, quarters and years
//! that they count.
//!
//! An instant is Unix milliseconds. *Clock time* is what clocks of a zone show, counted the same
//! way from 1970-01-01T00:00 on the clock, so that it can be reckoned with like an instant: a day
//! on the clock always has 24 hours. A [`Zone`] says how far the two are apart, and a list of
//! [`Bucket`]s is where the units of the clock begin and end as instants.

mod bucket;
mod interval;
#[cfg(test)]
mod tests;
mod zone;

pub(super) use bucket::instant;
pub use bucket::{Bucket, MAX_BUCKETS, buckets, check_order};
pub use interval::Interval;
pub use zone::{Span, Zone};

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// Milliseconds of a day of 24 hours.
pub const DAY: i64 = 24 * HOUR;
