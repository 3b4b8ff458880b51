//! The questions that callers can ask, one file per noun.

#![expect(
    clippy::unused_async,
    reason = "resolvers are async, even if they wait for nothing"
)]

use async_graphql::MergedObject;

mod dora;
mod event;
mod node;
mod package;
mod platform;
mod release;
mod server;
mod stats;
mod summary;
mod version;

/// The questions to Orlo. Lists are Relay connections: `nodes` holds the records of a page,
/// `pageInfo.endCursor` given as `after` leads to the next one.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    release::ReleaseQuery,
    package::PackageQuery,
    platform::PlatformQuery,
    summary::SummaryQuery,
    version::VersionQuery,
    node::NodeQuery,
    server::ServerQuery,
    stats::StatsQuery,
    dora::DoraQuery,
    event::EventQuery,
);
