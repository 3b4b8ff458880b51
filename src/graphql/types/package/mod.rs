//! Packages.

mod batch;
mod columns;

use async_graphql::{Context, Description, ID, Object, Result};

pub use self::batch::PackageBatch;
use self::batch::PackageRelations;
pub use self::columns::columns as package_columns;
use super::{PackageResult, Release, seconds};
use crate::graphql::batch::Record;
use crate::graphql::connection::Connection;
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::scalars::DateTime;
use crate::service::history;
use crate::service::page::PageArgs;

/// One package that one release deploys, or is to deploy: which version, and how it went.
#[derive(Clone, Debug, Description)]
pub struct Package(Record<PackageRelations>);

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
        self.load_release(ctx).await
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

    /// Whether it brought back a version that had been replaced: it is successful and has a version,
    /// what it replaced on one of the platforms of its release has another one, and something
    /// earlier there had the same. Told from the history, whatever `rollback` says. Where the
    /// version that it replaced is unknown, it is false.
    async fn rollback_detected(&self, ctx: &Context<'_>) -> Result<bool> {
        self.load_rollback_detected(ctx).await
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

    /// Whether it is what runs now: nothing that counts for `currentVersions` replaced it yet. False
    /// when it is not successful, and before `effectiveAt`.
    async fn is_current(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "On the platform of this name, e.g. `\"prod\"`; on any platform of its \
                          release when absent."
        )]
        platform: Option<String>,
    ) -> Result<bool> {
        self.load_is_current(ctx, platform).await
    }

    /// The successful deployment of the same package that this one replaced; null when it was the
    /// first. For a package that is not successful: the one it would replace, which is what runs
    /// at its `effectiveAt`.
    async fn previous(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "On the platform of this name, e.g. `\"prod\"`; null when its release does \
                          not name that. When absent: on the platforms of its release, and \
                          where it replaced different ones, the latest of them."
        )]
        platform: Option<String>,
    ) -> Result<Option<Self>> {
        self.load_previous(ctx, platform).await
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
        Box::pin(self.list_results(ctx, page)).await
    }

    /// The names of the fields of this object that Orlo filled in because the caller left them
    /// out, e.g. `["status"]`.
    async fn inferred_fields(&self) -> Vec<&str> {
        history::inferred(&self.0.row().inferred_fields)
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
