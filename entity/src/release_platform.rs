use sea_orm::entity::prelude::*;

/// A release names a platform.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_platform")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub release_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub platform_id: Uuid,
    /// Its place among the platforms of the release, from 0.
    pub position: i32,
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
    #[sea_orm(belongs_to, from = "platform_id", to = "id")]
    pub platform: BelongsTo<super::platform::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
