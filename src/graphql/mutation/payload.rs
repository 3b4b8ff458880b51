//! What mutations answer. A refusal is data: `ok` is false and `userErrors` says why.

use async_graphql::{Interface, Object, Result, SimpleObject};

use crate::graphql::types::{Package, Release, UserError, Warning};
use crate::service;
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
        Ok(match settle(outcome)? {
            Ok(ReleaseOutcome {
                release,
                created,
                warnings,
            }) => Self {
                ok: true,
                release: Some(Release::single(release)),
                created,
                user_errors: Vec::new(),
                warnings: convert(warnings),
            },
            Err(user_errors) => Self {
                ok: false,
                release: None,
                created: false,
                user_errors,
                warnings: Vec::new(),
            },
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
        Ok(match settle(outcome)? {
            Ok(PackageOutcome {
                package,
                release,
                created,
                warnings,
            }) => Self {
                ok: true,
                package: Some(Package::single(package)),
                release: Some(Release::single(release)),
                created,
                user_errors: Vec::new(),
                warnings: convert(warnings),
            },
            Err(user_errors) => Self {
                ok: false,
                package: None,
                release: None,
                created: false,
                user_errors,
                warnings: Vec::new(),
            },
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
        let (outcome, user_errors) = match settle(outcome)? {
            Ok(outcome) => (outcome, Vec::new()),
            Err(user_errors) => (import::ImportOutcome::default(), user_errors),
        };
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

/// Makes refusals data; failures of ours stay errors.
fn settle<T>(outcome: service::Result<T>) -> Result<std::result::Result<T, Vec<UserError>>> {
    match outcome {
        Ok(value) => Ok(Ok(value)),
        Err(service::Error::Refused(errors)) => Ok(Err(convert(errors))),
        Err(error) => Err(error.into()),
    }
}

fn convert<T, U: From<T>>(values: Vec<T>) -> Vec<U> {
    values.into_iter().map(U::from).collect()
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
