//! What to do with a release that is told again under an external id that is known.

use entity::{EventType, Timestamp};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::draft::{PackageDefaults, Telling};
use super::input::{CheckedPackage, CheckedRelease, ConflictPolicy};
use super::matching::{self, replace_some};
use super::packages::{TakenKeys, taken_keys};
use crate::service::error::{Path, Result, UserErrorCode, Warning, WarningCode};
use crate::service::held::Held;
use crate::service::history::{Fields, set_inferred};
use crate::service::reference::ReleaseRef;
use crate::service::step::ReleaseOutcome;
use crate::service::step::add::add_to;
use crate::service::step::package::insert_result;
use crate::service::{Caller, Error, contents};

/// How a known release is met, beyond what the input says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meeting<'a> {
    pub telling: Telling,
    /// Whether to remark on it even when nothing differs.
    pub always_remark: bool,
    pub caller: &'a Caller,
    pub now: Timestamp,
    /// Packages or notes of a release at most, each.
    pub limit: usize,
    pub path: &'a Path,
}

impl Meeting<'_> {
    /// The outcome told for packages that do not tell their own.
    fn outcome(&self, input: &CheckedRelease) -> Option<bool> {
        input.success.filter(|_| self.telling == Telling::Finished)
    }
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
            if meeting.always_remark || differs(tx, &held, input, meeting).await? {
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
    meeting: Meeting<'_>,
) -> Result<bool> {
    let mut updated = held.release.clone();
    replace_own_fields(&mut updated, input, meeting.telling);
    if updated != held.release {
        return Ok(true);
    }
    let matches = matching::matches(&held.packages, &input.packages);
    let differs = |(given, index): (&CheckedPackage, &Option<usize>)| {
        let stored = index.map(|index| &held.packages[index]);
        stored.is_none_or(|stored| matching::differs(stored, given, meeting.outcome(input)))
    };
    if input.packages.iter().zip(&matches).any(differs) {
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
    let notes = input.notes.as_deref().unwrap_or_default();
    Ok(!contents::missing_notes(tx, held, notes).await?.is_empty()
        || !missing_results(tx, held, input, &matches).await?.is_empty())
}

/// What an update of packages, notes and output will do, all of it known to be possible.
struct Plan {
    /// For each given package the place of the stored one.
    matches: Vec<Option<usize>>,
    notes: Vec<String>,
    results: Vec<(Uuid, String)>,
}

impl Plan {
    /// Refuses before anything is written: a refused row of an import leaves nothing behind.
    async fn make(
        tx: &DatabaseTransaction,
        held: &Held,
        input: &CheckedRelease,
        meeting: Meeting<'_>,
    ) -> Result<Self> {
        let (path, limit) = (meeting.path, meeting.limit);
        let keys = TakenKeys::of(tx, input.packages.iter()).await?;
        let errors = taken_keys(&keys, &input.packages, Some(held.release.id), path);
        if !errors.is_empty() {
            return Err(Error::Refused(errors));
        }
        let matches = matching::matches(&held.packages, &input.packages);
        let added = matches.iter().filter(|found| found.is_none()).count();
        let total = held.packages.len() + added;
        if added > 0 && total > limit {
            let message = format!("leads to {total} packages of the release; {limit} are allowed");
            return Err(path.at("packages").refuse(UserErrorCode::TooMany, message));
        }
        let notes = input.notes.as_deref().unwrap_or_default();
        let notes = contents::missing_notes(tx, held, notes).await?;
        contents::check_note_count(tx, held, notes.len(), limit, &path.at("notes")).await?;
        let results = missing_results(tx, held, input, &matches).await?;
        Ok(Self {
            matches,
            notes,
            results,
        })
    }
}

/// Output given for stored packages that they do not have yet.
async fn missing_results(
    tx: &DatabaseTransaction,
    held: &Held,
    input: &CheckedRelease,
    matches: &[Option<usize>],
) -> Result<Vec<(Uuid, String)>> {
    let of_package = |(given, index): (_, &Option<usize>)| {
        let given: &CheckedPackage = given;
        let id = index.map(|index| held.packages[index].id);
        id.into_iter()
            .flat_map(|id| given.results.iter().map(move |content| (id, content)))
    };
    let given = input.packages.iter().zip(matches).flat_map(of_package);
    contents::missing_results(tx, given.collect()).await
}

/// Replaces what is given; nothing is taken away.
async fn update(
    tx: &DatabaseTransaction,
    held: &mut Held,
    input: &CheckedRelease,
    meeting: Meeting<'_>,
) -> Result<()> {
    let plan = Plan::make(tx, held, input, meeting).await?;
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
    for text in &plan.notes {
        contents::add_note(tx, held, text, None, meeting.now).await?;
    }
    update_packages(tx, held, input, &plan.matches, meeting).await?;
    for (id, content) in &plan.results {
        insert_result(held, *id, content, meeting.now);
    }
    Ok(())
}

async fn update_packages(
    tx: &DatabaseTransaction,
    held: &mut Held,
    input: &CheckedRelease,
    matches: &[Option<usize>],
    meeting: Meeting<'_>,
) -> Result<()> {
    let defaults = PackageDefaults {
        telling: meeting.telling,
        success: input.success,
        now: meeting.now,
    };
    let mut position = held.next_position(tx).await?;
    for (given, index) in input.packages.iter().zip(matches) {
        let Some(index) = *index else {
            add_to(held, given, position, defaults);
            position += 1;
            continue;
        };
        let package = &mut held.packages[index];
        let before = package.clone();
        matching::replace(package, given, meeting.outcome(input));
        if *package != before {
            held.mark_package(
                before.id,
                EventType::PackageUpdated,
                meeting.now,
                Fields::new(),
            );
        }
    }
    Ok(())
}

fn replace_own_fields(
    release: &mut entity::release::Model,
    input: &CheckedRelease,
    telling: Telling,
) {
    replace_some(&mut release.team, input.team.as_ref());
    replace_some(&mut release.success, input.success.as_ref());
    if input.user.is_some() {
        replace_some(&mut release.user, input.user.as_ref());
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
