//! Which columns the fields of packages need.

use entity::package::Column;

/// The columns that `field` needs beside the id and that of the release; none when that is not
/// known, and it may need all.
pub fn columns(field: &str) -> Option<&'static [Column]> {
    Some(match field {
        "externalId" => &[Column::ExternalId],
        "name" => &[Column::Name],
        "version" => &[Column::Version],
        "status" => &[Column::Status],
        "rollback" => &[Column::Rollback],
        "diffUrl" => &[Column::DiffUrl],
        "commitSha" => &[Column::CommitSha],
        "committedAt" => &[Column::CommittedAt],
        "startedAt" => &[Column::StartedAt],
        "finishedAt" => &[Column::FinishedAt],
        "durationSeconds" => &[Column::DurationMs],
        "effectiveAt" => &[Column::EffectiveAt],
        "isStale" => &[Column::Status, Column::UpdatedAt],
        "inferredFields" => &[Column::InferredFields],
        "createdAt" => &[Column::CreatedAt],
        "updatedAt" => &[Column::UpdatedAt],
        "id" | "__typename" | "release" | "rollbackDetected" | "isCurrent" | "previous"
        | "results" => &[],
        _ => return None,
    })
}
