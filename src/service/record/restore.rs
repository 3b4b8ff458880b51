//! What an export knows of a release beyond what callers can tell: it comes back as it was.

use entity::{Timestamp, failure, release};
use uuid::Uuid;

use super::draft::Draft;
use super::input::CheckedRelease;
use crate::service::check::{Checker, TextKind};
use crate::service::error::{Path, UserErrorCode, Warning, WarningCode};
use crate::service::{derive, history};

/// What is to be restored of a release. What is left out is as with any new release.
#[derive(Clone, Debug, Default)]
pub struct Restored {
    /// How it was told.
    pub facts: Option<Facts>,
    /// When Orlo first heard of it.
    pub created_at: Option<Timestamp>,
    /// Of the notes in their order; none or all of them.
    pub notes: Vec<Signature>,
    /// Of the packages in their order; none or all of them.
    pub packages: Vec<RestoredPackage>,
    /// The failures it caused.
    pub failures: Vec<NewFailure>,
}

/// How a release was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether somebody said when it started.
    pub start_told: bool,
    /// Whether it came as a finished record.
    pub recorded: bool,
    /// What Orlo filled in, by API name.
    pub inferred_fields: Vec<String>,
}

/// Who wrote a note, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub author: Option<String>,
    /// When.
    pub created_at: Option<Timestamp>,
}

/// What is to be restored of a package.
#[derive(Clone, Debug, Default)]
pub struct RestoredPackage {
    /// What Orlo filled in, by API name.
    pub inferred_fields: Option<Vec<String>>,
    /// When Orlo first heard of it.
    pub created_at: Option<Timestamp>,
    /// When it heard of each output, in their order.
    pub results: Vec<Option<Timestamp>>,
}

/// A failure that a release caused.
#[derive(Clone, Debug)]
pub struct NewFailure {
    /// Its key, by which its resolution is told later.
    pub id: Uuid,
    /// The place of the package that caused it among those of the release, if it was one.
    pub package: Option<usize>,
    /// When it was noticed.
    pub detected_at: Option<Timestamp>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// A ticket or link.
    pub reference: Option<String>,
    /// What happened.
    pub description: Option<String>,
    /// When Orlo first heard of it.
    pub created_at: Option<Timestamp>,
}

impl Restored {
    /// Checks everything; what is wrong is left in `checker`. `path` is where the release stands.
    pub(super) fn check(mut self, checker: &mut Checker<'_>, path: &Path) -> Self {
        for (index, note) in self.notes.iter_mut().enumerate() {
            let path = path.at("notes").at(index).at("author");
            note.author = checker.text(&path, TextKind::Name, note.author.take());
        }
        checker.fits(&path.at("failures"), self.failures.len());
        for (index, failure) in self.failures.iter_mut().enumerate() {
            let path = path.at("failures").at(index);
            let (reference, description) = (failure.reference.take(), failure.description.take());
            failure.reference = checker.text(&path.at("reference"), TextKind::Reference, reference);
            failure.description =
                checker.text(&path.at("description"), TextKind::Long, description);
            if failure.detected_at.is_none() {
                let message = "must be given";
                checker.error(&path.at("detectedAt"), UserErrorCode::Required, message);
            }
        }
        self
    }

    /// Makes the rows of a release say what it said before.
    pub(super) fn apply(
        &self,
        draft: &mut Draft,
        input: &CheckedRelease,
        now: Timestamp,
        warnings: &mut Vec<Warning>,
    ) {
        let known = |time| known(time, now);
        if let Some(facts) = &self.facts {
            facts.apply(&mut draft.release, input);
            warnings.retain(|warning| warning.code != WarningCode::TimeAssumed);
        }
        draft.release.created_at = known(self.created_at);
        // Notes and output are only dropped where they are blank, which exports never hold.
        if self.notes.len() == draft.notes.len() {
            for (note, restored) in draft.notes.iter_mut().zip(&self.notes) {
                note.author.clone_from(&restored.author);
                note.created_at = known(restored.created_at);
            }
        }
        // Results stand in the order of their packages.
        let mut results = draft.results.iter_mut().peekable();
        for (package, restored) in draft.packages.iter_mut().zip(&self.packages) {
            package.created_at = known(restored.created_at);
            if let Some(names) = &restored.inferred_fields {
                package.inferred_fields = column(names);
            }
            let id = package.id;
            let mut times = restored.results.iter();
            while let Some(result) = results.next_if(|result| result.package_id == id) {
                result.created_at = known(times.next().copied().flatten());
            }
        }
        derive::settle(&mut draft.release, &mut draft.packages);
        draft.failures = self.failure_rows(draft, now);
    }

    fn failure_rows(&self, draft: &Draft, now: Timestamp) -> Vec<failure::Model> {
        let row = |failure: &NewFailure| {
            let created_at = known(failure.created_at, now);
            failure::Model {
                id: failure.id,
                release_id: draft.release.id,
                package_id: failure
                    .package
                    .and_then(|index| draft.packages.get(index))
                    .map(|package| package.id),
                detected_at: failure.detected_at.unwrap_or(created_at),
                resolved_at: failure.resolved_at,
                resolved_by_id: None,
                reference: failure.reference.clone(),
                description: failure.description.clone(),
                created_at,
                updated_at: now,
            }
        };
        self.failures.iter().map(row).collect()
    }
}

/// A record time: it never lies ahead of the clock.
fn known(time: Option<Timestamp>, now: Timestamp) -> Timestamp {
    time.filter(|time| time.0 <= now.0).unwrap_or(now)
}

impl Facts {
    fn apply(&self, release: &mut release::Model, input: &CheckedRelease) {
        release.user.clone_from(&input.user);
        release.started_at = input.started_at;
        release.finished_at = input.finished_at;
        release.start_told = self.start_told;
        release.recorded = self.recorded;
        release.inferred_fields = column(&self.inferred_fields);
    }
}

/// Names as the column holds them; what cannot be the name of a field is left out.
fn column(names: &[String]) -> String {
    let mut column = String::new();
    let is_name = |name: &&String| name.len() < 64 && name.chars().all(char::is_alphabetic);
    for name in names.iter().filter(is_name) {
        history::set_inferred(&mut column, name, true);
    }
    column
}
