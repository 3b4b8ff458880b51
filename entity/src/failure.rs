use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// Trouble in production that a deployment caused.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "failure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub release_id: Uuid,
    pub package_id: Option<Uuid>,
    pub detected_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    /// The release that mended it.
    pub resolved_by_id: Option<Uuid>,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    #[sea_orm(belongs_to, relation_enum = "Release", from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
    #[sea_orm(belongs_to, from = "package_id", to = "id")]
    pub package: BelongsTo<Option<super::package::Entity>>,
    #[sea_orm(
        belongs_to,
        relation_enum = "ResolvedBy",
        from = "resolved_by_id",
        to = "id"
    )]
    pub resolved_by: BelongsTo<Option<super::release::Entity>>,
}

crate::row::row!(
    id,
    release_id,
    package_id,
    detected_at,
    resolved_at,
    resolved_by_id,
    reference,
    description,
    created_at,
    updated_at,
);

impl ActiveModelBehavior for ActiveModel {}
