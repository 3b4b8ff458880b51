//! Platforms.

use std::collections::HashMap;

use async_graphql::{Context, Description, ID, Object, Result};
use entity::platform;
use uuid::Uuid;

use super::{CurrentVersion, Release};
use crate::graphql::batch::{Record, Related, Relation, Relations};
use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{Order as _, ReleaseFilter, ReleaseOrder, moment};
use crate::graphql::objects::Objects;
use crate::graphql::scalars::DateTime;
use crate::service::page::PageArgs;
use crate::service::platform::{PlatformSummary, release_counts, summaries};
use crate::service::version::{Moment, current_on_platforms};
use crate::service::{Service, filter, release};

/// A place that packages are deployed to, such as a cluster, a data centre or an environment. It
/// comes into being when a release first names it.
#[derive(Clone, Debug, Description)]
pub struct Platform(Record<PlatformRelations>);

/// What belongs to platforms.
#[derive(Debug, Default)]
pub struct PlatformRelations {
    summaries: Relation<Uuid, PlatformSummary>,
    release_counts: Relations<filter::ReleaseFilter, Uuid, u64>,
    releases: Relations<ReleaseList, Uuid, Slice<Release>>,
    current_versions: Relations<Moment, Uuid, Vec<CurrentVersion>>,
}

/// Which releases of a platform, in which order, and how many of them.
type ReleaseList = (filter::ReleaseFilter, Vec<release::ReleaseOrder>, PageArgs);

impl Related for PlatformRelations {
    type Row = platform::Model;
    type Key = Uuid;

    fn key(row: &Self::Row) -> Uuid {
        row.id
    }
}

impl Platform {
    /// A platform that came alone.
    #[must_use]
    pub fn single(row: platform::Model) -> Self {
        Self(Record::single(row, PlatformRelations::default()))
    }

    /// Platforms that came together.
    #[must_use]
    pub fn all(rows: Vec<platform::Model>) -> Vec<Self> {
        let records = Record::all(rows, PlatformRelations::default());
        records.into_iter().map(Self).collect()
    }

    /// Platforms that came together, by id.
    #[must_use]
    pub fn by_id(rows: HashMap<Uuid, platform::Model>) -> HashMap<Uuid, Self> {
        let platforms = Self::all(rows.into_values().collect());
        platforms.into_iter().map(|it| (it.0.key(), it)).collect()
    }

    /// The platforms of each of the releases of a batch.
    pub(super) fn grouped(rows: HashMap<Uuid, Vec<platform::Model>>) -> HashMap<Uuid, Vec<Self>> {
        Record::grouped(rows, PlatformRelations::default(), Self)
    }

    /// The name.
    pub(super) fn to_name(&self) -> String {
        self.0.row().name.clone()
    }

    async fn summary(&self, ctx: &Context<'_>) -> Result<Option<PlatformSummary>> {
        let load = || async { Ok(summaries(ctx.service()?, self.0.keys()).await?) };
        self.0.relations().summaries.get(&self.0.key(), load).await
    }

    async fn count_releases(
        &self,
        service: &Service,
        filter: &filter::ReleaseFilter,
    ) -> Result<u64> {
        let load = || async { Ok(release_counts(service, self.0.keys(), filter).await?) };
        let counts = self.0.relations().release_counts.with(filter);
        Ok(counts.get(&self.0.key(), load).await?.unwrap_or_default())
    }

    async fn list_releases(
        &self,
        ctx: &Context<'_>,
        list: ReleaseList,
    ) -> Result<Connection<Release>> {
        let load = || async {
            let (filter, order, page) = list.clone();
            let (service, ids) = (ctx.service()?, self.0.keys());
            let asked = (&filter, ctx.wanted().releases);
            let pages = release::of_platforms(service, ids, asked, &order, page).await?;
            Ok(Slice::grouped(pages, Release::grouped))
        };
        let relation = self.0.relations().releases.with(&list);
        let slice = relation.get(&self.0.key(), load).await?.unwrap_or_default();
        let (platform, (filter, _, _)) = (self.clone(), list);
        let count = move |service: Service| {
            let (platform, filter) = (platform.clone(), filter.clone());
            async move { platform.count_releases(&service, &filter).await }
        };
        Ok(Connection::new(slice, count))
    }

    async fn load_versions(&self, ctx: &Context<'_>, at: Moment) -> Result<Vec<CurrentVersion>> {
        let load = || async {
            let (service, ids) = (ctx.service()?, self.0.keys());
            let versions = current_on_platforms(service, ids, at).await?;
            Ok(CurrentVersion::grouped(versions))
        };
        let relation = self.0.relations().current_versions.with(&at);
        Ok(relation.get(&self.0.key(), load).await?.unwrap_or_default())
    }
}

#[Object(use_type_description)]
impl Platform {
    /// The id of the platform.
    pub async fn id(&self) -> ID {
        self.0.row().id.into()
    }

    /// The name of the platform, as releases name it.
    async fn name(&self) -> &str {
        &self.0.row().name
    }

    /// How many releases name the platform.
    async fn release_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases like this, e.g. `{ status: { eq: FAILED } }`.")]
        filter: Option<ReleaseFilter>,
    ) -> Result<u64> {
        match filter {
            Some(filter) => self.count_releases(ctx.service()?, &filter.into()).await,
            None => Ok(self.summary(ctx).await?.map_or(0, |it| it.release_count)),
        }
    }

    /// The time of the first release that names the platform: when it started, else finished, else
    /// when Orlo heard of it.
    async fn first_released_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let summary = self.summary(ctx).await?;
        Ok(summary.and_then(|it| it.first_released_at).map(Into::into))
    }

    /// The time of the last release that names the platform, told as for `firstReleasedAt`.
    async fn last_released_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let summary = self.summary(ctx).await?;
        Ok(summary.and_then(|it| it.last_released_at).map(Into::into))
    }

    /// What runs on the platform, ordered by package; see the query `currentVersions`.
    async fn current_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The instant that is asked about, e.g. `\"2026-03-03T15:30:00Z\"`; now \
                          when absent."
        )]
        as_of: Option<DateTime>,
        #[graphql(
            desc = "Counts only packages of releases that are `SUCCESSFUL` as a whole.",
            default_with = "Some(false)"
        )]
        by_release: Option<bool>,
    ) -> Result<Objects<CurrentVersion>> {
        let versions = self.load_versions(ctx, moment(as_of, by_release)).await?;
        Ok(versions.into())
    }

    /// The releases that name the platform.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases like this, e.g. `{ status: { eq: FAILED } }`.")]
        filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "What they are ordered by; those that started last come first when absent.",
            default_with = "ReleaseOrder::usual()"
        )]
        order_by: Option<Vec<ReleaseOrder>>,
        #[graphql(
            desc = "This many from the beginning, or from behind `after`; 1 to 1000, 100 \
                          when neither `first` nor `last` is given."
        )]
        first: Option<i64>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "This many from the end, or from before `before`; not with `first`.")]
        last: Option<i64>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Leaves out this many first; with `first`.")] offset: Option<i64>,
    ) -> Result<Connection<Release>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset,
        };
        let filter = filter.map(Into::into).unwrap_or_default();
        let list = (filter, ReleaseOrder::keys(order_by), page);
        self.list_releases(ctx, list).await
    }
}
