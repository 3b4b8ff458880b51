//! How lists of summaries are ordered.

use crate::service::page::Direction;

/// One key of an order; the next one decides where this one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SummaryOrder {
    /// What to order by.
    pub field: SummaryOrderField,
    /// Which end comes first.
    pub direction: Direction,
}

/// What summaries can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SummaryOrderField {
    /// The name.
    Name,
    /// How many releases there are.
    ReleaseCount,
    /// When the first was released.
    FirstReleasedAt,
    /// When the last was released.
    LastReleasedAt,
}
