//! What to do with a release that is told again under an external id that is known.

use entity::{DeployStatus, EventType, Timestamp, package};
use sea_orm::DatabaseTransaction;

use super::draft::{Telling, draft_results};
use super::input::{CheckedPackage, CheckedRelease, ConflictPolicy};
use super::packages::{TakenKeys, taken_keys};
use crate::service::error::{Path, Result, UserErrorCode, Warning, WarningCode};
use crate::service::held::Held;
use crate::service::history::{Fields, set_inferred};
use crate::service::reference::ReleaseRef;
use crate::service::step::ReleaseOutcome;
use crate::service::step::package::{add_to, has_result};
use crate::service::{Caller, Error, contents, derive};

/// How a known release is met, beyond what the input says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meeting<'a> {
    pub telling: Telling,
    /// Whether to remark on it even when nothing differs.
    pub always_remark: bool,
    pub caller: &'a Caller,
    pub now: Timestamp,
    pub path: &'a Path,
}

/// Does with the known release as the input's policy says.
pub(super) async fn meet(
    tx: &DatabaseTransaction,
    input: &CheckedRelease,
    meeting: Meeting<'_>,
    mut warnings: Vec<Warning>,
) -> Result<ReleaseOutcome> {
    let path = meeting.path.at("externalId");
    let reference = ReleaseRef::ExternalId(input.external_id.clone().unwrap_or_default());
    let mut held = Held::by_ref(tx, &reference, &path).await?;
    match input.on_conflict {
        ConflictPolicy::Error => {
            let message = "a release with this external id is recorded already";
            return Err(path.refuse(UserErrorCode::Conflict, message));
        }
        ConflictPolicy::ReturnExisting => {
            if meeting.always_remark || differs(tx, &held, input, meeting.telling).await? {
                warnings.push(already_recorded(&path));
            }
        }
        ConflictPolicy::Update => {
            update(tx, &mut held, input, meeting).await?;
            if meeting.always_remark {
                let message = "a release with this external id was recorded before and was updated";
                warnings.push(path.warning(WarningCode::AlreadyRecorded, message));
            }
        }
    }
    let release = held.save(tx, meeting.caller, meeting.now).await?;
    Ok(ReleaseOutcome {
        release,
        created: false,
        warnings,
    })
}

/// The remark that a known release is left as it is; `path` is where its key stands.
pub(super) fn already_recorded(path: &Path) -> Warning {
    let message = "a release with this external id was recorded before and is returned as it is";
    path.warning(WarningCode::AlreadyRecorded, message)
}

/// Whether the input says anything that the stored release does not.
async fn differs(
    tx: &DatabaseTransaction,
    held: &Held,
    input: &CheckedRelease,
    telling: Telling,
) -> Result<bool> {
    let mut updated = held.release.clone();
    replace_own_fields(&mut updated, input, telling);
    if updated != held.release || packages_differ(held, input, telling) {
        return Ok(true);
    }
    if let Some(platforms) = &input.platforms
        && contents::platforms(tx, held).await? != *platforms
    {
        return Ok(true);
    }
    if let Some(references) = &input.references
        && contents::references(tx, held).await? != *references
    {
        return Ok(true);
    }
    if let Some(metadata) = &input.metadata
        && contents::metadata(tx, held).await? != *metadata
    {
        return Ok(true);
    }
    for text in input.notes.iter().flatten() {
        if !contents::has_note(tx, held, text).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn packages_differ(held: &Held, input: &CheckedRelease, telling: Telling) -> bool {
    let mut matched = Vec::new();
    input.packages.iter().any(|given| {
        let Some(index) = find_match(held, given, &matched) else {
            return true;
        };
        matched.push(index);
        let mut updated = held.packages[index].clone();
        replace_package_fields(&mut updated, given, input, telling);
        updated != held.packages[index]
    })
}

/// Replaces what is given; nothing is taken away.
async fn update(
    tx: &DatabaseTransaction,
    held: &mut Held,
    input: &CheckedRelease,
    meeting: Meeting<'_>,
) -> Result<()> {
    check_keys(tx, held, input, meeting.path).await?;
    let before = held.release.clone();
    replace_own_fields(&mut held.release, input, meeting.telling);
    let mut extra = Fields::new();
    if let Some(platforms) = &input.platforms {
        extra.extend(contents::set_platforms(tx, held, platforms, meeting.now).await?);
    }
    if let Some(references) = &input.references {
        extra.extend(contents::set_references(tx, held, references).await?);
    }
    if held.release != before || !extra.is_empty() {
        held.mark_release(EventType::ReleaseUpdated, meeting.now, extra);
    }
    if let Some(metadata) = &input.metadata {
        let before = contents::metadata(tx, held).await?;
        contents::set_metadata(tx, held, before, metadata.clone(), meeting.now).await?;
    }
    for text in input.notes.iter().flatten() {
        if !contents::has_note(tx, held, text).await? {
            contents::add_note(tx, held, text, None, meeting.now).await?;
        }
    }
    update_packages(tx, held, input, meeting).await
}

/// Refuses before anything is written: a refused row of an import leaves nothing behind.
async fn check_keys(
    tx: &DatabaseTransaction,
    held: &Held,
    input: &CheckedRelease,
    path: &Path,
) -> Result<()> {
    let keys = TakenKeys::of(tx, input.packages.iter()).await?;
    let errors = taken_keys(&keys, &input.packages, Some(held.release.id), path);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Refused(errors))
    }
}

async fn update_packages(
    tx: &DatabaseTransaction,
    held: &mut Held,
    input: &CheckedRelease,
    meeting: Meeting<'_>,
) -> Result<()> {
    let mut matched = Vec::new();
    for given in &input.packages {
        let Some(index) = find_match(held, given, &matched) else {
            let id = add_to(tx, held, given, meeting.now).await?;
            if let Some(index) = held.index_of(id) {
                assume_status(&mut held.packages[index], given, input, meeting.telling);
                matched.push(index);
            }
            continue;
        };
        matched.push(index);
        let before = held.packages[index].clone();
        replace_package_fields(&mut held.packages[index], given, input, meeting.telling);
        if held.packages[index] != before {
            held.mark_package(
                before.id,
                EventType::PackageUpdated,
                meeting.now,
                Fields::new(),
            );
        }
        for content in &given.results {
            if !has_result(tx, before.id, content).await? {
                held.add_results(draft_results(
                    before.id,
                    std::slice::from_ref(content),
                    meeting.now,
                ));
            }
        }
    }
    Ok(())
}

/// A package that comes new into a release told as finished went as the release went.
fn assume_status(
    package: &mut package::Model,
    given: &CheckedPackage,
    input: &CheckedRelease,
    telling: Telling,
) {
    if given.status.is_none() && telling == Telling::Finished {
        package.status = derive::outcome(input.success.unwrap_or(true));
    }
}

/// The stored package that a given one is: by external id, else by name and version.
fn find_match(held: &Held, given: &CheckedPackage, matched: &[usize]) -> Option<usize> {
    let free = || {
        held.packages
            .iter()
            .enumerate()
            .filter(|(index, _)| !matched.contains(index))
    };
    let by_key = given.external_id.as_ref().and_then(|key| {
        free()
            .find(|(_, stored)| stored.external_id.as_ref() == Some(key))
            .map(|(index, _)| index)
    });
    by_key.or_else(|| {
        let fits = |stored: &package::Model| {
            stored.name == given.name
                && stored.version == given.version
                && (stored.external_id.is_none() || given.external_id.is_none())
        };
        free()
            .find(|(_, stored)| fits(stored))
            .map(|(index, _)| index)
    })
}

fn replace_own_fields(
    release: &mut entity::release::Model,
    input: &CheckedRelease,
    telling: Telling,
) {
    replace(&mut release.team, input.team.as_ref());
    replace(&mut release.success, input.success.as_ref());
    if input.user.is_some() {
        replace(&mut release.user, input.user.as_ref());
        set_inferred(&mut release.inferred_fields, "user", false);
    }
    if input.started_at.is_some() {
        release.started_at = input.started_at;
        release.start_told = true;
        set_inferred(&mut release.inferred_fields, "startedAt", false);
    }
    if input.finished_at.is_some() {
        release.finished_at = input.finished_at;
        set_inferred(&mut release.inferred_fields, "finishedAt", false);
    }
    release.recorded |= telling == Telling::Finished;
}

fn replace_package_fields(
    package: &mut package::Model,
    given: &CheckedPackage,
    input: &CheckedRelease,
    telling: Telling,
) {
    package.name.clone_from(&given.name);
    replace(&mut package.version, given.version.as_ref());
    replace(&mut package.external_id, given.external_id.as_ref());
    replace(&mut package.diff_url, given.diff_url.as_ref());
    replace(&mut package.commit_sha, given.commit_sha.as_ref());
    replace(&mut package.committed_at, given.committed_at.as_ref());
    replace(&mut package.started_at, given.started_at.as_ref());
    replace(&mut package.finished_at, given.finished_at.as_ref());
    if let Some(rollback) = given.rollback {
        package.rollback = rollback;
        package.rollback_told = true;
    }
    if given.status.is_some() {
        set_inferred(&mut package.inferred_fields, "status", false);
    }
    package.status = given
        .status
        .unwrap_or_else(|| told_status(package, given, input, telling));
}

/// The status that times and outcome tell, where the status itself is not given.
fn told_status(
    package: &package::Model,
    given: &CheckedPackage,
    input: &CheckedRelease,
    telling: Telling,
) -> DeployStatus {
    let is_finished = package.status.is_finished();
    match (telling, input.success) {
        (Telling::Finished, Some(success)) => derive::outcome(success),
        _ if given.finished_at.is_some() && !is_finished => DeployStatus::Successful,
        _ if given.started_at.is_some() && package.status == DeployStatus::NotStarted => {
            DeployStatus::InProgress
        }
        _ => package.status,
    }
}

fn replace<T: Clone>(stored: &mut Option<T>, given: Option<&T>) {
    if let Some(given) = given {
        *stored = Some(given.clone());
    }
}
