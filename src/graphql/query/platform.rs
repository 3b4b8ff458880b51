//! Questions about platforms.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{Order as _, StringFilter, SummaryOrder};
use crate::graphql::types::Platform;
use crate::service::page::PageArgs;
use crate::service::{Service, filter, platform};

#[derive(Debug, Default)]
pub struct PlatformQuery;

#[Object]
impl PlatformQuery {
    /// The platform of this name; null when no release names it.
    async fn platform(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name of the platform, e.g. `\"prod\"`.")] name: String,
    ) -> Result<Option<Platform>> {
        let row = platform::find(ctx.service()?, &name).await?;
        Ok(row.map(Platform::single))
    }

    /// The platforms that releases name, one page of them.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn platforms(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only platforms with such a name, e.g. `{ startsWith: \"eu-\" }`; all of them \
                    when absent."
        )]
        name: Option<StringFilter>,
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
    ) -> Result<Connection<Platform>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset: None,
        };
        let (service, keys) = (ctx.service()?, SummaryOrder::keys(order_by));
        let name = name.map(filter::StringFilter::from);
        let page = platform::list(service, name.as_ref(), &keys, page).await?;
        let count = move |service: Service| {
            let name = name.clone();
            async move { Ok(platform::count(&service, name.as_ref()).await?) }
        };
        Ok(Connection::new(Slice::new(page, Platform::all), count))
    }
}
