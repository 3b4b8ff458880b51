//! Ways to name a record.

use async_graphql::{ID, InputObject, OneofObject};

use crate::service::reference;

/// Names one release, in exactly one of these ways, e.g. `{ externalId: "jenkins-4711" }`.
#[derive(Clone, Debug, OneofObject)]
pub enum ReleaseRef {
    /// By its id.
    Id(ID),
    /// By the key that the caller gave to it.
    ExternalId(String),
}

impl From<ReleaseRef> for reference::ReleaseRef {
    fn from(input: ReleaseRef) -> Self {
        match input {
            ReleaseRef::Id(id) => Self::Id(id.into()),
            ReleaseRef::ExternalId(id) => Self::ExternalId(id),
        }
    }
}

/// Names one package of one release, in exactly one of these ways, e.g.
/// `{ inRelease: { release: { externalId: "jenkins-4711" }, name: "api" } }`.
#[derive(Clone, Debug, OneofObject)]
pub enum PackageRef {
    /// By its id.
    Id(ID),
    /// By the key that the caller gave to it.
    ExternalId(String),
    /// By its name in a release.
    InRelease(PackageInReleaseRef),
}

impl From<PackageRef> for reference::PackageRef {
    fn from(input: PackageRef) -> Self {
        match input {
            PackageRef::Id(id) => Self::Id(id.into()),
            PackageRef::ExternalId(id) => Self::ExternalId(id),
            PackageRef::InRelease(PackageInReleaseRef {
                release,
                name,
                version,
            }) => Self::InRelease {
                release: release.into(),
                name,
                version,
            },
        }
    }
}

/// The package of a name in a release.
#[derive(Clone, Debug, InputObject)]
pub struct PackageInReleaseRef {
    /// The release.
    pub release: ReleaseRef,
    /// The name of the package.
    pub name: String,
    /// Its version; needed only where the release has the name more than once.
    pub version: Option<String>,
}
