//! The enums of the API that mirror those of the records and the service.

use async_graphql::Enum;

/// How far a release or a package has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::DeployStatus")]
pub enum DeployStatus {
    /// Announced; nothing has happened yet.
    NotStarted,
    /// Under way.
    InProgress,
    /// Finished, and all went well.
    Successful,
    /// Finished, and something went wrong.
    Failed,
}

/// Which end of an order comes first. Records without a value come last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::page::Direction")]
pub enum OrderDirection {
    /// The smallest, earliest or alphabetically first value first.
    Asc,
    /// The greatest, latest or alphabetically last value first.
    Desc,
}

/// What releases can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::release::ReleaseOrderField")]
pub enum ReleaseOrderField {
    /// When the release started.
    StartedAt,
    /// When the release finished.
    FinishedAt,
    /// When Orlo first heard of the release.
    CreatedAt,
    /// When the release or anything inside it last changed; the order to follow changes by.
    UpdatedAt,
    /// How long the release took.
    Duration,
    /// The name of the person who released.
    User,
    /// The name of the team that the release was for.
    Team,
}

/// What packages can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::package::PackageOrderField")]
pub enum PackageOrderField {
    /// When deploying the package started.
    StartedAt,
    /// When deploying the package finished.
    FinishedAt,
    /// The time by which versions follow each other, `Package.effectiveAt`.
    EffectiveAt,
    /// When Orlo first heard of the package in this release.
    CreatedAt,
    /// When the record of the package last changed; the order to follow changes by.
    UpdatedAt,
    /// How long deploying the package took.
    Duration,
    /// The name of the package.
    Name,
    /// The version, as text: 1.10 comes before 1.9.
    Version,
}

/// What platforms and summaries of packages can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::summary::SummaryOrderField")]
pub enum SummaryOrderField {
    /// The name.
    Name,
    /// How many releases there are.
    ReleaseCount,
    /// The time of the first release.
    FirstReleasedAt,
    /// The time of the last release.
    LastReleasedAt,
}

/// What became of a package from one state of a platform to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::version::VersionChange")]
pub enum VersionChange {
    /// It runs only in the second state.
    Added,
    /// It runs only in the first state.
    Removed,
    /// It runs in both, with different versions.
    Changed,
    /// It runs in both, with the same version, or with an unknown one in both.
    Unchanged,
}

/// What an event says has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::EventType")]
pub enum EventType {
    /// A release was recorded for the first time.
    ReleaseCreated,
    /// A release started.
    ReleaseStarted,
    /// A release finished.
    ReleaseFinished,
    /// The record of a release was corrected.
    ReleaseUpdated,
    /// A release was deleted.
    ReleaseDeleted,
    /// A package was added to a release.
    PackageAdded,
    /// Deploying a package started, for the first time or again.
    PackageStarted,
    /// Deploying a package finished, well or badly.
    PackageFinished,
    /// The record of a package was corrected.
    PackageUpdated,
    /// A package was deleted.
    PackageDeleted,
    /// A note was added to a release.
    NoteAdded,
    /// Metadata of a release was set.
    MetadataSet,
    /// Output of deploying a package was added.
    ResultAdded,
    /// A failure in production was reported.
    FailureReported,
    /// A failure in production was resolved.
    FailureResolved,
}

/// The kinds of mistakes in the input of a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::UserErrorCode")]
pub enum UserErrorCode {
    /// There is no such record.
    NotFound,
    /// A value that must be given is missing or blank.
    Required,
    /// A value that cannot be stored or makes no sense.
    InvalidValue,
    /// A text is longer than the limit.
    TooLong,
    /// A list is longer than the limit.
    TooMany,
    /// Another record has the same external id already.
    Conflict,
    /// Several records fit the description.
    Ambiguous,
    /// The record was deleted.
    Deleted,
    /// The caller may not do this.
    Forbidden,
    /// Orlo failed at this; in an import, where one row must not hide the others.
    Internal,
}

/// The kinds of remarks on a mutation that was done all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::WarningCode")]
pub enum WarningCode {
    /// The record was there already and came back as it is, although the input differs.
    AlreadyRecorded,
    /// It had finished before; nothing changed.
    AlreadyFinished,
    /// No time was given; the present was taken.
    TimeAssumed,
    /// It finished without ever having started; there is no duration.
    StartUnknown,
    /// It finished before it started. Both times are kept, there is no duration.
    FinishedBeforeStart,
    /// Start, finish and duration do not agree; the two times win.
    TimesDisagree,
    /// A time lies more than five minutes ahead; the record is not current until then.
    FutureTimestamp,
    /// The same value was given twice; it is kept once.
    DuplicateDropped,
    /// An empty value in a list was left out.
    BlankDropped,
    /// The release finished while some of its packages had not.
    UnfinishedPackages,
    /// A package has no version, so what runs cannot be told.
    VersionUnknown,
    /// A report older than what is known; it is kept in the events.
    LateEventApplied,
}

/// The unit of the calendar that a series is cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::stats::calendar::Interval")]
pub enum Interval {
    /// From one full hour on the clock to the next. An hour that clocks pass twice makes two.
    Hour,
    /// From midnight to midnight; 23 or 25 hours where clocks are set.
    Day,
    /// From Monday to Sunday, as ISO 8601 has it.
    Week,
    /// A month.
    Month,
    /// Three months, beginning in January, April, July or October.
    Quarter,
    /// A year.
    Year,
}

/// The part of the calendar that a histogram folds all time into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::stats::CalendarPart")]
pub enum CalendarPart {
    /// The hour on the clock, 0 to 23.
    HourOfDay,
    /// The day of the week, 1 for Monday to 7 for Sunday.
    DayOfWeek,
    /// The day of the month, 1 to 31.
    DayOfMonth,
    /// The week of the year, 1 to 53, as ISO 8601 counts: week 1 has the year's first Thursday.
    IsoWeek,
    /// The month, 1 for January to 12 for December.
    MonthOfYear,
    /// The year.
    Year,
}

/// What the releases or packages of a group have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::stats::Dimension")]
pub enum Dimension {
    /// The person who released.
    User,
    /// The team that the release was for.
    Team,
    /// A platform. A release on two platforms counts once under each.
    Platform,
    /// The name of a package. A release of two packages counts once under each name.
    Package,
}

/// What statistics count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::service::stats::CountUnit")]
pub enum CountUnit {
    /// Releases, each with its status, rollback flag and duration.
    Releases,
    /// The packages of the releases, each with its own status, rollback flag and duration.
    Packages,
}
