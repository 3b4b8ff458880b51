//! What follows from the recorded facts: status, durations and the time that orders versions.
//!
//! No other functions set derived columns; every change of a record ends with [`settle`].

use entity::{DeployStatus, Timestamp, package, release};

/// Milliseconds from `start` to `finish`; none when either is missing or the order is impossible.
#[must_use]
pub fn duration_ms(start: Option<Timestamp>, finish: Option<Timestamp>) -> Option<i64> {
    let elapsed = finish?.0.timestamp_millis() - start?.0.timestamp_millis();
    (elapsed >= 0).then_some(elapsed)
}

/// The time that orders versions: when the package finished, else started, else when its release
/// finished, else started, else when it was recorded.
#[must_use]
pub fn effective_at(package: &package::Model, release: &release::Model) -> Timestamp {
    package
        .finished_at
        .or(package.started_at)
        .or(release.finished_at)
        .or(release.started_at)
        .unwrap_or(package.created_at)
}

/// Whether the release is over: somebody said when it finished, or it came as a finished record.
#[must_use]
pub const fn is_finished(release: &release::Model) -> bool {
    release.finished_at.is_some() || release.recorded
}

/// The status of a release with packages of these statuses: the first rule that applies.
#[must_use]
pub fn status(release: &release::Model, packages: &[DeployStatus]) -> DeployStatus {
    use DeployStatus::{Failed, InProgress, NotStarted, Successful};
    let any = |status| packages.contains(&status);
    if packages.is_empty() {
        return status_without_packages(release);
    }
    if any(Failed) {
        Failed
    } else if any(InProgress) {
        InProgress
    } else if !any(NotStarted) {
        Successful
    } else if !any(Successful) {
        NotStarted
    } else if is_finished(release) {
        Successful
    } else {
        InProgress
    }
}

const fn status_without_packages(release: &release::Model) -> DeployStatus {
    if is_finished(release) {
        match release.success {
            Some(false) => DeployStatus::Failed,
            _ => DeployStatus::Successful,
        }
    } else if release.started_at.is_some() && release.start_told {
        DeployStatus::InProgress
    } else {
        DeployStatus::NotStarted
    }
}

/// The status that an outcome means.
#[must_use]
pub const fn outcome(success: bool) -> DeployStatus {
    if success {
        DeployStatus::Successful
    } else {
        DeployStatus::Failed
    }
}

/// Sets every derived column of a release and its packages; those that are deleted do not count.
pub fn settle(release: &mut release::Model, packages: &mut [package::Model]) {
    for package in packages.iter_mut() {
        package.duration_ms = duration_ms(package.started_at, package.finished_at);
        package.effective_at = effective_at(package, release);
        package.release_started_at = release.started_at;
    }
    let living = || {
        packages
            .iter()
            .filter(|package| package.deleted_at.is_none())
    };
    let statuses: Vec<_> = living().map(|package| package.status).collect();
    let successful = statuses
        .iter()
        .filter(|status| **status == DeployStatus::Successful)
        .count();
    release.status = status(release, &statuses);
    release.rollback = living().any(|package| package.rollback);
    release.partial = successful > 0 && successful < statuses.len();
    release.package_count = i32::try_from(statuses.len()).unwrap_or(i32::MAX);
    release.duration_ms = duration_ms(release.started_at, release.finished_at);
}
