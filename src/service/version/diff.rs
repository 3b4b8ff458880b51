//! What differs between two states.

use std::collections::BTreeMap;

use entity::Timestamp;

use super::{CurrentArgs, CurrentVersion, Moment, current};
use crate::service::{Result, Service};

/// A platform at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The name of the platform.
    pub platform: String,
    /// The time; now when absent.
    pub at: Option<Timestamp>,
}

/// What became of a package from one state to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VersionChange {
    /// It is only in the second one.
    Added,
    /// It is only in the first one.
    Removed,
    /// It has another version.
    Changed,
    /// It has the same version, or it is unknown in both.
    Unchanged,
}

/// One package in two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionDiff {
    /// The name of the package.
    pub package: String,
    /// What became of it.
    pub change: VersionChange,
    /// What is current in the first state.
    pub from: Option<CurrentVersion>,
    /// What is current in the second one.
    pub to: Option<CurrentVersion>,
}

/// What differs from one state to another, by package; what does not differ only with
/// `include_unchanged`.
///
/// # Errors
/// When the database fails.
pub async fn diff(
    service: &Service,
    from: &Point,
    to: &Point,
    include_unchanged: bool,
) -> Result<Vec<VersionDiff>> {
    type Sides = (Option<CurrentVersion>, Option<CurrentVersion>);
    let now = service.now();
    let mut packages: BTreeMap<String, Sides> = BTreeMap::new();
    for version in state(service, from, now).await? {
        let name = version.package.name.clone();
        packages.entry(name).or_default().0 = Some(version);
    }
    for version in state(service, to, now).await? {
        let name = version.package.name.clone();
        packages.entry(name).or_default().1 = Some(version);
    }
    let entries = packages
        .into_iter()
        .map(|(package, (from, to))| VersionDiff {
            package,
            change: change(from.as_ref(), to.as_ref()),
            from,
            to,
        });
    Ok(entries
        .filter(|entry| include_unchanged || entry.change != VersionChange::Unchanged)
        .collect())
}

async fn state(service: &Service, point: &Point, now: Timestamp) -> Result<Vec<CurrentVersion>> {
    let args = CurrentArgs {
        platform: Some(point.platform.clone()),
        package: None,
        moment: Moment {
            as_of: Some(point.at.unwrap_or(now)),
            by_release: false,
        },
    };
    current(service, &args).await
}

fn change(from: Option<&CurrentVersion>, to: Option<&CurrentVersion>) -> VersionChange {
    match (from, to) {
        (None, _) => VersionChange::Added,
        (_, None) => VersionChange::Removed,
        (Some(from), Some(to)) if from.package.version == to.package.version => {
            VersionChange::Unchanged
        }
        _ => VersionChange::Changed,
    }
}
