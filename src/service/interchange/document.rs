//! What a document of an export says. What is missing is left out, except lists.

use std::collections::BTreeMap;

use entity::{Timestamp, failure, package, package_result, release, release_note};
use sea_orm::ActiveEnum;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::load::Contents;
use super::release::FORMAT;
use crate::service::history::inferred;
use crate::service::time;

/// A release with everything it carries.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    orlo: u32,
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<&'a str>,
    platforms: Vec<String>,
    references: Vec<String>,
    notes: Vec<NoteDocument>,
    metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    start_told: bool,
    recorded: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inferred_fields: Vec<&'a str>,
    packages: Vec<PackageDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<FailureDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolves_failures: Option<bool>,
    created_at: Time,
    updated_at: Time,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NoteDocument {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    created_at: Time,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PackageDocument {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    status: String,
    /// Left out where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    rollback: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_sha: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    committed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<Time>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inferred_fields: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    results: Vec<ResultDocument>,
    created_at: Time,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultDocument {
    content: String,
    created_at: Time,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureDocument {
    /// The place of the package among those of the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<usize>,
    detected_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_by: Option<ResolverDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_at: Time,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResolverDocument {
    id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

/// An instant, written as everywhere.
#[derive(Clone, Copy, Debug)]
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time::format(self.0))
    }
}

/// The document of a release, taking what it carries out of `contents`.
pub(super) fn of<'a>(release: &'a release::Model, contents: &mut Contents) -> Document<'a> {
    let id = release.id;
    let metadata = contents.metadata.remove(&id).unwrap_or_default();
    let packages = contents.packages.remove(&id).unwrap_or_default();
    let failures = contents.failures.remove(&id).unwrap_or_default();
    let failures = failures
        .into_iter()
        .filter_map(|row| failure_document(row, &packages, contents));
    let failures = failures.collect();
    let packages = packages
        .into_iter()
        .map(|row| package_document(row, contents));
    Document {
        orlo: FORMAT,
        id,
        external_id: release.external_id.as_deref(),
        user: release.user.as_deref(),
        team: release.team.as_deref(),
        packages: packages.collect(),
        platforms: contents.platforms.remove(&id).unwrap_or_default(),
        references: texts(contents.references.remove(&id), |row| row.reference),
        notes: texts(contents.notes.remove(&id), note_document),
        metadata: texts(Some(metadata), |row| (row.key, row.value)),
        started_at: release.started_at.map(Time),
        finished_at: release.finished_at.map(Time),
        success: release.success,
        start_told: release.start_told,
        recorded: release.recorded,
        inferred_fields: inferred(&release.inferred_fields),
        failures,
        resolves_failures: contents.resolvers.contains(&id).then_some(true),
        created_at: Time(release.created_at),
        updated_at: Time(release.updated_at),
    }
}

fn texts<R, T, L: FromIterator<T>>(rows: Option<Vec<R>>, text: impl FnMut(R) -> T) -> L {
    rows.into_iter().flatten().map(text).collect()
}

fn note_document(note: release_note::Model) -> NoteDocument {
    NoteDocument {
        text: note.text,
        author: note.author,
        created_at: Time(note.created_at),
    }
}

fn package_document(package: package::Model, contents: &mut Contents) -> PackageDocument {
    let results = contents.results.remove(&package.id);
    let result = |result: package_result::Model| ResultDocument {
        content: result.content,
        created_at: Time(result.created_at),
    };
    PackageDocument {
        name: package.name,
        version: package.version,
        external_id: package.external_id,
        status: package.status.to_value(),
        rollback: package.rollback_told.then_some(package.rollback),
        diff_url: package.diff_url,
        commit_sha: package.commit_sha,
        committed_at: package.committed_at.map(Time),
        started_at: package.started_at.map(Time),
        finished_at: package.finished_at.map(Time),
        inferred_fields: inferred(&package.inferred_fields)
            .into_iter()
            .map(ToOwned::to_owned)
            .collect(),
        results: texts(results, result),
        created_at: Time(package.created_at),
    }
}

/// None for a failure of a package that was deleted: without it, the whole release would seem to
/// have failed.
fn failure_document(
    failure: failure::Model,
    packages: &[package::Model],
    contents: &Contents,
) -> Option<FailureDocument> {
    let package = match failure.package_id {
        Some(id) => Some(packages.iter().position(|package| package.id == id)?),
        None => None,
    };
    let resolver = |id| {
        let external_id = contents.resolver_keys.get(&id)?.clone();
        Some(ResolverDocument { id, external_id })
    };
    Some(FailureDocument {
        package,
        detected_at: Time(failure.detected_at),
        resolved_at: failure.resolved_at.map(Time),
        resolved_by: failure.resolved_by_id.and_then(resolver),
        reference: failure.reference,
        description: failure.description,
        created_at: Time(failure.created_at),
    })
}
