//! How lists of packages are ordered.

use crate::service::page::{Direction, Key, ValueKind};

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
    /// The time that orders versions.
    EffectiveAt,
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

impl Default for PackageOrder {
    fn default() -> Self {
        Self {
            field: PackageOrderField::StartedAt,
            direction: Direction::Desc,
        }
    }
}

impl PackageOrder {
    /// The column that it stands for.
    pub(super) fn key(self) -> Key {
        let (column, kind, nullable) = match self.field {
            PackageOrderField::StartedAt => ("started_at", ValueKind::Integer, true),
            PackageOrderField::FinishedAt => ("finished_at", ValueKind::Integer, true),
            PackageOrderField::EffectiveAt => ("effective_at", ValueKind::Integer, false),
            PackageOrderField::CreatedAt => ("created_at", ValueKind::Integer, false),
            PackageOrderField::UpdatedAt => ("updated_at", ValueKind::Integer, false),
            PackageOrderField::Duration => ("duration_ms", ValueKind::Integer, true),
            PackageOrderField::Name => ("name", ValueKind::Text, false),
            PackageOrderField::Version => ("version", ValueKind::Text, true),
        };
        let key = Key::column("package", column, kind, self.direction);
        if nullable { key.nullable() } else { key }
    }
}
