use sea_orm::entity::prelude::*;

use crate::{DeployStatus, Timestamp};

/// One package that one release deploys.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "package")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub release_id: Uuid,
    /// Its place among the packages of the release, from 0.
    pub position: i32,
    #[sea_orm(unique)]
    pub external_id: Option<String>,
    pub name: String,
    pub version: Option<String>,
    pub status: DeployStatus,
    pub rollback: bool,
    /// Somebody said whether it is a rollback; false where `rollback` is only the default.
    pub rollback_told: bool,
    pub diff_url: Option<String>,
    pub commit_sha: Option<String>,
    pub committed_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// Derived: milliseconds from start to finish.
    pub duration_ms: Option<i64>,
    /// Derived: the time that orders versions.
    pub effective_at: Timestamp,
    /// Derived: when its release started, by which its releases are found in their order.
    pub release_started_at: Option<Timestamp>,
    /// API names of the fields that Orlo filled in, separated by commas.
    pub inferred_fields: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Also set when its release is deleted.
    pub deleted_at: Option<Timestamp>,
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
    #[sea_orm(has_many)]
    pub results: HasMany<super::package_result::Entity>,
}

crate::row::row!(
    id,
    release_id,
    position,
    external_id,
    name,
    version,
    status,
    rollback,
    rollback_told,
    diff_url,
    commit_sha,
    committed_at,
    started_at,
    finished_at,
    duration_ms,
    effective_at,
    release_started_at,
    inferred_fields,
    created_at,
    updated_at,
    deleted_at,
);

impl ActiveModelBehavior for ActiveModel {}
