//! Which columns the fields of releases need.

use entity::release::Column;

/// The columns that `field` needs beside the id; none when that is not known, and it may need all.
pub fn columns(field: &str) -> Option<&'static [Column]> {
    Some(match field {
        "externalId" => &[Column::ExternalId],
        "user" => &[Column::User],
        "team" => &[Column::Team],
        "startedAt" => &[Column::StartedAt],
        "finishedAt" => &[Column::FinishedAt],
        "durationSeconds" => &[Column::DurationMs],
        "status" => &[Column::Status],
        "rollback" => &[Column::Rollback],
        "isPartial" => &[Column::Partial],
        "isStale" => &[Column::Status, Column::UpdatedAt],
        "packageCount" => &[Column::PackageCount],
        "inferredFields" => &[Column::InferredFields],
        "createdAt" => &[Column::CreatedAt],
        "updatedAt" => &[Column::UpdatedAt],
        "id" | "__typename" | "platforms" | "platformNames" | "references" | "notes"
        | "metadata" | "metadataEntries" | "packages" | "failures" | "events" => &[],
        _ => return None,
    })
}
