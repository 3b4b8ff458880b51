//! Everything that has an id.

use async_graphql::{ID, Interface};

use super::{Event, Failure, Package, PackageResult, Platform, Release};

/// A record that can be looked up by its id with `node`.
#[derive(Clone, Debug, Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "The id of the record: a UUID, unique over records of every type."
))]
pub enum Node {
    /// A release.
    Release(Release),
    /// A package of a release.
    Package(Package),
    /// Output of deploying a package.
    PackageResult(PackageResult),
    /// Trouble that a release caused.
    Failure(Failure),
    /// A place that packages are deployed to.
    Platform(Platform),
    /// Something that happened to a record.
    Event(Event),
}
