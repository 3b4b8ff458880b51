//! Statistics: how many releases or packages there were, how they went and how long they took; in
//! all, by group, along time and by parts of the calendar.
//!
//! One statement is asked per question, whatever the number of groups.
//! Its first layer is one row for each thing that counts in each of its groups, or for many
//! that were counted before (`facts.rs`); buckets and clock time are integer arithmetic on top of it (`piecewise.rs`,
//! `part.rs`), which both databases do alike; the last layer counts (`group.rs`). SQLite, which is in this
//! process, only finds the facts of totals and series that were not counted before, and they are counted
//! here (`walk.rs`). Means and percentiles are made from the durations, which are exact integers
//! (`duration.rs`).

pub mod calendar;
mod count;
pub mod dora;
pub mod duration;
mod facts;
mod group;
mod histogram;
mod part;
pub(in crate::service) mod piecewise;
mod question;
mod series;
mod timeline;
mod total;
mod walk;

pub use count::{CountSplit, OutcomeCounts};
pub use duration::DurationStats;
pub use histogram::{HistogramBar, histogram};
pub use part::CalendarPart;
pub use question::{CountUnit, Dimension, Key, Question};
pub use series::{SeriesPoint, Steps, series};
pub use timeline::{MAX_TIMELINE, Moment, timeline};
pub use total::{StatsRow, totals};

use super::Error;

/// How many groups one answer may have.
pub const MAX_GROUPS: usize = 10_000;
/// How many points or bars one answer may have: groups times buckets.
pub const MAX_POINTS: usize = 50_000;

/// The refusal of an answer with more than `limit` things.
fn too_many(what: &str, limit: usize) -> Error {
    Error::LimitExceeded(format!(
        "the answer would have more than {limit} {what}; filter more or group by less"
    ))
}
