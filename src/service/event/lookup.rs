//! Looking up events by id.

use std::collections::HashMap;

use entity::event;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::service::{Result, Service};

/// The events with these ids; those of deleted records too.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, event::Model>> {
    let rows = event::Entity::find()
        .filter(event::Column::Id.is_in(ids.iter().copied()))
        .all(&service.reader())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}
