//! Conditions on releases.

use async_graphql::InputObject;

use super::{
    BooleanFilter, DateTimeFilter, FloatFilter, IdFilter, MetadataFilter, PackageListFilter,
    StatusFilter, StringFilter, StringListFilter, convert_all, convert_boxed,
};
use crate::service::filter;

/// Which releases are meant. Every condition that is given must hold; one that is absent or null
/// is no condition. For example the failed releases of a team to production this year:
/// `{ team: { eq: "shop" }, platforms: { has: "prod" }, status: { eq: FAILED }, startedAt: { gte:
/// "2026-01-01" } }`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ReleaseFilter {
    /// All of these must hold; an empty list always holds.
    pub and: Option<Vec<ReleaseFilter>>,
    /// At least one of these must hold; an empty list never holds.
    pub or: Option<Vec<ReleaseFilter>>,
    /// This must not hold.
    pub not: Option<Box<ReleaseFilter>>,
    /// The id of the release.
    pub id: Option<IdFilter>,
    /// The key that the caller gave to the release.
    pub external_id: Option<StringFilter>,
    /// The person who released.
    pub user: Option<StringFilter>,
    /// The team that the release was for.
    pub team: Option<StringFilter>,
    /// The names of the platforms it went to.
    pub platforms: Option<StringListFilter>,
    /// Its references, such as tickets.
    pub references: Option<StringListFilter>,
    /// When it started.
    pub started_at: Option<DateTimeFilter>,
    /// When it finished.
    pub finished_at: Option<DateTimeFilter>,
    /// When Orlo first heard of it.
    pub created_at: Option<DateTimeFilter>,
    /// When it or anything inside it last changed.
    pub updated_at: Option<DateTimeFilter>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<FloatFilter>,
    /// Its status, as `Release.status` says it.
    pub status: Option<StatusFilter>,
    /// Whether any of its packages is a rollback.
    pub rollback: Option<BooleanFilter>,
    /// Whether it is in progress without news for longer than the stale limit.
    pub is_stale: Option<BooleanFilter>,
    /// Its packages, e.g. `{ some: { name: { eq: "api" }, status: { eq: FAILED } } }`.
    pub packages: Option<PackageListFilter>,
    /// Its metadata; every condition in the list must hold.
    pub metadata: Option<Vec<MetadataFilter>>,
    /// The texts of its notes.
    pub notes: Option<StringListFilter>,
}

impl From<ReleaseFilter> for filter::ReleaseFilter {
    fn from(input: ReleaseFilter) -> Self {
        let ReleaseFilter {
            and,
            or,
            not,
            id,
            external_id,
            user,
            team,
            platforms,
            references,
            started_at,
            finished_at,
            created_at,
            updated_at,
            duration_seconds,
            status,
            rollback,
            is_stale,
            packages,
            metadata,
            notes,
        } = input;
        Self {
            and: convert_all(and),
            or: convert_all(or),
            not: convert_boxed(not),
            id: id.map(Into::into),
            external_id: external_id.map(Into::into),
            user: user.map(Into::into),
            team: team.map(Into::into),
            platforms: platforms.map(Into::into),
            references: references.map(Into::into),
            started_at: started_at.map(Into::into),
            finished_at: finished_at.map(Into::into),
            created_at: created_at.map(Into::into),
            updated_at: updated_at.map(Into::into),
            duration_seconds: duration_seconds.map(Into::into),
            status: status.map(Into::into),
            rollback: rollback.map(Into::into),
            is_stale: is_stale.map(Into::into),
            packages: packages.map(Into::into),
            metadata: convert_all(metadata),
            notes: notes.map(Into::into),
        }
    }
}
