//! Mutations about failures in production.

use async_graphql::{Context, ID, InputObject, Object, Result};

use super::payload::FailurePayload;
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{PackageRef, ReleaseRef};
use crate::graphql::scalars::DateTime;
use crate::service::failure;

/// Trouble in production that a deployment caused.
#[derive(Debug, InputObject)]
pub struct ReportFailureInput {
    /// The release that caused it.
    pub release: ReleaseRef,
    /// The package of that release that caused it; absent means any of them.
    pub package: Option<PackageRef>,
    /// When it was noticed; now when absent.
    pub detected_at: Option<DateTime>,
    /// When it was over.
    pub resolved_at: Option<DateTime>,
    /// The release that mended it.
    pub resolved_by: Option<ReleaseRef>,
    /// A ticket or link, e.g. `INC-7`.
    pub reference: Option<String>,
    /// What happened.
    pub description: Option<String>,
}

/// The end of trouble that was reported.
#[derive(Debug, InputObject)]
pub struct ResolveFailureInput {
    /// The id of the failure.
    pub failure_id: ID,
    /// When it was over; now when neither this nor `resolvedBy` is given.
    pub resolved_at: Option<DateTime>,
    /// The release that mended it.
    pub resolved_by: Option<ReleaseRef>,
}

#[derive(Debug, Default)]
pub struct FailureMutation;

#[Object]
impl FailureMutation {
    /// Reports trouble in production that a deployment caused. Change fail rate and recovery time
    /// count it.
    async fn report_failure(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Which deployment caused it, and what is known, e.g. `{ release: { externalId: \
                    \"jenkins-4711\" }, reference: \"INC-7\" }`."
        )]
        input: ReportFailureInput,
    ) -> Result<FailurePayload> {
        let report = failure::ReportFailure {
            release: input.release.into(),
            package: input.package.map(Into::into),
            detected_at: input.detected_at.map(Into::into),
            resolved_at: input.resolved_at.map(Into::into),
            resolved_by: input.resolved_by.map(Into::into),
            reference: input.reference,
            description: input.description,
        };
        FailurePayload::of(failure::report(ctx.service()?, ctx.caller(), report).await)
    }

    /// Tells that trouble is over, by when or by which release. A later call replaces what an
    /// earlier one said.
    async fn resolve_failure(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which failure, and how it ended.")] input: ResolveFailureInput,
    ) -> Result<FailurePayload> {
        let report = failure::ResolveFailure {
            failure_id: input.failure_id.into(),
            resolved_at: input.resolved_at.map(Into::into),
            resolved_by: input.resolved_by.map(Into::into),
        };
        FailurePayload::of(failure::resolve(ctx.service()?, ctx.caller(), report).await)
    }
}
