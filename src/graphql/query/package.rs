//! Questions about packages.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection::Connection;
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{Order, PackageFilter, PackageOrder, PackageRef};
use crate::graphql::types::Package;
use crate::service::page::PageArgs;
use crate::service::{Service, filter, package};

#[derive(Debug, Default)]
pub struct PackageQuery;

#[Object]
impl PackageQuery {
    /// The package that is named; null when there is none, when it was deleted, and when the name
    /// fits several packages of the release.
    async fn package(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Which package, e.g. `{ inRelease: { release: { externalId: \"jenkins-4711\" }, \
                    name: \"api\" } }`."
        )]
        by: PackageRef,
    ) -> Result<Option<Package>> {
        let row = package::find(ctx.service()?, &by.into()).await?;
        Ok(row.map(Package::single))
    }

    /// The packages of all releases that are like `filter`, one page of them.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn packages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only packages like this, e.g. `{ name: { eq: \"api\" }, release: { platforms: { \
                    has: \"prod\" } } }`; all of them when absent."
        )]
        filter: Option<PackageFilter>,
        #[graphql(
            desc = "What they are ordered by; those that started last come first when absent.",
            default_with = "PackageOrder::usual()"
        )]
        order_by: Option<Vec<PackageOrder>>,
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
    ) -> Result<Connection<Package>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset,
        };
        let filter: filter::PackageFilter = filter.map(Into::into).unwrap_or_default();
        let keys = PackageOrder::keys(order_by);
        let service = ctx.service()?;
        let columns = ctx.wanted_of_page(ctx.wanted().packages);
        // Boxed, because it is large, and would be moved along with everything around it.
        let list = Box::pin(package::list(service, (&filter, columns), &keys, page));
        let counted = filter.clone();
        let count = move |service: Service| {
            let filter = counted.clone();
            async move { Ok(package::count(&service, &filter).await?) }
        };
        Connection::load(ctx, list, Package::all, count).await
    }
}
