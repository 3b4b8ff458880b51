use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A place that packages are deployed to; made when a release first names it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "platform")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique)]
    pub name: String,
    pub created_at: Timestamp,
    #[sea_orm(has_many, via = "release_platform")]
    pub releases: HasMany<super::release::Entity>,
}

crate::row::row!(id, name, created_at,);

impl ActiveModelBehavior for ActiveModel {}
