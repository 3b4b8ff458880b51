//! Releases that came together, and what belongs to them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use async_graphql::{Context, Result};
use entity::{release, release_metadata, release_note};
use uuid::Uuid;

use super::Release;
use crate::graphql::batch::{Batch, Record, Related, Relation, Relations};
use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::types::{Event, Failure, Package, Platform};
use crate::service::page::PageArgs;
use crate::service::{Service, event, filter, package, release as releases};

/// Releases that came together.
pub type ReleaseBatch = Batch<ReleaseRelations>;

/// What belongs to releases.
#[derive(Debug, Default)]
pub struct ReleaseRelations {
    platforms: Relation<Uuid, Vec<Platform>>,
    references: Relation<Uuid, Vec<String>>,
    notes: Relation<Uuid, Vec<release_note::Model>>,
    metadata: Relation<Uuid, Vec<release_metadata::Model>>,
    packages: Relations<Option<filter::PackageFilter>, Uuid, Vec<Package>>,
    failures: Relation<Uuid, Vec<Failure>>,
    events: Relations<PageArgs, Uuid, Slice<Event>>,
    event_counts: Relation<Uuid, u64>,
}

impl Related for ReleaseRelations {
    type Row = release::Model;
    type Key = Uuid;

    fn key(row: &Self::Row) -> Uuid {
        row.id
    }
}

impl Release {
    /// A release that came alone.
    #[must_use]
    pub fn single(row: release::Model) -> Self {
        Self(Record::single(row, ReleaseRelations::default()))
    }

    /// Releases that came together.
    #[must_use]
    pub fn all(rows: Vec<release::Model>) -> Vec<Self> {
        let records = Record::all(rows, ReleaseRelations::default());
        records.into_iter().map(Self).collect()
    }

    /// Releases that came together, each group for an owner of its own.
    pub(in crate::graphql::types) fn grouped<K: Eq + Hash>(
        rows: HashMap<K, Vec<release::Model>>,
    ) -> HashMap<K, Vec<Self>> {
        Record::grouped(rows, ReleaseRelations::default(), Self)
    }

    /// Releases that came together, by id.
    #[must_use]
    pub fn by_id(rows: HashMap<Uuid, release::Model>) -> HashMap<Uuid, Self> {
        let releases = Self::all(rows.into_values().collect());
        releases.into_iter().map(|it| (it.0.key(), it)).collect()
    }

    /// The release with this id among those of `batch`, while it is there.
    pub(in crate::graphql::types) fn of_batch(
        batch: &Weak<ReleaseBatch>,
        id: &Uuid,
    ) -> Option<Self> {
        batch.upgrade()?.record(id).map(Self)
    }

    pub(super) fn batch(&self) -> &Arc<ReleaseBatch> {
        self.0.batch()
    }

    pub(super) fn key(&self) -> Uuid {
        self.0.key()
    }
}

/// What belongs to a release of the batch, loaded for all of them.
impl ReleaseBatch {
    pub(super) async fn load_platforms(
        &self,
        ctx: &Context<'_>,
        release: Uuid,
    ) -> Result<Vec<Platform>> {
        let load = || async {
            let rows = releases::platforms(ctx.service()?, self.keys()).await?;
            Ok(Platform::grouped(rows))
        };
        let relation = &self.relations().platforms;
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    pub(super) async fn load_metadata(
        &self,
        ctx: &Context<'_>,
        release: Uuid,
    ) -> Result<Vec<release_metadata::Model>> {
        let load = || async { Ok(releases::metadata(ctx.service()?, self.keys()).await?) };
        let relation = &self.relations().metadata;
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    pub(super) async fn load_packages(
        self: &Arc<Self>,
        ctx: &Context<'_>,
        release: Uuid,
        filter: Option<filter::PackageFilter>,
    ) -> Result<Vec<Package>> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.keys());
            let asked = (filter.as_ref(), ctx.wanted().packages);
            let rows = package::of_releases(service, ids, asked).await?;
            Ok(Package::grouped(rows, Arc::downgrade(self)))
        };
        let relation = self.relations().packages.with(&filter);
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    pub(super) async fn load_events(
        self: &Arc<Self>,
        ctx: &Context<'_>,
        release: Uuid,
        page: PageArgs,
    ) -> Result<Slice<Event>> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.keys());
            let pages = event::of_releases(service, ids, page.clone()).await?;
            Ok(Slice::grouped(pages, |rows| {
                Event::grouped(rows, Arc::downgrade(self))
            }))
        };
        let relation = self.relations().events.with(&page);
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    /// The list of the events of a release, of which `page` is asked for.
    pub(super) async fn list_events(
        self: &Arc<Self>,
        ctx: &Context<'_>,
        release: Uuid,
        page: PageArgs,
    ) -> Result<Connection<Event>> {
        let slice = self.load_events(ctx, release, page).await?;
        let batch = Arc::clone(self);
        let count = move |service: Service| {
            let batch = Arc::clone(&batch);
            async move { batch.count_events(&service, release).await }
        };
        Ok(Connection::new(slice, count))
    }

    async fn count_events(&self, service: &Service, release: Uuid) -> Result<u64> {
        let load = || async { Ok(event::counts(service, self.keys()).await?) };
        let relation = &self.relations().event_counts;
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    pub(super) async fn load_references(
        &self,
        ctx: &Context<'_>,
        release: Uuid,
    ) -> Result<Vec<String>> {
        let load = || async { Ok(releases::references(ctx.service()?, self.keys()).await?) };
        let relation = &self.relations().references;
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    pub(super) async fn load_notes(
        &self,
        ctx: &Context<'_>,
        release: Uuid,
    ) -> Result<Vec<release_note::Model>> {
        let load = || async { Ok(releases::notes(ctx.service()?, self.keys()).await?) };
        let relation = &self.relations().notes;
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }

    pub(super) async fn load_failures(
        self: &Arc<Self>,
        ctx: &Context<'_>,
        release: Uuid,
    ) -> Result<Vec<Failure>> {
        let load = || async {
            let rows = releases::failures(ctx.service()?, self.keys()).await?;
            Ok(Failure::grouped(rows, Arc::downgrade(self)))
        };
        let relation = &self.relations().failures;
        Ok(relation.get(&release, load).await?.unwrap_or_default())
    }
}
