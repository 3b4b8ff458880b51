//! Packages.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Weak;

use async_graphql::{Context, Description, ID, Object, Result};
use entity::package;
use uuid::Uuid;

use super::release::ReleaseBatch;
use super::{PackageResult, Release, inferred_fields, seconds};
use crate::graphql::batch::{Batch, Record, Related, Relation, Relations};
use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::error;
use crate::graphql::scalars::DateTime;
use crate::service::page::PageArgs;
use crate::service::{package as packages, release};

/// One package that one release deploys, or is to deploy: which version, and how it went.
#[derive(Clone, Debug, Description)]
pub struct Package(Record<PackageRelations>);

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
    pub(super) fn grouped<K: Eq + Hash>(
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
    pub(super) fn of_batch(batch: &Weak<PackageBatch>, id: &Uuid) -> Option<Self> {
        batch.upgrade()?.record(id).map(Self)
    }

    /// Its name, and its version where one is known.
    pub(super) fn name_and_version(&self) -> (&str, Option<&str>) {
        let row = self.0.row();
        (&row.name, row.version.as_deref())
    }

    async fn load_results(
        &self,
        ctx: &Context<'_>,
        page: PageArgs,
    ) -> Result<Slice<PackageResult>> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.0.keys());
            let pages = packages::results(service, &ids, page.clone()).await?;
            Ok(Slice::grouped(pages, |rows| {
                PackageResult::grouped(rows, self.0.batch())
            }))
        };
        let relation = self.0.relations().results.with(&page);
        Ok(relation.get(&self.0.key(), load).await?.unwrap_or_default())
    }
}

#[Object(use_type_description)]
impl Package {
    /// The id of the package in this release: a UUID that Orlo made.
    pub async fn id(&self) -> ID {
        self.0.row().id.into()
    }

    /// The key that the caller gave to it; unique among packages. Null when none was given.
    async fn external_id(&self) -> Option<&str> {
        self.0.row().external_id.as_deref()
    }

    /// The release that it belongs to.
    async fn release(&self, ctx: &Context<'_>) -> Result<Release> {
        let id = self.0.row().release_id;
        let relations = self.0.relations();
        if let Some(release) = Release::of_batch(&relations.parents, &id) {
            return Ok(release);
        }
        let load = || async {
            let ids: Vec<Uuid> = self.0.rows().map(|row| row.release_id).collect();
            let rows = release::by_ids(ctx.service()?, &ids).await?;
            Ok(Release::by_id(rows))
        };
        let release = relations.releases.get(&id, load).await?;
        release.ok_or_else(|| error::missing("release", id))
    }

    /// The name of the package, e.g. `api`.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// The version that is deployed; null when nobody said.
    async fn version(&self) -> Option<&str> {
        self.0.row().version.as_deref()
    }

    /// How far deploying it has come.
    async fn status(&self) -> DeployStatus {
        self.0.row().status.into()
    }

    /// Whether it was recorded as a rollback; false when the caller did not say.
    async fn rollback(&self) -> bool {
        self.0.row().rollback
    }

    /// Where the difference to the version before can be seen; null when nobody said.
    async fn diff_url(&self) -> Option<&str> {
        self.0.row().diff_url.as_deref()
    }

    /// The commit that it was built from; null when nobody said.
    async fn commit_sha(&self) -> Option<&str> {
        self.0.row().commit_sha.as_deref()
    }

    /// When the oldest change in this deployment was committed, where the lead time of changes
    /// begins; null when nobody said.
    async fn committed_at(&self) -> Option<DateTime> {
        self.0.row().committed_at.map(Into::into)
    }

    /// When deploying it started; null before that, and when nobody said.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.row().started_at.map(Into::into)
    }

    /// When deploying it finished; null before that, and when nobody said.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.row().finished_at.map(Into::into)
    }

    /// Seconds from start to finish; null when either is missing, or when it is said to have
    /// finished before it started.
    async fn duration_seconds(&self) -> Option<f64> {
        self.0.row().duration_ms.and_then(seconds)
    }

    /// The time by which versions follow each other: when it finished, else started, else when its
    /// release finished, else started, else when Orlo heard of it.
    async fn effective_at(&self) -> DateTime {
        self.0.row().effective_at.into()
    }

    /// Whether it is in progress and nothing was heard of it for longer than
    /// `server.staleAfterSeconds`. Its status stays what it is.
    async fn is_stale(&self, ctx: &Context<'_>) -> Result<bool> {
        let row = self.0.row();
        Ok(ctx.service()?.is_stale(row.status, row.updated_at))
    }

    /// The output of deploying it, oldest first.
    async fn results(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "This many from the beginning, or from behind `after`; 1 to 1000, 100 \
                          when neither `first` nor `last` is given."
        )]
        first: Option<i64>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "This many from the end, or from before `before`; not with `first`.")]
        last: Option<i64>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PackageResult>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset: None,
        };
        let slice = self.load_results(ctx, page).await?;
        let package = self.0.clone();
        let count = move |service| {
            let package = package.clone();
            async move {
                let load =
                    || async { Ok(packages::result_counts(&service, &package.keys()).await?) };
                let counts = &package.relations().result_counts;
                Ok(counts.get(&package.key(), load).await?.unwrap_or_default())
            }
        };
        Ok(Connection::new(slice, count))
    }

    /// The names of the fields of this object that Orlo filled in because the caller left them
    /// out, e.g. `["status"]`.
    async fn inferred_fields(&self) -> Vec<&str> {
        inferred_fields(&self.0.row().inferred_fields)
    }

    /// When Orlo first heard of it.
    async fn created_at(&self) -> DateTime {
        self.0.row().created_at.into()
    }

    /// When the record of it last changed; order by `UPDATED_AT` to follow changes.
    async fn updated_at(&self) -> DateTime {
        self.0.row().updated_at.into()
    }
}
