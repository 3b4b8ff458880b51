//! Releases.

mod ahead;
mod batch;
mod columns;
mod timeline;

use async_graphql::{Context, Description, ID, Object, Result};

pub use self::batch::ReleaseBatch;
use self::batch::ReleaseRelations;
pub use self::columns::columns as release_columns;
pub use self::timeline::TimelineItem;
use super::metadata::{MetadataEntry, to_json};
use super::{Event, Failure, Package, Platform, ReleaseNote, seconds};
use crate::graphql::batch::Record;
use crate::graphql::connection::Connection;
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::input::PackageFilter;
use crate::graphql::objects::Objects;
use crate::graphql::scalars::{DateTime, Json};
use crate::service::history;
use crate::service::page::PageArgs;

/// One act of deploying: who deployed which packages, for which team, to which platforms, when,
/// why, and how it went.
#[derive(Clone, Debug, Description)]
pub struct Release(Record<ReleaseRelations>);

#[Object(use_type_description)]
impl Release {
    /// The id of the release: a UUID that Orlo made.
    pub async fn id(&self) -> ID {
        self.0.row().id.into()
    }

    /// The key that the caller gave to the release, such as the id of a CI run or a change
    /// ticket; unique among releases. Null when none was given.
    async fn external_id(&self) -> Option<&str> {
        self.0.row().external_id.as_deref()
    }

    /// The person who released; null when nobody was named.
    async fn user(&self) -> Option<&str> {
        self.0.row().user.as_deref()
    }

    /// The team that the release was for; null when none was named.
    async fn team(&self) -> Option<&str> {
        self.0.row().team.as_deref()
    }

    /// The platforms that the release went to, in the order in which they were given.
    async fn platforms(&self, ctx: &Context<'_>) -> Result<Objects<Platform>> {
        Ok(self.batch().load_platforms(ctx, self.key()).await?.into())
    }

    /// The names of the platforms, as `platforms` has them; handy in tables.
    async fn platform_names(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let platforms = self.batch().load_platforms(ctx, self.key()).await?;
        Ok(platforms.iter().map(Platform::to_name).collect())
    }

    /// Why the release was made: tickets, changes, links. In the order in which they were given.
    async fn references(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        self.batch().load_references(ctx, self.key()).await
    }

    /// When the release started; null when nobody knows.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.row().started_at.map(Into::into)
    }

    /// When the release finished; null while it runs, and when nobody said.
    async fn finished_at(&self) -> Option<DateTime> {
        self.0.row().finished_at.map(Into::into)
    }

    /// Seconds from start to finish; null when either is missing, or when it is said to have
    /// finished before it started.
    async fn duration_seconds(&self) -> Option<f64> {
        self.0.row().duration_ms.and_then(seconds)
    }

    /// How far the release has come, as its packages tell: one that failed makes it `FAILED`, else
    /// one under way makes it `IN_PROGRESS`. Without packages, what was said of the release as a
    /// whole counts.
    async fn status(&self) -> DeployStatus {
        self.0.row().status.into()
    }

    /// Whether any of its packages is a rollback.
    async fn rollback(&self) -> bool {
        self.0.row().rollback
    }

    /// Whether some of its packages were deployed and others were not.
    async fn is_partial(&self) -> bool {
        self.0.row().partial
    }

    /// Whether the release is in progress and nothing was heard of it for longer than
    /// `server.staleAfterSeconds`. Its status stays what it is.
    async fn is_stale(&self, ctx: &Context<'_>) -> Result<bool> {
        let row = self.0.row();
        Ok(ctx.service()?.is_stale(row.status, row.updated_at))
    }

    /// What people remarked on the release, oldest first.
    async fn notes(&self, ctx: &Context<'_>) -> Result<Objects<ReleaseNote>> {
        let notes = self.batch().load_notes(ctx, self.key()).await?;
        Ok(notes.into_iter().map(Into::into).collect())
    }

    /// What callers attached to the release, as an object whose values are all texts, e.g.
    /// `{ "region": "eu", "build": "4711" }`; empty when there is nothing.
    async fn metadata(&self, ctx: &Context<'_>) -> Result<Json> {
        Ok(to_json(self.batch().load_metadata(ctx, self.key()).await?))
    }

    /// The metadata as a list, ordered by key.
    async fn metadata_entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these keys, e.g. `[\"region\"]`; all keys when absent.")]
        keys: Option<Vec<String>>,
    ) -> Result<Objects<MetadataEntry>> {
        let entries = self
            .batch()
            .load_metadata(ctx, self.key())
            .await?
            .into_iter();
        let wanted = |key: &String| keys.as_ref().is_none_or(|keys| keys.contains(key));
        Ok(entries
            .filter(|entry| wanted(&entry.key))
            .map(Into::into)
            .collect())
    }

    /// The packages that the release deploys, in the order in which they were given.
    async fn packages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only packages like this, e.g. `{ status: { eq: FAILED } }`.")]
        // Boxed, as the rest of what is large here: every field has room for the largest.
        filter: Option<Box<PackageFilter>>,
    ) -> Result<Objects<Package>> {
        let filter = filter.map(|filter| (*filter).into());
        Ok(
            Box::pin(self.batch().load_packages(ctx, self.key(), filter))
                .await?
                .into(),
        )
    }

    /// How many packages the release has.
    async fn package_count(&self) -> i32 {
        self.0.row().package_count
    }

    /// The trouble in production that the release caused, in the order of its detection.
    async fn failures(&self, ctx: &Context<'_>) -> Result<Objects<Failure>> {
        Ok(self.batch().load_failures(ctx, self.key()).await?.into())
    }

    /// What happened to the release and everything inside it, in the order in which Orlo heard of
    /// it.
    async fn events(
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
    ) -> Result<Connection<Event>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset: None,
        };
        Box::pin(self.batch().list_events(ctx, self.key(), page)).await
    }

    /// The names of the fields of this object that Orlo filled in because the caller left them
    /// out, e.g. `["startedAt"]`.
    async fn inferred_fields(&self) -> Vec<&str> {
        history::inferred(&self.0.row().inferred_fields)
    }

    /// When Orlo first heard of the release.
    async fn created_at(&self) -> DateTime {
        self.0.row().created_at.into()
    }

    /// When the release or anything inside it last changed; order by `UPDATED_AT` to follow changes.
    async fn updated_at(&self) -> DateTime {
        self.0.row().updated_at.into()
    }
}
