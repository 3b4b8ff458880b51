//! The filters themselves.

use entity::{DeployStatus, Timestamp};

/// Conditions on a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StringFilter {
    /// It is this one.
    pub eq: Option<String>,
    /// It is another one, or missing.
    pub ne: Option<String>,
    /// It is one of these.
    pub is_in: Option<Vec<String>>,
    /// It is none of these, or missing.
    pub not_in: Option<Vec<String>>,
    /// This occurs in it; taken literally, as in the next two.
    pub contains: Option<String>,
    /// It begins with this.
    pub starts_with: Option<String>,
    /// It ends with this.
    pub ends_with: Option<String>,
    /// Upper and lower case are the same for every condition above.
    pub ignore_case: bool,
    /// It is missing, or it is there.
    pub is_null: Option<bool>,
}

/// Conditions on a list of texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StringListFilter {
    /// Some element is this one.
    pub has: Option<String>,
    /// Some element is one of these.
    pub has_any: Option<Vec<String>>,
    /// Each of these is an element.
    pub has_all: Option<Vec<String>>,
    /// This occurs in some element; taken literally.
    pub contains: Option<String>,
    /// There are no elements, or there are some.
    pub is_empty: Option<bool>,
}

/// Conditions on a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DateTimeFilter {
    /// At this instant.
    pub eq: Option<Timestamp>,
    /// Later.
    pub gt: Option<Timestamp>,
    /// Then or later.
    pub gte: Option<Timestamp>,
    /// Earlier.
    pub lt: Option<Timestamp>,
    /// Then or earlier.
    pub lte: Option<Timestamp>,
    /// It is missing, or it is there.
    pub is_null: Option<bool>,
}

/// Conditions on a number; on durations, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FloatFilter {
    /// Exactly this.
    pub eq: Option<f64>,
    /// More.
    pub gt: Option<f64>,
    /// This or more.
    pub gte: Option<f64>,
    /// Less.
    pub lt: Option<f64>,
    /// This or less.
    pub lte: Option<f64>,
    /// It is missing, or it is there.
    pub is_null: Option<bool>,
}

/// Conditions on something that is either so or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BooleanFilter {
    /// It is so, or it is not.
    pub eq: Option<bool>,
    /// The other way round.
    pub ne: Option<bool>,
}

/// Conditions on a status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatusFilter {
    /// It is this one.
    pub eq: Option<DeployStatus>,
    /// It is another one.
    pub ne: Option<DeployStatus>,
    /// It is one of these.
    pub is_in: Option<Vec<DeployStatus>>,
    /// It is none of these.
    pub not_in: Option<Vec<DeployStatus>>,
}

/// Conditions on an id. A text that is no UUID is the id of no record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdFilter {
    /// It is this one.
    pub eq: Option<String>,
    /// It is one of these.
    pub is_in: Option<Vec<String>>,
    /// It is none of these.
    pub not_in: Option<Vec<String>>,
}

/// A condition on one entry of the metadata.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataFilter {
    /// The key that must be there.
    pub key: String,
    /// What its value must be; anything when absent.
    pub value: Option<StringFilter>,
}

/// Conditions on the packages of a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackageListFilter {
    /// At least one package is like this.
    pub some: Option<Box<PackageFilter>>,
    /// All packages are like this; so it is when there are none.
    pub every: Option<Box<PackageFilter>>,
    /// No package is like this.
    pub none: Option<Box<PackageFilter>>,
}

/// Conditions on a release.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReleaseFilter {
    /// All of these hold.
    pub and: Option<Vec<ReleaseFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<ReleaseFilter>>,
    /// This does not hold.
    pub not: Option<Box<ReleaseFilter>>,
    /// Its id.
    pub id: Option<IdFilter>,
    /// The caller's own key.
    pub external_id: Option<StringFilter>,
    /// Who made it.
    pub user: Option<StringFilter>,
    /// For which team.
    pub team: Option<StringFilter>,
    /// The names of its platforms.
    pub platforms: Option<StringListFilter>,
    /// Its references.
    pub references: Option<StringListFilter>,
    /// When it started.
    pub started_at: Option<DateTimeFilter>,
    /// When it finished.
    pub finished_at: Option<DateTimeFilter>,
    /// When it was recorded.
    pub created_at: Option<DateTimeFilter>,
    /// When anything in it changed last.
    pub updated_at: Option<DateTimeFilter>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<FloatFilter>,
    /// How far it has come.
    pub status: Option<StatusFilter>,
    /// Whether any package is a rollback.
    pub rollback: Option<BooleanFilter>,
    /// Whether it is in progress without news for too long.
    pub is_stale: Option<BooleanFilter>,
    /// Its packages.
    pub packages: Option<PackageListFilter>,
    /// Entries of its metadata; each must be there.
    pub metadata: Option<Vec<MetadataFilter>>,
    /// The texts of its notes.
    pub notes: Option<StringListFilter>,
}

/// Conditions on a package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PackageFilter {
    /// All of these hold.
    pub and: Option<Vec<PackageFilter>>,
    /// At least one of these holds.
    pub or: Option<Vec<PackageFilter>>,
    /// This does not hold.
    pub not: Option<Box<PackageFilter>>,
    /// Its id.
    pub id: Option<IdFilter>,
    /// The caller's own key.
    pub external_id: Option<StringFilter>,
    /// Its name.
    pub name: Option<StringFilter>,
    /// Its version.
    pub version: Option<StringFilter>,
    /// How far it has come.
    pub status: Option<StatusFilter>,
    /// Whether it was recorded as a rollback.
    pub rollback: Option<BooleanFilter>,
    /// Where its changes can be seen.
    pub diff_url: Option<StringFilter>,
    /// When it started.
    pub started_at: Option<DateTimeFilter>,
    /// When it finished.
    pub finished_at: Option<DateTimeFilter>,
    /// When it changed last.
    pub updated_at: Option<DateTimeFilter>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<FloatFilter>,
    /// The release it belongs to.
    pub release: Option<Box<ReleaseFilter>>,
}
