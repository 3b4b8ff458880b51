//! Questions about the history.

use async_graphql::{Context, Object, Result};

use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::EventType;
use crate::graphql::scalars::DateTime;
use crate::graphql::types::Event;
use crate::service::event::EventFilter;
use crate::service::page::PageArgs;
use crate::service::{Service, event};

#[derive(Debug, Default)]
pub struct EventQuery;

#[Object]
impl EventQuery {
    /// The history of everything, in the order in which Orlo heard of it; what happened to records
    /// that were deleted since too. To keep another system in step, ask again and again with the
    /// `endCursor` of the last page as `after`: every event comes exactly once. For that, an event
    /// is held back for the moment that an earlier one needs to be stored. The cursor of an event is
    /// good for `after` of the subscriptions too.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only events of these types, e.g. `[RELEASE_CREATED, RELEASE_FINISHED]`; all \
                    types when absent."
        )]
        types: Option<Vec<EventType>>,
        #[graphql(
            desc = "Only what Orlo heard of then or later, e.g. `\"2026-03-01T12:00:00Z\"`."
        )]
        since: Option<DateTime>,
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
        let filter = EventFilter {
            types: types.map(|types| types.into_iter().map(Into::into).collect()),
            since: since.map(Into::into),
        };
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset: None,
        };
        let page = event::list(ctx.service()?, &filter, page).await?;
        let count = move |service: Service| {
            let filter = filter.clone();
            async move { Ok(event::count(&service, &filter).await?) }
        };
        Ok(Connection::new(Slice::new(page, Event::all), count))
    }
}
