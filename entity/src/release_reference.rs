use sea_orm::entity::prelude::*;

/// Why a release was made: a ticket, a change, a link.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "release_reference")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub release_id: Uuid,
    /// Its place among the references of the release, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub reference: String,
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
}

crate::row::row!(release_id, position, reference,);

impl ActiveModelBehavior for ActiveModel {}
