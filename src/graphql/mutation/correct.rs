//! Mutations that correct and delete what was recorded.

use async_graphql::{Context, Enum, InputObject, Object, Result};

use super::payload::{DeletePayload, PackagePayload, ReleasePayload};
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::input::{PackageRef, ReleaseRef};
use crate::graphql::scalars::DateTime;
use crate::service::correct;

/// A field of a release that can be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "correct::ClearableReleaseField")]
pub enum ClearableReleaseField {
    /// Who released.
    User,
    /// For which team.
    Team,
    /// All platforms.
    Platforms,
    /// All references.
    References,
    /// When it started; it then counts as not started, unless packages say otherwise.
    StartedAt,
    /// When it finished.
    FinishedAt,
    /// Your own key.
    ExternalId,
}

/// A field of a package that can be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "correct::ClearablePackageField")]
pub enum ClearablePackageField {
    /// Which version.
    Version,
    /// Where to see what changed.
    DiffUrl,
    /// The commit that is deployed.
    CommitSha,
    /// When the oldest change in it was committed.
    CommittedAt,
    /// When deploying it started.
    StartedAt,
    /// When deploying it finished.
    FinishedAt,
    /// Your own key.
    ExternalId,
}

/// What to correct in a release. Fields left out or null stay as they are; to empty one, name it
/// in `clear`.
#[derive(Debug, InputObject)]
pub struct UpdateReleaseInput {
    /// Which release.
    pub release: ReleaseRef,
    /// Who released.
    pub user: Option<String>,
    /// For which team.
    pub team: Option<String>,
    /// All its platforms, in place of those it has.
    pub platforms: Option<Vec<String>>,
    /// All its references, in place of those it has.
    pub references: Option<Vec<String>>,
    /// When it started.
    pub started_at: Option<DateTime>,
    /// When it finished.
    pub finished_at: Option<DateTime>,
    /// Your own key for it; unique.
    pub external_id: Option<String>,
    /// Fields to empty, e.g. `[FINISHED_AT]`.
    pub clear: Option<Vec<ClearableReleaseField>>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// What to correct in a package. Fields left out or null stay as they are; to empty one, name it
/// in `clear`.
#[derive(Debug, InputObject)]
pub struct UpdatePackageInput {
    /// Which package.
    pub package: PackageRef,
    /// What is deployed.
    pub name: Option<String>,
    /// Which version.
    pub version: Option<String>,
    /// How far it has come.
    pub status: Option<DeployStatus>,
    /// Whether it goes back to an earlier version.
    pub rollback: Option<bool>,
    /// Where to see what changed.
    pub diff_url: Option<String>,
    /// The commit that is deployed.
    pub commit_sha: Option<String>,
    /// When the oldest change in it was committed.
    pub committed_at: Option<DateTime>,
    /// When deploying it started.
    pub started_at: Option<DateTime>,
    /// When deploying it finished.
    pub finished_at: Option<DateTime>,
    /// Your own key for it; unique.
    pub external_id: Option<String>,
    /// Fields to empty, e.g. `[VERSION]`.
    pub clear: Option<Vec<ClearablePackageField>>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// A release that is to be deleted.
#[derive(Debug, InputObject)]
pub struct DeleteReleaseInput {
    /// Which release.
    pub release: ReleaseRef,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// A package that is to be deleted.
#[derive(Debug, InputObject)]
pub struct DeletePackageInput {
    /// Which package.
    pub package: PackageRef,
    /// Why, for the history.
    pub reason: Option<String>,
}

fn convert<T, U: From<T>>(values: Option<Vec<T>>) -> Vec<U> {
    values.into_iter().flatten().map(U::from).collect()
}

#[derive(Debug, Default)]
pub struct CorrectMutation;

#[Object]
impl CorrectMutation {
    /// Corrects what was recorded of a release. What it said before stays in its events.
    async fn update_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Which release, and what to correct, e.g. `{ release: { externalId: \
                    \"jenkins-4711\" }, team: \"shop\", clear: [FINISHED_AT] }`."
        )]
        input: UpdateReleaseInput,
    ) -> Result<ReleasePayload> {
        let update = correct::UpdateRelease {
            release: input.release.into(),
            user: input.user,
            team: input.team,
            platforms: input.platforms,
            references: input.references,
            started_at: input.started_at.map(Into::into),
            finished_at: input.finished_at.map(Into::into),
            external_id: input.external_id,
            clear: convert(input.clear),
            reason: input.reason,
        };
        ReleasePayload::of(correct::update_release(ctx.service()?, ctx.caller(), update).await)
    }

    /// Corrects what was recorded of a package. What it said before stays in its events.
    async fn update_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which package, and what to correct.")] input: UpdatePackageInput,
    ) -> Result<PackagePayload> {
        let update = correct::UpdatePackage {
            package: input.package.into(),
            name: input.name,
            version: input.version,
            status: input.status.map(Into::into),
            rollback: input.rollback,
            diff_url: input.diff_url,
            commit_sha: input.commit_sha,
            committed_at: input.committed_at.map(Into::into),
            started_at: input.started_at.map(Into::into),
            finished_at: input.finished_at.map(Into::into),
            external_id: input.external_id,
            clear: convert(input.clear),
            reason: input.reason,
        };
        PackagePayload::of(correct::update_package(ctx.service()?, ctx.caller(), update).await)
    }

    /// Deletes a release with its packages: no question and no statistic finds it any more. Its
    /// events stay.
    async fn delete_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, and why.")] input: DeleteReleaseInput,
    ) -> Result<DeletePayload> {
        let DeleteReleaseInput { release, reason } = input;
        let outcome =
            correct::delete_release(ctx.service()?, ctx.caller(), release.into(), reason).await;
        DeletePayload::of(outcome)
    }

    /// Deletes a package of a release: no question and no statistic finds it any more. Its events
    /// stay.
    async fn delete_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which package, and why.")] input: DeletePackageInput,
    ) -> Result<DeletePayload> {
        let DeletePackageInput { package, reason } = input;
        let outcome =
            correct::delete_package(ctx.service()?, ctx.caller(), package.into(), reason).await;
        DeletePayload::of(outcome)
    }
}
