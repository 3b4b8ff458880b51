//! Questions about packages, people and teams over all releases.

use async_graphql::{Context, Lookahead, Object, Result};

use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{Order as _, StringFilter, SummaryOrder};
use crate::graphql::objects::Objects;
use crate::graphql::types::{PackageSummary, TeamSummary, UserSummary};
use crate::service::page::PageArgs;
use crate::service::{Service, filter, summary};

#[derive(Debug, Default)]
pub struct SummaryQuery;

#[Object]
impl SummaryQuery {
    /// What there is to say about the package of this name; null when no release deploys it.
    async fn package_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name of the package, e.g. `\"api\"`.")] name: String,
    ) -> Result<Option<PackageSummary>> {
        let row = summary::package(ctx.service()?, &name).await?;
        Ok(PackageSummary::all(row.into_iter().collect(), None).pop())
    }

    /// What there is to say about each package that releases deploy, one page of them.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn package_summaries(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only packages with such a name, e.g. `{ contains: \"api\" }`; all of them when \
                    absent."
        )]
        name: Option<StringFilter>,
        #[graphql(desc = "Only as far as releases name this platform, e.g. `\"prod\"`.")]
        platform: Option<String>,
        #[graphql(
            desc = "What they are ordered by; the name when absent.",
            default_with = "SummaryOrder::usual()"
        )]
        order_by: Option<Vec<SummaryOrder>>,
        #[graphql(
            desc = "This many from the beginning, or from behind `after`; 1 to 1000, 100 \
                          when neither `first` nor `last` is given."
        )]
        first: Option<i64>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "This many from the end, or from before `before`; not with `first`.")]
        last: Option<i64>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<PackageSummary>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset: None,
        };
        let (service, keys) = (ctx.service()?, SummaryOrder::keys(order_by));
        let name = name.map(filter::StringFilter::from);
        let keys = (keys.as_slice(), wants_totals(ctx));
        let page =
            summary::packages(service, name.as_ref(), platform.as_deref(), keys, page).await?;
        let slice = Slice::new(page, |rows| PackageSummary::all(rows, platform.clone()));
        let count = move |service: Service| {
            let (name, platform) = (name.clone(), platform.clone());
            async move {
                let (name, platform) = (name.as_ref(), platform.as_deref());
                Ok(summary::package_count(&service, name, platform).await?)
            }
        };
        Ok(Connection::new(slice, count))
    }

    /// Everyone who made a release, ordered by name; last, if there are any, the releases that name
    /// nobody.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only as far as releases name this platform, e.g. `\"prod\"`.")]
        platform: Option<String>,
    ) -> Result<Objects<UserSummary>> {
        let rows = summary::users(ctx.service()?, platform.as_deref()).await?;
        Ok(UserSummary::all(rows, platform).into())
    }

    /// Every team that a release was for, ordered by name; last, if there are any, the releases
    /// that name none.
    async fn teams(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only as far as releases name this platform, e.g. `\"prod\"`.")]
        platform: Option<String>,
    ) -> Result<Objects<TeamSummary>> {
        let rows = summary::teams(ctx.service()?, platform.as_deref()).await?;
        Ok(TeamSummary::all(rows, platform).into())
    }
}

/// Whether more is asked of the summaries of a page than their names and what is loaded by them.
fn wants_totals(ctx: &Context<'_>) -> bool {
    let page = ctx.look_ahead();
    let summaries = [page.field("nodes"), page.field("edges").field("node")];
    let totals = ["releaseCount", "firstReleasedAt", "lastReleasedAt"];
    let has = |summary: &Lookahead<'_>| totals.iter().any(|it| summary.field(it).exists());
    summaries.iter().any(has)
}
