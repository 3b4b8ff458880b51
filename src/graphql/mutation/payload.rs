//! What mutations answer. A refusal is data: `ok` is false and `userErrors` says why.

use async_graphql::{ID, Interface, Object, Result, SimpleObject};

use crate::graphql::types::{Failure, Package, Release, UserError, Warning};
use crate::service;
use crate::service::correct::DeleteOutcome;
use crate::service::failure::FailureOutcome;
use crate::service::record::import;
use crate::service::step::{PackageOutcome, ReleaseOutcome};

/// What every mutation answers.
#[derive(Clone, Debug, Interface)]
#[graphql(
    field(
        name = "ok",
        ty = "&bool",
        desc = "Whether it was done; when false nothing has changed and `userErrors` says why."
    ),
    field(
        name = "user_errors",
        ty = "&Vec<UserError>",
        desc = "Why it was not done; empty when it was."
    ),
    field(
        name = "warnings",
        ty = "&Vec<Warning>",
        desc = "What is worth knowing although it was done."
    )
)]
pub enum Payload {
    /// Of a mutation of a release.
    Release(ReleasePayload),
    /// Of a mutation of a package.
    Package(PackagePayload),
    /// Of a deletion.
    Delete(DeletePayload),
    /// Of a mutation of a failure.
    Failure(FailurePayload),
    /// Of an import.
    Import(ImportPayload),
}

/// What a mutation of a release answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReleasePayload {
    /// Whether it was done; when false nothing has changed and `userErrors` says why.
    ok: bool,
    /// The release as it is now; null when it was refused.
    release: Option<Release>,
    /// Whether this call made the record; false when an existing one was returned or changed.
    created: bool,
    /// Why it was not done; empty when it was.
    user_errors: Vec<UserError>,
    /// What is worth knowing although it was done.
    warnings: Vec<Warning>,
}

impl ReleasePayload {
    pub(super) fn of(outcome: service::Result<ReleaseOutcome>) -> Result<Self> {
        let (told, user_errors) = split(outcome)?;
        let created = told.as_ref().is_some_and(|it| it.created);
        let (release, warnings) = told.map(|it| (it.release, it.warnings)).unzip();
        Ok(Self {
            ok: user_errors.is_empty(),
            release: release.map(Release::single),
            created,
            user_errors,
            warnings: convert(warnings.unwrap_or_default()),
        })
    }
}

/// What a mutation of a package answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct PackagePayload {
    /// Whether it was done; when false nothing has changed and `userErrors` says why.
    ok: bool,
    /// The package as it is now; null when it was refused.
    package: Option<Package>,
    /// The release of the package as it is now; null when it was refused.
    release: Option<Release>,
    /// Whether this call made the record; false when an existing one was returned or changed.
    created: bool,
    /// Why it was not done; empty when it was.
    user_errors: Vec<UserError>,
    /// What is worth knowing although it was done.
    warnings: Vec<Warning>,
}

impl PackagePayload {
    pub(super) fn of(outcome: service::Result<PackageOutcome>) -> Result<Self> {
        let (told, user_errors) = split(outcome)?;
        let created = told.as_ref().is_some_and(|it| it.created);
        let warnings = told
            .as_ref()
            .map(|it| it.warnings.clone())
            .unwrap_or_default();
        let (package, release) = told.map(|it| (it.package, it.release)).unzip();
        Ok(Self {
            ok: user_errors.is_empty(),
            package: package.map(Package::single),
            release: release.map(Release::single),
            created,
            user_errors,
            warnings: convert(warnings),
        })
    }
}

/// What a deletion answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct DeletePayload {
    /// Whether it was done; when false nothing has changed and `userErrors` says why.
    ok: bool,
    /// The id of what was deleted; null when it was refused.
    deleted_id: Option<ID>,
    /// Why it was not done; empty when it was.
    user_errors: Vec<UserError>,
    /// What is worth knowing although it was done.
    warnings: Vec<Warning>,
}

impl DeletePayload {
    pub(super) fn of(outcome: service::Result<DeleteOutcome>) -> Result<Self> {
        let (deleted, user_errors) = split(outcome)?;
        let (id, warnings) = deleted.map(|it| (it.id, it.warnings)).unzip();
        Ok(Self {
            ok: user_errors.is_empty(),
            deleted_id: id.map(ID::from),
            user_errors,
            warnings: convert(warnings.unwrap_or_default()),
        })
    }
}

/// What a mutation of a failure answers.
#[derive(Clone, Debug, SimpleObject)]
pub struct FailurePayload {
    /// Whether it was done; when false nothing has changed and `userErrors` says why.
    ok: bool,
    /// The failure as it is now; null when it was refused.
    failure: Option<Failure>,
    /// Why it was not done; empty when it was.
    user_errors: Vec<UserError>,
    /// What is worth knowing although it was done.
    warnings: Vec<Warning>,
}

impl FailurePayload {
    pub(super) fn of(outcome: service::Result<FailureOutcome>) -> Result<Self> {
        let (told, user_errors) = split(outcome)?;
        let (failure, warnings) = told.map(|it| (it.failure, it.warnings)).unzip();
        Ok(Self {
            ok: user_errors.is_empty(),
            failure: failure.map(Failure::single),
            user_errors,
            warnings: convert(warnings.unwrap_or_default()),
        })
    }
}

/// What became of one release of an import.
#[derive(Clone, Debug, SimpleObject)]
pub struct ImportRow {
    /// Its place in the list of releases, from 0.
    index: i32,
    /// The release; null when it was refused, or when nothing was kept.
    release: Option<Release>,
    /// Whether the import made the record (a dry run: would have made it).
    created: bool,
    /// Why it was refused; empty when it was not.
    user_errors: Vec<UserError>,
    /// What is worth knowing about it.
    warnings: Vec<Warning>,
}

/// What an import answers.
#[derive(Clone, Debug)]
pub struct ImportPayload {
    ok: bool,
    created_count: i32,
    existing_count: i32,
    failed_count: i32,
    rows: Vec<ImportRow>,
    user_errors: Vec<UserError>,
    warnings: Vec<Warning>,
}

#[Object]
impl ImportPayload {
    /// Whether every release was recorded or known; false as soon as one was refused.
    async fn ok(&self) -> &bool {
        &self.ok
    }

    /// How many releases were recorded (a dry run: would have been).
    async fn created_count(&self) -> i32 {
        self.created_count
    }

    /// How many releases had been recorded before.
    async fn existing_count(&self) -> i32 {
        self.existing_count
    }

    /// How many releases were refused.
    async fn failed_count(&self) -> i32 {
        self.failed_count
    }

    /// What became of each release, in the order of the input.
    async fn rows(
        &self,
        #[graphql(desc = "Only those that were refused.", default_with = "Some(false)")]
        only_failed: Option<bool>,
    ) -> Vec<&ImportRow> {
        let only_failed = only_failed.unwrap_or_default();
        self.rows
            .iter()
            .filter(|row| !only_failed || !row.user_errors.is_empty())
            .collect()
    }

    /// Why the import as a whole was refused; what is wrong with single releases is in `rows`.
    async fn user_errors(&self) -> &Vec<UserError> {
        &self.user_errors
    }

    /// What is worth knowing about the import as a whole.
    async fn warnings(&self) -> &Vec<Warning> {
        &self.warnings
    }
}

impl ImportPayload {
    pub(super) fn of(outcome: service::Result<import::ImportOutcome>) -> Result<Self> {
        let (outcome, user_errors) = split(outcome)?;
        let outcome = outcome.unwrap_or_default();
        // The releases of all rows load their relations together.
        let releases = outcome
            .rows
            .iter()
            .filter_map(|row| row.release.clone())
            .collect();
        let mut releases = Release::all(releases).into_iter();
        let rows = outcome.rows.into_iter().map(|row| ImportRow {
            index: count(row.index),
            release: row.release.and_then(|_| releases.next()),
            created: row.created,
            user_errors: convert(row.user_errors),
            warnings: convert(row.warnings),
        });
        Ok(Self {
            ok: user_errors.is_empty() && outcome.failed_count == 0,
            created_count: count(outcome.created_count),
            existing_count: count(outcome.existing_count),
            failed_count: count(outcome.failed_count),
            rows: rows.collect(),
            user_errors,
            warnings: Vec::new(),
        })
    }
}

/// Makes refusals data: what came of it, or why it was refused. Failures of ours stay errors.
fn split<T>(outcome: service::Result<T>) -> Result<(Option<T>, Vec<UserError>)> {
    match outcome {
        Ok(value) => Ok((Some(value), Vec::new())),
        Err(service::Error::Refused(errors)) => Ok((None, convert(errors))),
        Err(error) => Err(error.into()),
    }
}

fn convert<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(U::from).collect()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
