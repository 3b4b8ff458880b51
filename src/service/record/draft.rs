//! Turning a checked release into rows. Nothing here touches the database.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use entity::{
    DeployStatus, EventType, Timestamp, failure, package, package_result, release, release_note,
};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::input::{CheckedPackage, CheckedRelease};
use crate::service::clock::to_millis;
use crate::service::error::{Path, Warning, WarningCode};
use crate::service::failure::reported;
use crate::service::history::{self, NewEvent, PackageFields, ReleaseFields};
use crate::service::{Caller, derive, time};

/// How a release is told to Orlo, which decides what is assumed where the caller is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Step by step, while it happens (createRelease).
    Live,
    /// At once, when it is over (recordRelease, importReleases).
    Finished,
}

/// The rows of a new release, not stored yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The release itself.
    pub release: release::Model,
    /// Its packages.
    pub packages: Vec<package::Model>,
    /// The packages' output.
    pub results: Vec<package_result::Model>,
    /// Names of the platforms it names.
    pub platforms: Vec<String>,
    /// Its references.
    pub references: Vec<String>,
    /// Its notes.
    pub notes: Vec<release_note::Model>,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
    /// The failures it caused, which only restored releases have from the start.
    pub failures: Vec<failure::Model>,
}

impl Draft {
    /// Fills in what the caller left out and computes what follows. The release is to be known as `id`;
    /// `path` is where it stands in the input; remarks go to `warnings`.
    pub fn new(
        id: Uuid,
        input: &CheckedRelease,
        telling: Telling,
        caller: &Caller,
        now: Timestamp,
        path: &Path,
        warnings: &mut Vec<Warning>,
    ) -> Self {
        let mut release = draft_release(id, input, telling, caller, now);
        if input.started_at.is_none() && input.finished_at.is_none() && telling == Telling::Finished
        {
            let message = "no time was given, so the release counts as finished now";
            warnings.push(
                path.at("finishedAt")
                    .warning(WarningCode::TimeAssumed, message),
            );
        }
        let defaults = PackageDefaults {
            telling,
            success: input.success,
            now,
        };
        let mut packages = Vec::with_capacity(input.packages.len());
        let mut results = Vec::new();
        for checked in &input.packages {
            let package = draft_package(checked, release.id, packages.len(), defaults);
            results.extend(draft_results(package.id, &checked.results, now));
            packages.push(package);
        }
        derive::settle(&mut release, &mut packages);
        let notes = input.notes.iter().flatten();
        Self {
            notes: notes
                .map(|text| draft_note(release.id, text, None, now))
                .collect(),
            platforms: input.platforms.clone().unwrap_or_default(),
            references: input.references.clone().unwrap_or_default(),
            metadata: input.metadata.clone().unwrap_or_default(),
            release,
            packages,
            results,
            failures: Vec::new(),
        }
    }

    /// The events that tell of this release, complete enough to make it again.
    #[must_use]
    pub fn events(&self) -> Vec<NewEvent> {
        let release = &self.release;
        let fields = DraftFields {
            row: release.into(),
            platforms: &self.platforms,
            references: &self.references,
            metadata: &self.metadata,
            notes: self.notes.iter().map(note_fields).collect(),
        };
        let created = NewEvent {
            kind: EventType::ReleaseCreated,
            occurred_at: release
                .started_at
                .or(release.finished_at)
                .unwrap_or(release.created_at),
            release_id: release.id,
            package_id: None,
            changes: history::creation(&fields),
        };
        let added = self
            .packages
            .iter()
            .map(|package| added_event(package, &self.results));
        let failed = self.failures.iter().map(reported);
        std::iter::once(created)
            .chain(added)
            .chain(failed)
            .collect()
    }
}

/// What a new release says.
#[derive(Serialize)]
struct DraftFields<'a> {
    #[serde(flatten)]
    row: ReleaseFields<'a>,
    platforms: &'a [String],
    references: &'a [String],
    metadata: &'a BTreeMap<String, String>,
    notes: Vec<Value>,
}

/// What a new package says.
#[derive(Serialize)]
struct AddedFields<'a> {
    #[serde(flatten)]
    row: PackageFields<'a>,
    results: Vec<Value>,
}

/// The event that tells of a new package.
#[must_use]
pub fn added_event(package: &package::Model, results: &[package_result::Model]) -> NewEvent {
    let own = results
        .iter()
        .filter(|result| result.package_id == package.id);
    let fields = AddedFields {
        row: package.into(),
        results: own.map(result_fields).collect(),
    };
    NewEvent {
        kind: EventType::PackageAdded,
        occurred_at: package.effective_at,
        release_id: package.release_id,
        package_id: Some(package.id),
        changes: history::creation(&fields),
    }
}

/// What an event says of a note.
#[must_use]
pub fn note_fields(note: &release_note::Model) -> Value {
    json!({
        "id": note.id,
        "text": note.text,
        "author": note.author,
        "createdAt": time::format(note.created_at),
    })
}

/// What an event says of a result: not its content, which is never changed.
#[must_use]
pub fn result_fields(result: &package_result::Model) -> Value {
    json!({ "id": result.id, "byteCount": result.content.len() })
}

fn draft_release(
    id: Uuid,
    input: &CheckedRelease,
    telling: Telling,
    caller: &Caller,
    now: Timestamp,
) -> release::Model {
    let mut inferred_fields = String::new();
    let mut infer = |field: &str| history::set_inferred(&mut inferred_fields, field, true);
    let user = input.user.clone().or_else(|| {
        let person = caller.person.clone()?;
        infer("user");
        Some(person)
    });
    let (mut started_at, mut finished_at) = (input.started_at, input.finished_at);
    match telling {
        Telling::Live if started_at.is_none() => {
            started_at = Some(now);
            infer("startedAt");
        }
        Telling::Finished if started_at.is_none() && finished_at.is_none() => {
            finished_at = Some(now);
            started_at = input
                .unplaced_duration
                .and_then(|duration| earlier(now, duration));
            infer("finishedAt");
            if started_at.is_some() {
                infer("startedAt");
            }
        }
        Telling::Live | Telling::Finished => {}
    }
    release::Model {
        id,
        external_id: input.external_id.clone(),
        user,
        team: input.team.clone(),
        started_at,
        finished_at,
        start_told: input.started_at.is_some(),
        recorded: telling == Telling::Finished,
        success: input.success,
        status: DeployStatus::NotStarted,
        rollback: false,
        partial: false,
        package_count: 0,
        duration_ms: None,
        inferred_fields,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

/// The time that lies `duration` before `end`, if it can be stored.
fn earlier(end: Timestamp, duration: TimeDelta) -> Option<Timestamp> {
    let start = to_millis(end.0.checked_sub_signed(duration)?);
    time::is_storable(start).then_some(start)
}

/// What is assumed of packages that do not say.
#[derive(Clone, Copy, Debug)]
pub struct PackageDefaults {
    /// How the release is told.
    pub telling: Telling,
    /// The outcome told for the whole release.
    pub success: Option<bool>,
    /// The time now.
    pub now: Timestamp,
}

impl PackageDefaults {
    fn status(self, input: &CheckedPackage) -> DeployStatus {
        match self.telling {
            Telling::Finished if self.success == Some(false) => DeployStatus::Failed,
            Telling::Finished => DeployStatus::Successful,
            Telling::Live if input.finished_at.is_some() => DeployStatus::Successful,
            Telling::Live if input.started_at.is_some() => DeployStatus::InProgress,
            Telling::Live => DeployStatus::NotStarted,
        }
    }
}

/// The row of a new package at `position` of its release. Its derived columns are not set yet.
#[must_use]
pub fn draft_package(
    input: &CheckedPackage,
    release_id: Uuid,
    position: usize,
    defaults: PackageDefaults,
) -> package::Model {
    let mut inferred_fields = String::new();
    history::set_inferred(&mut inferred_fields, "status", input.status.is_none());
    package::Model {
        id: Uuid::now_v7(),
        release_id,
        position: i32::try_from(position).unwrap_or(i32::MAX),
        external_id: input.external_id.clone(),
        name: input.name.clone(),
        version: input.version.clone(),
        status: input.status.unwrap_or_else(|| defaults.status(input)),
        rollback: input.rollback.unwrap_or(false),
        rollback_told: input.rollback.is_some(),
        diff_url: input.diff_url.clone(),
        commit_sha: input.commit_sha.clone(),
        committed_at: input.committed_at,
        started_at: input.started_at,
        finished_at: input.finished_at,
        duration_ms: None,
        effective_at: defaults.now,
        release_started_at: None,
        inferred_fields,
        created_at: defaults.now,
        updated_at: defaults.now,
        deleted_at: None,
    }
}

/// The rows of a package's output.
#[must_use]
pub fn draft_results(
    package_id: Uuid,
    contents: &[String],
    now: Timestamp,
) -> Vec<package_result::Model> {
    let row = |content: &String| package_result::Model {
        id: Uuid::now_v7(),
        package_id,
        content: content.clone(),
        created_at: now,
    };
    contents.iter().map(row).collect()
}

/// The row of a note.
#[must_use]
pub fn draft_note(
    release_id: Uuid,
    text: &str,
    author: Option<String>,
    now: Timestamp,
) -> release_note::Model {
    release_note::Model {
        id: Uuid::now_v7(),
        release_id,
        text: text.to_owned(),
        author,
        created_at: now,
    }
}
