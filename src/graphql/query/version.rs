//! Questions about what runs where.

use async_graphql::{Context, Object, Result};

use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{StringFilter, VersionPoint, moment};
use crate::graphql::objects::Objects;
use crate::graphql::scalars::DateTime;
use crate::graphql::types::{CurrentVersion, VersionDiffEntry};
use crate::service::version;

#[derive(Debug, Default)]
pub struct VersionQuery;

#[Object]
impl VersionQuery {
    /// What runs where: now, or as it was at any past instant. One entry for each package on each
    /// platform, ordered by package and then platform, those without a platform last. Successful
    /// deployments count, by when they finished: what finished last is what runs, and a rollback
    /// is simply the newest deployment.
    async fn current_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only on the platform of this name, e.g. `\"prod\"`; on all platforms, and \
                          without a platform, when absent."
        )]
        platform: Option<String>,
        #[graphql(
            desc = "Only packages with such a name, e.g. `{ startsWith: \"web-\" }`; all of them \
                    when absent."
        )]
        package: Option<StringFilter>,
        #[graphql(
            desc = "The instant that is asked about, e.g. `\"2026-03-03T15:30:00Z\"`; now \
                          when absent. What is recorded for later does not run yet."
        )]
        as_of: Option<DateTime>,
        #[graphql(
            desc = "Counts only packages of releases that are `SUCCESSFUL` as a whole, so that the \
                    good half of a release that failed is left out.",
            default_with = "Some(false)"
        )]
        by_release: Option<bool>,
    ) -> Result<Objects<CurrentVersion>> {
        let args = version::CurrentArgs {
            platform,
            package: package.map(Into::into),
            moment: moment(as_of, by_release),
        };
        let versions = version::current(ctx.service()?, &args).await?;
        Ok(CurrentVersion::all(versions).into())
    }

    /// What differs between two platforms, or between two moments of one platform; ordered by
    /// package.
    async fn version_diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first state, e.g. `{ platform: \"staging\" }`.")] from: VersionPoint,
        #[graphql(desc = "The second state, e.g. `{ platform: \"prod\" }`.")] to: VersionPoint,
        #[graphql(
            desc = "Whether packages that have the same version in both states are listed too.",
            default_with = "Some(false)"
        )]
        include_unchanged: Option<bool>,
    ) -> Result<Objects<VersionDiffEntry>> {
        let (service, all) = (ctx.service()?, include_unchanged.unwrap_or(false));
        let entries = version::diff(service, &from.into(), &to.into(), all).await?;
        Ok(VersionDiffEntry::all(entries).into())
    }
}
