use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A remark on a release; never changed once written.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_note")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub release_id: Uuid,
    pub text: String,
    pub author: Option<String>,
    pub created_at: Timestamp,
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
}

crate::row::row!(id, release_id, text, author, created_at,);

impl ActiveModelBehavior for ActiveModel {}
