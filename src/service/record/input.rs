//! What callers send to record a release, as given and as checked.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use entity::{DeployStatus, Timestamp};
use serde_json::Value;

use crate::service::check::{Checker, TextKind};
use crate::service::error::{Path, UserErrorCode, WarningCode};

/// A release to record, as the caller gave it. `None` is "not given" everywhere.
#[derive(Clone, Debug, Default)]
pub struct NewRelease {
    /// The caller's own key for it.
    pub external_id: Option<String>,
    /// Who released.
    pub user: Option<String>,
    /// For which team.
    pub team: Option<String>,
    /// Names of the platforms released to.
    pub platforms: Option<Vec<String>>,
    /// Why: tickets, links.
    pub references: Option<Vec<String>>,
    /// Remarks.
    pub notes: Option<Vec<String>>,
    /// A JSON object of anything else.
    pub metadata: Option<Value>,
    /// What is released.
    pub packages: Vec<NewPackage>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<f64>,
    /// How it went, for packages that do not say, and for a release without packages.
    pub success: Option<bool>,
    /// What to do when a release with this `external_id` is there already.
    pub on_conflict: ConflictPolicy,
}

/// A package of a release to record, as the caller gave it.
#[derive(Clone, Debug, Default)]
pub struct NewPackage {
    /// What is deployed.
    pub name: Option<String>,
    /// Which version of it.
    pub version: Option<String>,
    /// The caller's own key for this deployment.
    pub external_id: Option<String>,
    /// How far it has come.
    pub status: Option<DeployStatus>,
    /// Whether it goes back to an earlier version.
    pub rollback: Option<bool>,
    /// Where to see what changed.
    pub diff_url: Option<String>,
    /// The commit deployed.
    pub commit_sha: Option<String>,
    /// When the oldest change in it was committed.
    pub committed_at: Option<Timestamp>,
    /// When deploying it started.
    pub started_at: Option<Timestamp>,
    /// When deploying it finished.
    pub finished_at: Option<Timestamp>,
    /// How long deploying it took, in seconds.
    pub duration_seconds: Option<f64>,
    /// Output of deploying it.
    pub results: Option<Vec<String>>,
}

/// What to do with a record whose external id is known already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// Leave the stored record as it is and return it.
    #[default]
    ReturnExisting,
    /// Replace what is given in the stored record.
    Update,
    /// Refuse.
    Error,
}

/// A release to record, checked: texts trimmed and within bounds, lists without blanks and
/// repetitions, times computed from the duration.
#[derive(Clone, Debug)]
pub(crate) struct CheckedRelease {
    pub external_id: Option<String>,
    pub user: Option<String>,
    pub team: Option<String>,
    pub platforms: Option<Vec<String>>,
    pub references: Option<Vec<String>>,
    pub notes: Option<Vec<String>>,
    pub metadata: Option<BTreeMap<String, String>>,
    pub packages: Vec<CheckedPackage>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// How long it took, where no time is given to count it from or to.
    pub unplaced_duration: Option<TimeDelta>,
    pub success: Option<bool>,
    pub on_conflict: ConflictPolicy,
}

/// A package to record, checked.
#[derive(Clone, Debug)]
pub(crate) struct CheckedPackage {
    pub name: String,
    pub version: Option<String>,
    pub external_id: Option<String>,
    pub status: Option<DeployStatus>,
    pub rollback: Option<bool>,
    pub diff_url: Option<String>,
    pub commit_sha: Option<String>,
    pub committed_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub results: Vec<String>,
}

impl NewRelease {
    /// Checks everything; what is wrong is left in `checker`. `path` is where the release stands
    /// in the input.
    pub(crate) fn check(self, checker: &mut Checker<'_>, path: &Path) -> CheckedRelease {
        let is_timeless = self.started_at.is_none() && self.finished_at.is_none();
        let unplaced = self.duration_seconds.filter(|_| is_timeless);
        let placed = self.duration_seconds.filter(|_| !is_timeless);
        let (started_at, finished_at) =
            checker.times(path, self.started_at, self.finished_at, placed);
        let platforms = path.at("platforms");
        let references = path.at("references");
        let notes = path.at("notes");
        let metadata = path.at("metadata");
        CheckedRelease {
            external_id: checker.text(&path.at("externalId"), TextKind::Name, self.external_id),
            user: checker.text(&path.at("user"), TextKind::Name, self.user),
            team: checker.text(&path.at("team"), TextKind::Name, self.team),
            platforms: self
                .platforms
                .map(|names| checker.distinct(&platforms, TextKind::Name, names)),
            references: self
                .references
                .map(|texts| checker.distinct(&references, TextKind::Reference, texts)),
            notes: self
                .notes
                .map(|texts| checker.texts(&notes, TextKind::Long, texts)),
            metadata: self
                .metadata
                .map(|values| checker.metadata(&metadata, values)),
            packages: check_packages(self.packages, checker, &path.at("packages")),
            started_at,
            finished_at,
            unplaced_duration: unplaced.and_then(|seconds| checker.duration(path, seconds)),
            success: self.success,
            on_conflict: self.on_conflict,
        }
    }
}

fn check_packages(
    packages: Vec<NewPackage>,
    checker: &mut Checker<'_>,
    path: &Path,
) -> Vec<CheckedPackage> {
    if !checker.fits(path, packages.len()) {
        return Vec::new();
    }
    let mut checked = Vec::with_capacity(packages.len());
    for (index, package) in packages.into_iter().enumerate() {
        let path = path.at(index);
        let package = package.check(checker, &path);
        let repeats = |other: &CheckedPackage| other.external_id == package.external_id;
        if package.external_id.is_some() && checked.iter().any(repeats) {
            let message = "is the external id of another package of this release";
            checker.error(&path.at("externalId"), UserErrorCode::Conflict, message);
        }
        checked.push(package);
    }
    checked
}

impl NewPackage {
    /// Checks everything; what is wrong is left in `checker`. `path` is where the package stands
    /// in the input.
    pub(crate) fn check(self, checker: &mut Checker<'_>, path: &Path) -> CheckedPackage {
        let (started_at, finished_at) = checker.times(
            path,
            self.started_at,
            self.finished_at,
            self.duration_seconds,
        );
        let name = checker.required(&path.at("name"), TextKind::Name, self.name);
        let version = checker.text(&path.at("version"), TextKind::Name, self.version);
        if version.is_none() {
            let message = "is not given; the version that runs is then not known";
            checker.warn(&path.at("version"), WarningCode::VersionUnknown, message);
        }
        let results = self.results.unwrap_or_default();
        CheckedPackage {
            name,
            version,
            external_id: checker.text(&path.at("externalId"), TextKind::Name, self.external_id),
            status: self.status,
            rollback: self.rollback,
            diff_url: checker.text(&path.at("diffUrl"), TextKind::Reference, self.diff_url),
            commit_sha: checker.text(&path.at("commitSha"), TextKind::Name, self.commit_sha),
            committed_at: checker.time(&path.at("committedAt"), self.committed_at),
            started_at,
            finished_at,
            results: checker.texts(&path.at("results"), TextKind::Long, results),
        }
    }
}
