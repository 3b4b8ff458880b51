use sea_orm::entity::prelude::*;

/// What an event says has happened. Stored as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
pub enum EventType {
    ReleaseCreated,
    ReleaseStarted,
    ReleaseFinished,
    ReleaseUpdated,
    ReleaseDeleted,
    PackageAdded,
    PackageStarted,
    PackageFinished,
    PackageUpdated,
    PackageDeleted,
    NoteAdded,
    MetadataSet,
    ResultAdded,
    FailureReported,
    FailureResolved,
}
