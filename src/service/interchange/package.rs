//! Reading a package of a release.

use entity::{DeployStatus, Timestamp};

use super::form::Form;
use super::json::Shape;
use super::place::{Entry, Errors, Place, settle};
use super::words;
use crate::service::derive;
use crate::service::error::UserErrorCode;
use crate::service::record::NewPackage;
use crate::service::record::restore::{RestoredPackage, Signature};

/// The packages as they stand in a document.
pub(super) fn places<'a>(release: &Place<'a>, errors: &mut Errors) -> Vec<Place<'a>> {
    let entries = release.entries(&["packages", "package"], errors);
    let mut places = Vec::new();
    for (shape, path) in entries.into_iter().flatten() {
        if let Shape::Object(object) = shape {
            places.push(Place { object, path });
        } else {
            errors.push(path.error(UserErrorCode::InvalidValue, "must be a JSON object"));
        }
    }
    places
}

/// Reads one package, with what an export says of it beside.
pub(super) fn read(
    place: &Place<'_>,
    form: Form,
    errors: &mut Errors,
) -> (NewPackage, RestoredPackage) {
    let status = place.read(&["status"], errors, words::status);
    let success = place.read(&["success"], errors, words::truth);
    let (results, times) = results(place, errors);
    let mut package = NewPackage {
        name: place.text(&["name"], errors),
        version: place.text(&["version"], errors),
        external_id: place.text(form.key_names(), errors),
        status: status.or_else(|| success.map(derive::outcome)),
        rollback: place.read(&["rollback"], errors, words::truth),
        diff_url: place.text(&["diffUrl", "diff_url"], errors),
        commit_sha: place.text(&["commitSha", "commit_sha", "commit"], errors),
        committed_at: place.read(&["committedAt", "committed_at"], errors, words::instant),
        started_at: place.read(STARTED, errors, words::instant),
        finished_at: place.read(FINISHED, errors, words::instant),
        duration_seconds: place.read(DURATION, errors, words::seconds),
        results,
    };
    form.correct_duration(
        package.started_at,
        package.finished_at,
        &mut package.duration_seconds,
    );
    let mut restored = RestoredPackage::default();
    if form == Form::Export {
        restored.inferred_fields = place.texts(&["inferredFields"], errors, words::text);
        restored.created_at = place.read(&["createdAt"], errors, words::instant);
        restored.results = times;
    }
    (package, restored)
}

/// What a start, a finish and a duration may be called.
pub(super) const STARTED: &[&str] = &["startedAt", "stime", "started_at"];
pub(super) const FINISHED: &[&str] = &["finishedAt", "ftime", "finished_at"];
pub(super) const DURATION: &[&str] = &["durationSeconds", "duration", "duration_seconds"];

/// Output, with the times at which it was recorded.
fn results(
    place: &Place<'_>,
    errors: &mut Errors,
) -> (Option<Vec<String>>, Vec<Option<Timestamp>>) {
    let Some(entries) = place.entries(&["results", "result"], errors) else {
        return (None, Vec::new());
    };
    let (mut texts, mut times) = (Vec::new(), Vec::new());
    for entry in entries {
        let remark = remark(entry, errors);
        texts.push(remark.text);
        times.push(remark.created_at);
    }
    (Some(texts), times)
}

/// A note or output: its text, perhaps with an author and a time.
#[derive(Debug, Default)]
pub(super) struct Remark {
    pub text: String,
    pub author: Option<String>,
    pub created_at: Option<Timestamp>,
}

impl Remark {
    /// Who wrote it and when, taken out of it.
    pub fn signature(&mut self) -> Signature {
        Signature {
            author: self.author.take(),
            created_at: self.created_at.take(),
        }
    }
}

/// Reads a text, or an object that holds one.
pub(super) fn remark((shape, path): Entry<'_>, errors: &mut Errors) -> Remark {
    let Shape::Object(object) = shape else {
        return Remark {
            text: settle(words::text(shape), &path, errors).unwrap_or_default(),
            ..Remark::default()
        };
    };
    let place = Place { object, path };
    Remark {
        text: place
            .text(&["text", "content", "note"], errors)
            .unwrap_or_default(),
        author: place.text(&["author", "user"], errors),
        created_at: place.read(&["createdAt", "created_at"], errors, words::instant),
    }
}

/// Whether somebody said of a package that it is not over.
pub(super) fn is_unfinished(package: &NewPackage) -> bool {
    package.status.is_some_and(|status| !status.is_finished())
}

/// The status that the release tells for packages that have none.
pub(super) fn assume_status(packages: &mut [NewPackage], status: Option<DeployStatus>) {
    for package in packages {
        package.status = package.status.or(status);
    }
}
