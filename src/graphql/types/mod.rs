//! The objects of the API. Each wraps a row, and the batch it came with where it has relations.

#![expect(
    clippy::unused_async,
    reason = "resolvers are async, even if they wait for nothing"
)]

mod dora;
mod event;
mod failure;
mod metadata;
mod node;
mod note;
mod package;
mod platform;
mod release;
mod remark;
mod result;
mod server;
mod stats;
mod summary;
mod version;

pub use dora::DoraReport;
pub use event::Event;
pub use failure::Failure;
pub use metadata::MetadataEntry;
pub use node::Node;
pub use note::ReleaseNote;
pub use package::{Package, package_columns};
pub use platform::Platform;
pub use release::{Release, TimelineItem, release_columns};
pub use remark::{UserError, Warning};
pub use result::PackageResult;
pub use server::ServerInfo;
pub use stats::{
    CountSplit, DurationStats, GroupKey, HistogramBar, OutcomeCounts, SeriesPoint, StatsRow,
};
pub use summary::{PackageSummary, TeamSummary, UserSummary};
pub use version::{CurrentVersion, VersionDiffEntry};

use crate::service::filter::{ReleaseFilter, StringListFilter};

/// Those of the releases that `asked` means that name `platform`.
fn on_platform(platform: String, asked: Option<ReleaseFilter>) -> ReleaseFilter {
    let here = ReleaseFilter {
        platforms: Some(StringListFilter {
            has: Some(platform),
            ..StringListFilter::default()
        }),
        ..ReleaseFilter::default()
    };
    ReleaseFilter {
        and: Some(std::iter::once(here).chain(asked).collect()),
        ..ReleaseFilter::default()
    }
}

/// Milliseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "that many milliseconds are 285,000 years"
)]
fn seconds(milliseconds: i64) -> Option<f64> {
    (milliseconds >= 0).then(|| milliseconds as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_become_seconds() {
        assert_eq!(seconds(20_500), Some(20.5));
        assert_eq!(seconds(0), Some(0.0));
        assert_eq!(seconds(-1), None);
    }
}
