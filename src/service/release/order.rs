//! How lists of releases are ordered.

use crate::service::page::{Direction, Key, ValueKind};

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

impl Default for ReleaseOrder {
    fn default() -> Self {
        Self {
            field: ReleaseOrderField::StartedAt,
            direction: Direction::Desc,
        }
    }
}

impl ReleaseOrder {
    /// The column that it stands for.
    pub(super) fn key(self) -> Key {
        let (column, kind, nullable) = match self.field {
            ReleaseOrderField::StartedAt => ("started_at", ValueKind::Integer, true),
            ReleaseOrderField::FinishedAt => ("finished_at", ValueKind::Integer, true),
            ReleaseOrderField::CreatedAt => ("created_at", ValueKind::Integer, false),
            ReleaseOrderField::UpdatedAt => ("updated_at", ValueKind::Integer, false),
            ReleaseOrderField::Duration => ("duration_ms", ValueKind::Integer, true),
            ReleaseOrderField::User => ("user", ValueKind::Text, true),
            ReleaseOrderField::Team => ("team", ValueKind::Text, true),
        };
        let key = Key::column("release", column, kind, self.direction);
        if nullable { key.nullable() } else { key }
    }
}
