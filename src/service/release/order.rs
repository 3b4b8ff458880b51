//! How lists of releases are ordered.

use crate::service::page::Direction;

/// One key of an order; the next one decides where this one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReleaseOrder {
    /// What to order by.
    pub field: ReleaseOrderField,
    /// Which end comes first.
    pub direction: Direction,
}

/// What releases can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseOrderField {
    /// When it started.
    StartedAt,
    /// When it finished.
    FinishedAt,
    /// When it was recorded.
    CreatedAt,
    /// When anything in it changed last.
    UpdatedAt,
    /// How long it took.
    Duration,
    /// Who made it.
    User,
    /// For which team.
    Team,
}
