//! Packages that came together, and what belongs to them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use async_graphql::{Context, Result};
use entity::package;
use uuid::Uuid;

use super::Package;
use crate::graphql::batch::{Batch, Record, Related, Relation, Relations};
use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::error;
use crate::graphql::types::release::ReleaseBatch;
use crate::graphql::types::{PackageResult, Release};
use crate::service::page::PageArgs;
use crate::service::{package as packages, release, version};

/// Packages that came together.
pub type PackageBatch = Batch<PackageRelations>;

/// What belongs to packages.
#[derive(Debug, Default)]
pub struct PackageRelations {
    /// The releases that they were reached through, while those are there.
    parents: Weak<ReleaseBatch>,
    releases: Relation<Uuid, Release>,
    results: Relations<PageArgs, Uuid, Slice<PackageResult>>,
    result_counts: Relation<Uuid, u64>,
    previous: Relations<Option<String>, Uuid, Package>,
    current: Relations<Option<String>, Uuid, bool>,
    rollbacks: Relation<Uuid, bool>,
}

impl Related for PackageRelations {
    type Row = package::Model;
    type Key = Uuid;

    fn key(row: &Self::Row) -> Uuid {
        row.id
    }
}

impl Package {
    /// A package that came alone.
    #[must_use]
    pub fn single(row: package::Model) -> Self {
        Self(Record::single(row, PackageRelations::default()))
    }

    /// Packages that came together.
    #[must_use]
    pub fn all(rows: Vec<package::Model>) -> Vec<Self> {
        let records = Record::all(rows, PackageRelations::default());
        records.into_iter().map(Self).collect()
    }

    /// Packages that came together, by id.
    #[must_use]
    pub fn by_id(rows: HashMap<Uuid, package::Model>) -> HashMap<Uuid, Self> {
        let packages = Self::all(rows.into_values().collect());
        packages.into_iter().map(|it| (it.0.key(), it)).collect()
    }

    /// Packages that came together, each group for an owner of its own; `parents` are the releases
    /// that they were reached through, if they were.
    pub(in crate::graphql::types) fn grouped<K: Eq + Hash>(
        rows: HashMap<K, Vec<package::Model>>,
        parents: Weak<ReleaseBatch>,
    ) -> HashMap<K, Vec<Self>> {
        let relations = PackageRelations {
            parents,
            ..PackageRelations::default()
        };
        Record::grouped(rows, relations, Self)
    }

    /// The package with this id among those of `batch`, while it is there.
    pub(in crate::graphql::types) fn of_batch(
        batch: &Weak<PackageBatch>,
        id: &Uuid,
    ) -> Option<Self> {
        batch.upgrade()?.record(id).map(Self)
    }

    /// Its name, and its version where one is known.
    pub(in crate::graphql::types) fn name_and_version(&self) -> (&str, Option<&str>) {
        let row = self.0.row();
        (&row.name, row.version.as_deref())
    }

    pub(super) async fn load_release(&self, ctx: &Context<'_>) -> Result<Release> {
        let id = self.0.row().release_id;
        let relations = self.0.relations();
        if let Some(release) = Release::of_batch(&relations.parents, &id) {
            return Ok(release);
        }
        let load = || async {
            let ids: Vec<Uuid> = self.0.rows().map(|row| row.release_id).collect();
            // Only what subscribers are told of may be of a release that is deleted.
            let rows =
                release::by_ids_even_deleted(ctx.service()?, &ids, ctx.wanted().releases).await?;
            Ok(Release::by_id(rows))
        };
        let release = relations.releases.get(&id, load).await?;
        release.ok_or_else(|| error::missing("release", id))
    }

    async fn load_results(
        &self,
        ctx: &Context<'_>,
        page: PageArgs,
    ) -> Result<Slice<PackageResult>> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.0.keys());
            let pages = packages::results(service, ids, page.clone()).await?;
            Ok(Slice::grouped(pages, |rows| {
                PackageResult::grouped(rows, Arc::downgrade(self.0.batch()))
            }))
        };
        let relation = self.0.relations().results.with(&page);
        Ok(relation.get(&self.0.key(), load).await?.unwrap_or_default())
    }

    /// The list of the results of this package, of which `page` is asked for.
    pub(super) async fn list_results(
        &self,
        ctx: &Context<'_>,
        page: PageArgs,
    ) -> Result<Connection<PackageResult>> {
        let slice = self.load_results(ctx, page).await?;
        let package = self.0.clone();
        let count = move |service| {
            let package = package.clone();
            async move {
                let load =
                    || async { Ok(packages::result_counts(&service, package.keys()).await?) };
                let counts = &package.relations().result_counts;
                Ok(counts.get(&package.key(), load).await?.unwrap_or_default())
            }
        };
        Ok(Connection::new(slice, count))
    }

    pub(super) async fn load_previous(
        &self,
        ctx: &Context<'_>,
        platform: Option<String>,
    ) -> Result<Option<Self>> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.0.keys());
            let rows = version::previous(service, ids, platform.as_deref()).await?;
            let groups = rows.into_iter().map(|(owner, row)| (owner, vec![row]));
            let groups = Self::grouped(groups.collect(), Weak::new()).into_iter();
            Ok(groups
                .filter_map(|(owner, mut group)| Some((owner, group.pop()?)))
                .collect())
        };
        let relation = self.0.relations().previous.with(&platform);
        relation.get(&self.0.key(), load).await
    }

    pub(super) async fn load_is_current(
        &self,
        ctx: &Context<'_>,
        platform: Option<String>,
    ) -> Result<bool> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.0.keys());
            let current = version::current_among(service, ids, platform.as_deref()).await?;
            Ok(current.into_iter().map(|id| (id, true)).collect())
        };
        let relation = self.0.relations().current.with(&platform);
        Ok(relation.get(&self.0.key(), load).await?.unwrap_or_default())
    }

    pub(super) async fn load_rollback_detected(&self, ctx: &Context<'_>) -> Result<bool> {
        let load = || async {
            let rollbacks = version::rollbacks_among(ctx.service()?, self.0.keys()).await?;
            Ok(rollbacks.into_iter().map(|id| (id, true)).collect())
        };
        let relation = &self.0.relations().rollbacks;
        Ok(relation.get(&self.0.key(), load).await?.unwrap_or_default())
    }
}
