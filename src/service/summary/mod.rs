//! Summaries of many releases.

mod order;
mod read;

pub use order::{SummaryOrder, SummaryOrderField};
pub(in crate::service) use order::{aggregates, order_by, release};
pub use read::{
    NameSummary, SummaryKind, package, package_count, packages, release_counts, teams, users,
};
