//! Events.

use std::collections::HashMap;
use std::sync::Weak;

use async_graphql::{Context, Description, ID, Object, Result};
use entity::event;
use uuid::Uuid;

use super::release::ReleaseBatch;
use super::{Package, Release};
use crate::graphql::batch::{Record, Related, Relation};
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::EventType;
use crate::graphql::scalars::{DateTime, Json};
use crate::service::{self, history, package, release};

/// Something that happened to a record: who told us what, when it happened and when we heard.
/// Events are never changed and never deleted.
#[derive(Clone, Debug, Description)]
pub struct Event(Record<EventRelations>);

/// What belongs to events.
#[derive(Debug, Default)]
pub struct EventRelations {
    parents: Weak<ReleaseBatch>,
    releases: Relation<Uuid, Release>,
    packages: Relation<Uuid, Package>,
}

impl Related for EventRelations {
    type Row = event::Model;
    type Key = Uuid;

    fn key(row: &Self::Row) -> Uuid {
        row.id
    }
}

impl Event {
    /// Events that came together.
    #[must_use]
    pub fn all(rows: Vec<event::Model>) -> Vec<Self> {
        let records = Record::all(rows, EventRelations::default());
        records.into_iter().map(Self).collect()
    }

    /// Events that came together, by id.
    #[must_use]
    pub fn by_id(rows: HashMap<Uuid, event::Model>) -> HashMap<Uuid, Self> {
        let events = Self::all(rows.into_values().collect());
        events.into_iter().map(|it| (it.0.key(), it)).collect()
    }

    /// The events of each of the releases of a batch.
    pub(super) fn grouped(
        rows: HashMap<Uuid, Vec<event::Model>>,
        parents: Weak<ReleaseBatch>,
    ) -> HashMap<Uuid, Vec<Self>> {
        let relations = EventRelations {
            parents,
            ..EventRelations::default()
        };
        Record::grouped(rows, relations, Self)
    }
}

#[Object(use_type_description)]
impl Event {
    /// The id of the event.
    pub async fn id(&self) -> ID {
        self.0.row().id.into()
    }

    /// What happened.
    async fn r#type(&self) -> EventType {
        self.0.row().r#type.into()
    }

    /// When it happened, as the caller said.
    async fn occurred_at(&self) -> DateTime {
        self.0.row().occurred_at.into()
    }

    /// When Orlo heard of it.
    async fn recorded_at(&self) -> DateTime {
        self.0.row().recorded_at.into()
    }

    /// The name of the token that told us; null for anonymous callers.
    async fn actor(&self) -> Option<&str> {
        self.0.row().actor.as_deref()
    }

    /// The release that it happened to; null when that was deleted since.
    async fn release(&self, ctx: &Context<'_>) -> Result<Option<Release>> {
        let id = self.0.row().release_id;
        let relations = self.0.relations();
        if let Some(release) = Release::of_batch(&relations.parents, &id) {
            return Ok(Some(release));
        }
        let load = || async {
            let ids: Vec<Uuid> = self.0.rows().map(|row| row.release_id).collect();
            let rows = release::by_ids(ctx.service()?, &ids, ctx.wanted().releases).await?;
            Ok(Release::by_id(rows))
        };
        relations.releases.get(&id, load).await
    }

    /// The package that it happened to; null when it was about the release as a whole, or the
    /// package was deleted since.
    async fn package(&self, ctx: &Context<'_>) -> Result<Option<Package>> {
        let Some(id) = self.0.row().package_id else {
            return Ok(None);
        };
        let load = || async {
            let ids: Vec<Uuid> = self.0.rows().filter_map(|row| row.package_id).collect();
            let rows = package::by_ids(ctx.service()?, &ids, ctx.wanted().packages).await?;
            Ok(Package::by_id(rows))
        };
        self.0.relations().packages.get(&id, load).await
    }

    /// What changed: the names of the fields, each with the value before and the value after, e.g.
    /// `{ "status": { "old": "IN_PROGRESS", "new": "SUCCESSFUL" } }`.
    async fn changes(&self) -> Result<Json> {
        let changes = history::read(&self.0.row().changes);
        let changes = changes.map_err(|error| service::Error::Corrupt(error.to_string()))?;
        Ok(Json(changes.into()))
    }
}
