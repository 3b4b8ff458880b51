//! Mutations that record new releases.

use async_graphql::{Context, Enum, InputObject, Object, Result};

use super::payload::{ImportPayload, ReleasePayload};
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::scalars::{DateTime, Json};
use crate::service::record::{self, NewPackage, NewRelease, import};

/// What to do when a record with the same `externalId` is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "record::ConflictPolicy")]
pub enum ConflictPolicy {
    /// Leave the stored record as it is and return it.
    ReturnExisting,
    /// Replace what is given, keep the rest. Packages match by external id, else by name and
    /// version; missing ones are added, none is removed. Notes and results are added where they
    /// are not there yet.
    Update,
    /// Refuse with `CONFLICT`.
    Error,
}

/// A package that a release deploys.
#[derive(Debug, InputObject)]
pub struct PackageInput {
    /// What is deployed, e.g. `api`.
    pub name: String,
    /// Which version of it, e.g. `1.4.0`.
    pub version: Option<String>,
    /// Your own key for this deployment; unique over all packages.
    pub external_id: Option<String>,
    /// How far it has come. When absent it follows from the times (createRelease, addPackage) or
    /// from `success` of the release (recordRelease, importReleases).
    pub status: Option<DeployStatus>,
    /// Whether it goes back to an earlier version.
    pub rollback: Option<bool>,
    /// Where to see what changed, e.g. a link to a comparison of two commits.
    pub diff_url: Option<String>,
    /// The commit that is deployed.
    pub commit_sha: Option<String>,
    /// When the oldest change in this deployment was committed; lead time counts from then.
    pub committed_at: Option<DateTime>,
    /// When deploying it started.
    pub started_at: Option<DateTime>,
    /// When deploying it finished.
    pub finished_at: Option<DateTime>,
    /// How long deploying it took, in seconds; with one of the two times the other is computed.
    pub duration_seconds: Option<f64>,
    /// Output of deploying it.
    pub results: Option<Vec<String>>,
}

impl From<PackageInput> for NewPackage {
    fn from(input: PackageInput) -> Self {
        Self {
            name: Some(input.name),
            version: input.version,
            external_id: input.external_id,
            status: input.status.map(Into::into),
            rollback: input.rollback,
            diff_url: input.diff_url,
            commit_sha: input.commit_sha,
            committed_at: input.committed_at.map(Into::into),
            started_at: input.started_at.map(Into::into),
            finished_at: input.finished_at.map(Into::into),
            duration_seconds: input.duration_seconds,
            results: input.results,
        }
    }
}

/// A release that is about to happen, or is happening.
#[derive(Debug, InputObject)]
pub struct CreateReleaseInput {
    /// Your own key for it (CI run id, change ticket); unique. With it a repeated call returns the
    /// first record.
    pub external_id: Option<String>,
    /// Who releases; the person of the token when absent.
    pub user: Option<String>,
    /// For which team.
    pub team: Option<String>,
    /// Names of the platforms released to, e.g. `["prod-eu", "prod-us"]`; unknown ones are made.
    pub platforms: Option<Vec<String>>,
    /// Why: tickets, links, e.g. `["SHOP-1"]`.
    pub references: Option<Vec<String>>,
    /// Remarks.
    pub notes: Option<Vec<String>>,
    /// A JSON object of anything else. Numbers and booleans are kept as text, objects and lists as
    /// JSON text; nulls are left out.
    pub metadata: Option<Json>,
    /// What is released.
    pub packages: Option<Vec<PackageInput>>,
    /// When it started; now when absent.
    pub started_at: Option<DateTime>,
    /// What to do when a release with this `externalId` is there already.
    #[graphql(default_with = "Some(ConflictPolicy::ReturnExisting)")]
    pub on_conflict: Option<ConflictPolicy>,
}

impl From<CreateReleaseInput> for NewRelease {
    fn from(input: CreateReleaseInput) -> Self {
        Self {
            external_id: input.external_id,
            user: input.user,
            team: input.team,
            platforms: input.platforms,
            references: input.references,
            notes: input.notes,
            metadata: input.metadata.map(|metadata| metadata.0),
            packages: packages(input.packages),
            started_at: input.started_at.map(Into::into),
            finished_at: None,
            duration_seconds: None,
            success: None,
            on_conflict: input.on_conflict.map(Into::into).unwrap_or_default(),
        }
    }
}

/// A release that is over.
#[derive(Debug, InputObject)]
pub struct RecordReleaseInput {
    /// Your own key for it (CI run id, change ticket); unique. With it a repeated call returns the
    /// first record.
    pub external_id: Option<String>,
    /// Who released; the person of the token when absent.
    pub user: Option<String>,
    /// For which team.
    pub team: Option<String>,
    /// Names of the platforms released to, e.g. `["prod-eu", "prod-us"]`; unknown ones are made.
    pub platforms: Option<Vec<String>>,
    /// Why: tickets, links, e.g. `["SHOP-1"]`.
    pub references: Option<Vec<String>>,
    /// Remarks.
    pub notes: Option<Vec<String>>,
    /// A JSON object of anything else. Numbers and booleans are kept as text, objects and lists as
    /// JSON text; nulls are left out.
    pub metadata: Option<Json>,
    /// What was released.
    pub packages: Option<Vec<PackageInput>>,
    /// When it started.
    pub started_at: Option<DateTime>,
    /// When it finished; now when no time is given at all.
    pub finished_at: Option<DateTime>,
    /// How long it took, in seconds; with one of the two times the other is computed.
    pub duration_seconds: Option<f64>,
    /// How it went, for packages that do not give their own status, and for a release without
    /// packages. Absent counts as success.
    pub success: Option<bool>,
    /// What to do when a release with this `externalId` is there already.
    #[graphql(default_with = "Some(ConflictPolicy::ReturnExisting)")]
    pub on_conflict: Option<ConflictPolicy>,
}

impl From<RecordReleaseInput> for NewRelease {
    fn from(input: RecordReleaseInput) -> Self {
        Self {
            external_id: input.external_id,
            user: input.user,
            team: input.team,
            platforms: input.platforms,
            references: input.references,
            notes: input.notes,
            metadata: input.metadata.map(|metadata| metadata.0),
            packages: packages(input.packages),
            started_at: input.started_at.map(Into::into),
            finished_at: input.finished_at.map(Into::into),
            duration_seconds: input.duration_seconds,
            success: input.success,
            on_conflict: input.on_conflict.map(Into::into).unwrap_or_default(),
        }
    }
}

fn packages(given: Option<Vec<PackageInput>>) -> Vec<NewPackage> {
    given.into_iter().flatten().map(Into::into).collect()
}

/// Releases that are over, recorded together.
#[derive(Debug, InputObject)]
pub struct ImportReleasesInput {
    /// The releases; 1,000 at most.
    pub releases: Vec<RecordReleaseInput>,
    /// Whether nothing is kept when one of them is refused.
    #[graphql(default_with = "Some(false)")]
    pub atomic: Option<bool>,
    /// Whether nothing is kept at all; the answer tells what would have happened.
    #[graphql(default_with = "Some(false)")]
    pub dry_run: Option<bool>,
}

#[derive(Debug, Default)]
pub struct RecordMutation;

#[Object]
impl RecordMutation {
    /// Records a release that is about to happen or happening; tell its progress with
    /// `startPackage`, `finishPackage` and `finishRelease`.
    async fn create_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The release, e.g. `{ user: \"ann\", platforms: \"web\" }`.")]
        input: CreateReleaseInput,
    ) -> Result<ReleasePayload> {
        let outcome = record::create(ctx.service()?, ctx.caller(), input.into()).await;
        ReleasePayload::of(outcome)
    }

    /// Records a release that is over, with everything about it, in one call.
    async fn record_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The release, e.g. `{ user: \"ann\", platforms: \"web\", packages: { name: \
                    \"api\", version: \"1.4.0\" } }`."
        )]
        input: RecordReleaseInput,
    ) -> Result<ReleasePayload> {
        let outcome = record::record(ctx.service()?, ctx.caller(), input.into()).await;
        ReleasePayload::of(outcome)
    }

    /// Records many releases that are over. Bad ones are reported and the good ones kept, unless
    /// it is `atomic`.
    async fn import_releases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The releases, and how to treat those that are refused.")]
        input: ImportReleasesInput,
    ) -> Result<ImportPayload> {
        let mode = import::ImportMode {
            atomic: input.atomic.unwrap_or_default(),
            dry_run: input.dry_run.unwrap_or_default(),
        };
        let releases = input.releases.into_iter().map(Into::into).collect();
        let outcome = import::import(ctx.service()?, ctx.caller(), releases, mode).await;
        ImportPayload::of(outcome)
    }
}
