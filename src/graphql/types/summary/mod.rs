//! Summaries of releases by package, user and team.

mod package;
mod people;

use async_graphql::{Context, Result};

pub use package::PackageSummary;
pub use people::{TeamSummary, UserSummary};

use super::{CurrentVersion, Package, on_platform};
use crate::graphql::batch::{Record, Related, Relations};
use crate::graphql::connection::Slice;
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::ReleaseFilter;
use crate::service::filter;
use crate::service::page::PageArgs;
use crate::service::summary::{NameSummary, SummaryKind, release_counts};
use crate::service::version::Moment;

/// What belongs to summaries.
#[derive(Debug)]
pub struct SummaryRelations {
    kind: SummaryKind,
    /// The only platform whose releases they are about.
    platform: Option<String>,
    release_counts: Relations<filter::ReleaseFilter, Option<String>, u64>,
    histories: Relations<History, String, Slice<Package>>,
    package_counts: Relations<filter::PackageFilter, String, u64>,
    current_versions: Relations<Moment, String, Vec<CurrentVersion>>,
}

/// Which deployments of a package, and how many of them.
type History = (filter::PackageFilter, PageArgs);

impl Related for SummaryRelations {
    type Row = NameSummary;
    type Key = Option<String>;

    fn key(row: &Self::Row) -> Option<String> {
        row.name.clone()
    }
}

fn records(
    kind: SummaryKind,
    platform: Option<String>,
    rows: Vec<NameSummary>,
) -> Vec<Record<SummaryRelations>> {
    let relations = SummaryRelations {
        kind,
        platform,
        release_counts: Relations::default(),
        histories: Relations::default(),
        package_counts: Relations::default(),
        current_versions: Relations::default(),
    };
    Record::all(rows, relations)
}

async fn count_releases(
    record: &Record<SummaryRelations>,
    ctx: &Context<'_>,
    filter: Option<ReleaseFilter>,
) -> Result<u64> {
    let Some(filter) = filter.map(filter::ReleaseFilter::from) else {
        return Ok(record.row().release_count);
    };
    let relations = record.relations();
    let filter = match relations.platform.clone() {
        Some(platform) => on_platform(platform, Some(filter)),
        None => filter,
    };
    let load = || async {
        let (service, names) = (ctx.service()?, record.keys());
        Ok(release_counts(service, relations.kind, names, &filter).await?)
    };
    let counts = relations.release_counts.with(&filter);
    Ok(counts.get(&record.key(), load).await?.unwrap_or_default())
}
