//! What callers can follow while it happens, one file per noun.

#![expect(
    clippy::unused_async,
    reason = "resolvers are async, even if they wait for nothing"
)]

use async_graphql::MergedSubscription;

mod changes;
mod package;
mod release;

/// What happens, told while it happens: over WebSocket at `/graphql/ws` (graphql-transport-ws) or as
/// server-sent events at `/graphql/stream`. Every event comes with a cursor; to go on where you
/// stopped, give the last one as `after`. Events come in one order, each exactly once.
#[derive(Debug, Default, MergedSubscription)]
pub struct Subscription(release::ReleaseSubscription, package::PackageSubscription);
