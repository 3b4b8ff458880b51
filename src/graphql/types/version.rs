//! What runs where.

use std::collections::HashMap;
use std::hash::Hash;

use async_graphql::SimpleObject;

use super::Package;
use crate::graphql::enums::VersionChange;
use crate::graphql::scalars::DateTime;
use crate::service::version;

/// The version of one package that runs on one platform: the one that was deployed successfully
/// last, going by when that finished.
#[derive(Clone, Debug, SimpleObject)]
pub struct CurrentVersion {
    /// The name of the package.
    package: String,
    /// The name of the platform; null groups deployments that were recorded without a platform.
    platform: Option<String>,
    /// The version; null when the deployment did not say.
    version: Option<String>,
    /// Since when it runs: the `effectiveAt` of the deployment.
    deployed_at: DateTime,
    /// The deployment that brought it.
    deployment: Package,
    /// The version of the successful deployment that this one replaced; null when it was the first,
    /// or when that did not say. After a deployment of the same version once more, it is the same.
    previous_version: Option<String>,
}

impl CurrentVersion {
    /// Current versions that came together; their deployments form one batch.
    #[must_use]
    pub fn all(versions: Vec<version::CurrentVersion>) -> Vec<Self> {
        let rows = versions.iter().map(|it| it.package.clone()).collect();
        let wrap = |(version, deployment): (version::CurrentVersion, Package)| Self {
            package: version.package.name,
            platform: version.platform,
            version: version.package.version,
            deployed_at: version.package.effective_at.into(),
            deployment,
            previous_version: version.previous_version,
        };
        versions
            .into_iter()
            .zip(Package::all(rows))
            .map(wrap)
            .collect()
    }

    /// The same, each group for an owner of its own.
    pub(super) fn grouped<K: Clone + Eq + Hash>(
        groups: HashMap<K, Vec<version::CurrentVersion>>,
    ) -> HashMap<K, Vec<Self>> {
        let groups = groups.into_iter();
        let versions = groups.flat_map(|(owner, versions)| {
            let own = move |version| (owner.clone(), version);
            versions.into_iter().map(own).collect::<Vec<_>>()
        });
        let (owners, versions): (Vec<K>, Vec<_>) = versions.unzip();
        let mut groups: HashMap<K, Vec<Self>> = HashMap::new();
        for (owner, version) in owners.into_iter().zip(Self::all(versions)) {
            groups.entry(owner).or_default().push(version);
        }
        groups
    }
}

/// One package in two states of platforms.
#[derive(Clone, Debug, SimpleObject)]
pub struct VersionDiffEntry {
    /// The name of the package.
    package: String,
    /// What became of it from the first state to the second one.
    change: VersionChange,
    /// The version in the first state; null when it is not there, or unknown.
    from_version: Option<String>,
    /// The version in the second state; null when it is not there, or unknown.
    to_version: Option<String>,
    /// What runs in the first state; null when the package is not there.
    from: Option<CurrentVersion>,
    /// What runs in the second state; null when the package is not there.
    to: Option<CurrentVersion>,
}

impl VersionDiffEntry {
    /// Entries that came together; all their deployments form one batch.
    #[must_use]
    pub fn all(entries: Vec<version::VersionDiff>) -> Vec<Self> {
        let sides = entries.iter().flat_map(|entry| [&entry.from, &entry.to]);
        let versions = sides.flatten().cloned().collect();
        let mut versions = CurrentVersion::all(versions).into_iter();
        // A side that is there has the next of the versions.
        let mut side =
            |version: Option<version::CurrentVersion>| version.and_then(|_| versions.next());
        let mut wrap = |entry: version::VersionDiff| {
            let (from, to) = (side(entry.from), side(entry.to));
            Self {
                package: entry.package,
                change: entry.change.into(),
                from_version: from.as_ref().and_then(|it| it.version.clone()),
                to_version: to.as_ref().and_then(|it| it.version.clone()),
                from,
                to,
            }
        };
        entries.into_iter().map(&mut wrap).collect()
    }
}
