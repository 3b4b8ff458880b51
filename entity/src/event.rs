use sea_orm::entity::prelude::*;

use crate::{EventType, Timestamp};

/// What happened to a record, who told us and when. Rows are only ever added.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// The order in which the database took the events in.
    #[sea_orm(primary_key)]
    pub sequence: i64,
    #[sea_orm(unique)]
    pub id: Uuid,
    pub r#type: EventType,
    /// When it happened, as told.
    pub occurred_at: Timestamp,
    /// When Orlo heard of it.
    pub recorded_at: Timestamp,
    /// Name of the token that told us.
    pub actor: Option<String>,
    pub release_id: Uuid,
    pub package_id: Option<Uuid>,
    /// JSON object: API field name to `{"old": ..., "new": ...}`. Of a new record, of which every old
    /// value is null, an array of one object: API field name to value.
    pub changes: String,
    #[sea_orm(belongs_to, from = "release_id", to = "id")]
    pub release: BelongsTo<super::release::Entity>,
    #[sea_orm(belongs_to, from = "package_id", to = "id")]
    pub package: BelongsTo<Option<super::package::Entity>>,
}

crate::row::row!(
    sequence,
    id,
    r#type,
    occurred_at,
    recorded_at,
    actor,
    release_id,
    package_id,
    changes,
);

impl ActiveModelBehavior for ActiveModel {}
