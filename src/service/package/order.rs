//! How lists of packages are ordered.

use crate::service::page::Direction;

/// One key of an order; the next one decides where this one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackageOrder {
    /// What to order by.
    pub field: PackageOrderField,
    /// Which end comes first.
    pub direction: Direction,
}

/// What packages can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackageOrderField {
    /// When it started.
    StartedAt,
    /// When it finished.
    FinishedAt,
    /// When it was recorded.
    CreatedAt,
    /// When it changed last.
    UpdatedAt,
    /// How long it took.
    Duration,
    /// Its name.
    Name,
    /// Its version, as text.
    Version,
}
