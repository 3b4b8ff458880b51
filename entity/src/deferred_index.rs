use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// An index that an import has dropped, and that is to be built when it ends.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deferred_index")]
pub struct Model {
    /// From 0, in the order in which they are built.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub name: String,
    /// The statement that builds it.
    pub definition: String,
    /// Until when the import is taken to be at work, which renews it.
    pub kept_until: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
