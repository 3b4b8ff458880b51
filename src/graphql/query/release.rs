//! Questions about releases.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection::Connection;
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{Order, ReleaseFilter, ReleaseOrder, ReleaseRef};
use crate::graphql::types::Release;
use crate::service::page::PageArgs;
use crate::service::{Service, filter, release};

#[derive(Debug, Default)]
pub struct ReleaseQuery;

#[Object]
impl ReleaseQuery {
    /// The release that is named; null when there is none or it was deleted.
    async fn release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, e.g. `{ externalId: \"jenkins-4711\" }`.")] by: ReleaseRef,
    ) -> Result<Option<Release>> {
        Release::find(ctx, &by.into()).await
    }

    /// The releases that are like `filter`, one page of them.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only releases like this, e.g. `{ team: { eq: \"shop\" }, status: { eq: FAILED } \
                    }`; all of them when absent."
        )]
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
        let filter: filter::ReleaseFilter = filter.map(Into::into).unwrap_or_default();
        let keys = ReleaseOrder::keys(order_by);
        let service = ctx.service()?;
        let columns = ctx.wanted_of_page(ctx.wanted().releases);
        // Boxed, because it is large, and would be moved along with everything around it.
        let list = Box::pin(release::list(service, (&filter, columns), &keys, page));
        let counted = filter.clone();
        let count = move |service: Service| {
            let filter = counted.clone();
            async move { Ok(release::count(&service, &filter).await?) }
        };
        Connection::load(ctx, list, Release::all, count).await
    }
}
