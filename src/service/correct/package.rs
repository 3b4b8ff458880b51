//! Correcting and deleting packages.

use entity::{DeployStatus, EventType, Timestamp, package};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{put, refuse_both, require_free, told_reason};
use crate::service::check::{Checker, TextKind};
use crate::service::error::{Path, Result};
use crate::service::history::{Fields, set_inferred};
use crate::service::reference::PackageRef;
use crate::service::step::PackageOutcome;
use crate::service::step::package::{hold, settle_package};
use crate::service::{Caller, Service};

/// A field of a package that can be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearablePackageField {
    /// Which version.
    Version,
    /// Where to see what changed.
    DiffUrl,
    /// The commit deployed.
    CommitSha,
    /// When the oldest change in it was committed.
    CommittedAt,
    /// When deploying it started.
    StartedAt,
    /// When deploying it finished.
    FinishedAt,
    /// The caller's own key.
    ExternalId,
}

/// What to correct in a package. Fields that are `None` stay as they are.
#[derive(Clone, Debug)]
pub struct UpdatePackage {
    /// Which package.
    pub package: PackageRef,
    /// What is deployed.
    pub name: Option<String>,
    /// Which version.
    pub version: Option<String>,
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
    /// The caller's own key.
    pub external_id: Option<String>,
    /// Fields to empty.
    pub clear: Vec<ClearablePackageField>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// Corrects a package.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such package or the input cannot be stored;
/// or the database.
pub async fn update_package(
    service: &Service,
    caller: &Caller,
    input: UpdatePackage,
) -> Result<PackageOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    let input = check(input, &mut checker, &path);
    let noted = checker.finish()?;
    let (input, path, noted) = (&input, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let (mut held, index) = hold(&tx, &input.package, &path.at("package")).await?;
            let id = held.packages[index].id;
            let (key, key_of) = (package::Column::ExternalId, package::Column::Id);
            let given = input.external_id.as_ref();
            require_free::<package::Entity>(&tx, key, key_of, given, id).await?;
            let before = held.packages[index].clone();
            apply(&mut held.packages[index], input);
            let after = &held.packages[index];
            let mut checker = Checker::new(service);
            checker.check_order(path, after.started_at, after.finished_at);
            let mut warnings = noted.clone();
            warnings.extend(checker.finish()?);
            if *after != before {
                let reason = told_reason(input.reason.as_ref());
                held.mark_package(id, EventType::PackageUpdated, now, reason);
            }
            settle_package(held, &tx, caller, now, id, false, warnings).await
        })
        .await
}

fn check(input: UpdatePackage, checker: &mut Checker<'_>, path: &Path) -> UpdatePackage {
    use ClearablePackageField as Field;
    let both = [
        ("version", input.version.is_some(), Field::Version),
        ("diffUrl", input.diff_url.is_some(), Field::DiffUrl),
        ("commitSha", input.commit_sha.is_some(), Field::CommitSha),
        (
            "committedAt",
            input.committed_at.is_some(),
            Field::CommittedAt,
        ),
        ("startedAt", input.started_at.is_some(), Field::StartedAt),
        ("finishedAt", input.finished_at.is_some(), Field::FinishedAt),
        ("externalId", input.external_id.is_some(), Field::ExternalId),
    ];
    for (name, given, field) in both {
        refuse_both(checker, name, given, input.clear.contains(&field));
    }
    let name = input
        .name
        .map(|name| checker.required(&path.at("name"), TextKind::Name, Some(name)));
    UpdatePackage {
        name,
        version: checker.text(&path.at("version"), TextKind::Name, input.version),
        diff_url: checker.text(&path.at("diffUrl"), TextKind::Reference, input.diff_url),
        commit_sha: checker.text(&path.at("commitSha"), TextKind::Name, input.commit_sha),
        committed_at: checker.time(&path.at("committedAt"), input.committed_at),
        started_at: checker.time(&path.at("startedAt"), input.started_at),
        finished_at: checker.time(&path.at("finishedAt"), input.finished_at),
        external_id: checker.text(&path.at("externalId"), TextKind::Name, input.external_id),
        reason: checker.text(&path.at("reason"), TextKind::Long, input.reason),
        ..input
    }
}

fn apply(row: &mut package::Model, input: &UpdatePackage) {
    use ClearablePackageField as Field;
    let clears = |field| input.clear.contains(&field);
    if let Some(name) = &input.name {
        row.name.clone_from(name);
    }
    put(
        &mut row.version,
        input.version.clone(),
        clears(Field::Version),
    );
    put(
        &mut row.diff_url,
        input.diff_url.clone(),
        clears(Field::DiffUrl),
    );
    put(
        &mut row.commit_sha,
        input.commit_sha.clone(),
        clears(Field::CommitSha),
    );
    put(
        &mut row.committed_at,
        input.committed_at,
        clears(Field::CommittedAt),
    );
    put(
        &mut row.started_at,
        input.started_at,
        clears(Field::StartedAt),
    );
    put(
        &mut row.finished_at,
        input.finished_at,
        clears(Field::FinishedAt),
    );
    put(
        &mut row.external_id,
        input.external_id.clone(),
        clears(Field::ExternalId),
    );
    if let Some(rollback) = input.rollback {
        row.rollback = rollback;
        row.rollback_told = true;
    }
    if let Some(status) = input.status {
        row.status = status;
        set_inferred(&mut row.inferred_fields, "status", false);
    }
}

/// Deletes a package. Returns its id.
pub(super) async fn delete(
    tx: &DatabaseTransaction,
    caller: &Caller,
    reference: &PackageRef,
    reason: Option<&String>,
    now: Timestamp,
) -> Result<Uuid> {
    let (mut held, index) = hold(tx, reference, &Path::default().at("package")).await?;
    let id = held.packages[index].id;
    held.packages[index].deleted_at = Some(now);
    let extra: Fields = told_reason(reason);
    held.mark_package(id, EventType::PackageDeleted, now, extra);
    held.save(tx, caller, now).await?;
    Ok(id)
}
