//! Reading a release from a document of any form.

use entity::DeployStatus;
use uuid::Uuid;

use super::form::Form;
use super::json::{Fields, Object};
use super::package::{self, DURATION, FINISHED, STARTED};
use super::place::{Errors, Place};
use super::{failure, metadata, words};
use crate::service::error::{Path, UserError, UserErrorCode};
use crate::service::record::restore::{Facts, Restored, Signature};
use crate::service::record::{ConflictPolicy, NewPackage, NewRelease};

/// The version of what `orlo export` writes, under `"orlo"`.
pub const FORMAT: u32 = 1;

/// What a release may say. Of anything else the caller hears that it was ignored.
const KNOWN: &[&str] = &[
    "orlo",
    "id",
    "externalId",
    "external_id",
    "user",
    "team",
    "platforms",
    "platform",
    "platformNames",
    "references",
    "reference",
    "notes",
    "note",
    "metadata",
    "packages",
    "package",
    "startedAt",
    "stime",
    "started_at",
    "finishedAt",
    "ftime",
    "finished_at",
    "durationSeconds",
    "duration",
    "duration_seconds",
    "success",
    "status",
    "onConflict",
    "on_conflict",
];
/// What an export says beside.
const KNOWN_OF_EXPORTS: &[&str] = &[
    "startTold",
    "recorded",
    "inferredFields",
    "failures",
    "resolvesFailures",
    "createdAt",
    "updatedAt",
];

/// A release as a document tells it.
#[derive(Clone, Debug)]
pub struct ReadRelease {
    /// What to record.
    pub release: NewRelease,
    /// What goes beyond what callers can tell.
    pub restored: Option<Restored>,
    /// How it and other releases of the same export refer to each other.
    pub references: References,
    /// The keys of the document that were not understood.
    pub unknown: Vec<String>,
}

/// How releases of one export refer to each other.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// The id that the release had where it was exported from, if others refer to it.
    pub own_id: Option<String>,
    /// Its failures that other releases resolved.
    pub resolutions: Vec<Resolution>,
}

/// A failure that another release of the same export resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The failure as it is recorded now.
    pub failure_id: Uuid,
    /// The id that the resolving release had where it was exported from.
    pub resolver_id: Option<String>,
    /// The external id of the resolving release.
    pub external_id: Option<String>,
}

/// Reads a release. `on_conflict` is for documents that do not say.
///
/// # Errors
/// Everything that cannot be understood, each with its place.
pub fn read_release(
    fields: &Fields,
    on_conflict: ConflictPolicy,
) -> Result<ReadRelease, Vec<UserError>> {
    let place = Place {
        object: Object::of(fields),
        path: Path::default(),
    };
    let mut errors = Errors::new();
    let packages = package::places(&place, &mut errors);
    let is_export = is_export(&place, &mut errors);
    let form = if is_export {
        Form::Export
    } else {
        Form::of(&place, &packages)
    };
    let told: Vec<_> = packages
        .iter()
        .map(|package| package::read(package, form, &mut errors))
        .collect();
    let (packages, restored_packages) = told.into_iter().unzip();
    let (mut release, signatures) = own_fields(&place, form, packages, &mut errors);
    release.on_conflict = place
        .read(&["onConflict", "on_conflict"], &mut errors, words::policy)
        .unwrap_or(on_conflict);
    let mut references = References::default();
    let restored = match form {
        Form::Export => {
            let (failures, resolutions) = failure::read(&place, &mut errors);
            references.resolutions = resolutions;
            if place.object.get("resolvesFailures").is_some() {
                references.own_id = place.text(&["id"], &mut errors);
            }
            Some(Restored {
                facts: Some(facts(&place, &mut errors)),
                created_at: place.read(&["createdAt"], &mut errors, words::instant),
                notes: signatures,
                packages: restored_packages,
                failures,
            })
        }
        Form::Own | Form::Orlo => restore_less(form, &mut release, signatures),
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(ReadRelease {
        release,
        restored,
        references,
        unknown: unknown(&place, is_export),
    })
}

/// Whether `orlo export` wrote the document: it says so itself.
fn is_export(place: &Place<'_>, errors: &mut Errors) -> bool {
    let Some(version) = place.read(&["orlo"], errors, words::index) else {
        return false;
    };
    if version != FORMAT as usize {
        let message = format!("format {version} is of a newer Orlo; this one reads {FORMAT}");
        let path = place.path.at("orlo");
        errors.push(path.error(UserErrorCode::InvalidValue, message));
    }
    true
}

/// What callers can tell, with who wrote its notes and when.
fn own_fields(
    place: &Place<'_>,
    form: Form,
    mut packages: Vec<NewPackage>,
    errors: &mut Errors,
) -> (NewRelease, Vec<Signature>) {
    let status = place.read(&["status"], errors, words::status);
    let success = place.read(&["success"], errors, words::truth);
    if form != Form::Export && success.is_none() {
        package::assume_status(&mut packages, status);
    }
    let (notes, signatures) = notes(place, errors);
    let mut release = NewRelease {
        external_id: place.text(form.key_names(), errors),
        user: place.text(&["user"], errors),
        team: place.text(&["team"], errors),
        platforms: place.texts(
            &["platforms", "platform", "platformNames"],
            errors,
            words::name,
        ),
        references: place.texts(&["references", "reference"], errors, words::text),
        notes,
        metadata: metadata::read(place, errors),
        packages,
        started_at: place.read(STARTED, errors, words::instant),
        finished_at: place.read(FINISHED, errors, words::instant),
        duration_seconds: place.read(DURATION, errors, words::seconds),
        success: success.or_else(|| outcome(status).filter(|_| form != Form::Export)),
        on_conflict: ConflictPolicy::default(),
    };
    form.correct_duration(
        release.started_at,
        release.finished_at,
        &mut release.duration_seconds,
    );
    (release, signatures)
}

/// The notes, and who wrote them and when where any of them says so.
fn notes(place: &Place<'_>, errors: &mut Errors) -> (Option<Vec<String>>, Vec<Signature>) {
    let Some(entries) = place.entries(&["notes", "note"], errors) else {
        return (None, Vec::new());
    };
    let mut remarks: Vec<_> = entries
        .into_iter()
        .map(|entry| package::remark(entry, errors))
        .collect();
    let is_signed =
        |remark: &package::Remark| remark.author.is_some() || remark.created_at.is_some();
    let mut signatures = Vec::new();
    if remarks.iter().any(is_signed) {
        // Blank ones are not recorded; the others must keep their signatures.
        remarks.retain(|remark| !remark.text.trim().is_empty());
        signatures = remarks.iter_mut().map(package::Remark::signature).collect();
    }
    let texts = remarks.into_iter().map(|remark| remark.text).collect();
    (Some(texts), signatures)
}

/// What an export notes of how the release was told.
fn facts(place: &Place<'_>, errors: &mut Errors) -> Facts {
    let mut flag = |name| place.read(&[name], errors, words::truth);
    Facts {
        start_told: flag("startTold").unwrap_or(false),
        recorded: flag("recorded").unwrap_or(true),
        inferred_fields: place
            .texts(&["inferredFields"], errors, words::text)
            .unwrap_or_default(),
    }
}

/// What other documents say beyond a call of Orlo: who wrote the notes. And where nobody said
/// when it happened, an old release or an unfinished one must not count as finished now; it
/// started with the first of its packages.
fn restore_less(form: Form, release: &mut NewRelease, notes: Vec<Signature>) -> Option<Restored> {
    let mut restored = Restored {
        notes,
        ..Restored::default()
    };
    let is_timeless = release.started_at.is_none() && release.finished_at.is_none();
    let is_unfinished = release.packages.iter().any(package::is_unfinished);
    if is_timeless && (form == Form::Orlo || is_unfinished) {
        release.started_at = earliest_start(&release.packages);
        let inferred = release.started_at.map(|_| "startedAt".to_owned());
        restored.facts = Some(Facts {
            start_told: false,
            recorded: true,
            inferred_fields: inferred.into_iter().collect(),
        });
    }
    (restored.facts.is_some() || !restored.notes.is_empty()).then_some(restored)
}

fn earliest_start(packages: &[NewPackage]) -> Option<entity::Timestamp> {
    let starts = packages.iter().filter_map(|package| package.started_at);
    starts.min_by_key(|start| start.0)
}

/// The outcome that a status of the whole release means.
const fn outcome(status: Option<DeployStatus>) -> Option<bool> {
    match status {
        Some(DeployStatus::Successful) => Some(true),
        Some(DeployStatus::Failed) => Some(false),
        Some(DeployStatus::NotStarted | DeployStatus::InProgress) | None => None,
    }
}

fn unknown(place: &Place<'_>, is_export: bool) -> Vec<String> {
    let is_known =
        |key: &&str| KNOWN.contains(key) || (is_export && KNOWN_OF_EXPORTS.contains(key));
    let keys = place.object.keys().filter(|key| !is_known(key));
    keys.map(ToOwned::to_owned).collect()
}
