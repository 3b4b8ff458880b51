//! Conditions on packages.

use async_graphql::InputObject;

use super::{
    BooleanFilter, DateTimeFilter, FloatFilter, IdFilter, ReleaseFilter, StatusFilter,
    StringFilter, convert_all, convert_boxed,
};
use crate::service::filter;

/// Which packages are meant. Every condition that is given must hold; one that is absent or null
/// is no condition, e.g. `{ name: { eq: "api" }, release: { platforms: { has: "prod" } } }`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PackageFilter {
    /// All of these must hold; an empty list always holds.
    pub and: Option<Vec<PackageFilter>>,
    /// At least one of these must hold; an empty list never holds.
    pub or: Option<Vec<PackageFilter>>,
    /// This must not hold.
    pub not: Option<Box<PackageFilter>>,
    /// The id of the package.
    pub id: Option<IdFilter>,
    /// The key that the caller gave to the package.
    pub external_id: Option<StringFilter>,
    /// The name of the package.
    pub name: Option<StringFilter>,
    /// The version that was deployed, compared as text.
    pub version: Option<StringFilter>,
    /// Its status.
    pub status: Option<StatusFilter>,
    /// Whether it was recorded as a rollback.
    pub rollback: Option<BooleanFilter>,
    /// Where the difference to the version before can be seen.
    pub diff_url: Option<StringFilter>,
    /// When deploying it started.
    pub started_at: Option<DateTimeFilter>,
    /// When deploying it finished.
    pub finished_at: Option<DateTimeFilter>,
    /// When the record last changed.
    pub updated_at: Option<DateTimeFilter>,
    /// How long deploying it took, in seconds.
    pub duration_seconds: Option<FloatFilter>,
    /// The release that it belongs to.
    pub release: Option<Box<ReleaseFilter>>,
}

impl From<PackageFilter> for filter::PackageFilter {
    fn from(input: PackageFilter) -> Self {
        let PackageFilter {
            and,
            or,
            not,
            id,
            external_id,
            name,
            version,
            status,
            rollback,
            diff_url,
            started_at,
            finished_at,
            updated_at,
            duration_seconds,
            release,
        } = input;
        Self {
            and: convert_all(and),
            or: convert_all(or),
            not: convert_boxed(not),
            id: id.map(Into::into),
            external_id: external_id.map(Into::into),
            name: name.map(Into::into),
            version: version.map(Into::into),
            status: status.map(Into::into),
            rollback: rollback.map(Into::into),
            diff_url: diff_url.map(Into::into),
            started_at: started_at.map(Into::into),
            finished_at: finished_at.map(Into::into),
            updated_at: updated_at.map(Into::into),
            duration_seconds: duration_seconds.map(Into::into),
            release: convert_boxed(release),
        }
    }
}

/// Conditions on the packages of a release; all that are given must hold. What stands inside one
/// object is asked of one and the same package.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PackageListFilter {
    /// At least one package is like this.
    pub some: Option<Box<PackageFilter>>,
    /// Every package is like this; holds for a release without packages.
    pub every: Option<Box<PackageFilter>>,
    /// No package is like this.
    pub none: Option<Box<PackageFilter>>,
}

impl From<PackageListFilter> for filter::PackageListFilter {
    fn from(input: PackageListFilter) -> Self {
        let PackageListFilter { some, every, none } = input;
        Self {
            some: convert_boxed(some),
            every: convert_boxed(every),
            none: convert_boxed(none),
        }
    }
}
