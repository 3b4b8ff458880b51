use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// Output of deploying a package; never changed once written.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "package_result")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub package_id: Uuid,
    pub content: String,
    pub created_at: Timestamp,
    #[sea_orm(belongs_to, from = "package_id", to = "id")]
    pub package: BelongsTo<super::package::Entity>,
}

crate::row::row!(id, package_id, content, created_at,);

impl ActiveModelBehavior for ActiveModel {}
