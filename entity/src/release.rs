use sea_orm::entity::prelude::*;

use crate::{DeployStatus, Timestamp};

/// One act of deploying.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    pub user: Option<String>,
    pub team: Option<String>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Somebody said when it started; false while `started_at` is only assumed.
    pub start_told: bool,
    /// It came as a finished record (recordRelease, importReleases).
    pub recorded: bool,
    /// The outcome told for the release as a whole.
    pub success: Option<bool>,
    /// Derived from the packages and the fields above.
    pub status: DeployStatus,
    /// Derived: any package is a rollback.
    pub rollback: bool,
    /// Derived: some packages are deployed and some are not.
    pub partial: bool,
    /// Derived: how many packages it has that are not deleted.
    pub package_count: i32,
    /// Derived: milliseconds from start to finish.
    pub duration_ms: Option<i64>,
    /// API names of the fields that Orlo filled in, separated by commas.
    pub inferred_fields: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
    #[sea_orm(has_many)]
    pub packages: HasMany<super::package::Entity>,
    #[sea_orm(has_many, via = "release_platform")]
    pub platforms: HasMany<super::platform::Entity>,
    #[sea_orm(has_many)]
    pub references: HasMany<super::release_reference::Entity>,
    #[sea_orm(has_many)]
    pub notes: HasMany<super::release_note::Entity>,
    #[sea_orm(has_many)]
    pub metadata: HasMany<super::release_metadata::Entity>,
    #[sea_orm(has_many)]
    pub events: HasMany<super::event::Entity>,
}

crate::row::row!(
    id,
    external_id,
    user,
    team,
    started_at,
    finished_at,
    start_told,
    recorded,
    success,
    status,
    rollback,
    partial,
    package_count,
    duration_ms,
    inferred_fields,
    created_at,
    updated_at,
    deleted_at,
);

impl ActiveModelBehavior for ActiveModel {}
