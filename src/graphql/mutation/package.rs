//! Mutations that tell the steps of a package.

use async_graphql::{Context, InputObject, Object, Result};

use super::payload::PackagePayload;
use super::record::PackageInput;
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::{PackageRef, ReleaseRef};
use crate::graphql::scalars::DateTime;
use crate::service::step::{add, package};

/// A package for a release that is recorded already.
#[derive(Debug, InputObject)]
pub struct AddPackageInput {
    /// Which release.
    pub release: ReleaseRef,
    /// The package.
    pub package: PackageInput,
    /// Whether it starts at once.
    #[graphql(default_with = "Some(false)")]
    pub start: Option<bool>,
}

/// A report that deploying a package has started.
#[derive(Debug, InputObject)]
pub struct StartPackageInput {
    /// Which package.
    pub package: PackageRef,
    /// When; now when absent. A time after the finish tells of another attempt.
    pub at: Option<DateTime>,
    /// Whether it is another attempt at a package that had finished.
    #[graphql(default_with = "Some(false)")]
    pub retry: Option<bool>,
}

/// A report that deploying a package has finished.
#[derive(Debug, InputObject)]
pub struct FinishPackageInput {
    /// Which package.
    pub package: PackageRef,
    /// How it went. There is no default: an outcome cannot be guessed.
    pub success: bool,
    /// When; now when absent.
    pub at: Option<DateTime>,
    /// Output of deploying it.
    pub result: Option<String>,
}

/// Output of deploying a package.
#[derive(Debug, InputObject)]
pub struct AddResultInput {
    /// Which package.
    pub package: PackageRef,
    /// The output.
    pub content: String,
}

#[derive(Debug, Default)]
pub struct PackageMutation;

#[Object]
impl PackageMutation {
    /// Adds a package to a release. One whose `externalId` the release has already is returned as
    /// it is.
    async fn add_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, and the package.")] input: AddPackageInput,
    ) -> Result<PackagePayload> {
        let step = add::AddPackage {
            release: input.release.into(),
            package: input.package.into(),
            start: input.start.unwrap_or_default(),
        };
        PackagePayload::of(add::add(ctx.service()?, ctx.caller(), step).await)
    }

    /// Tells that deploying a package has started. May come late or twice: the earliest start is
    /// kept.
    async fn start_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Which package, and when, e.g. `{ package: { inRelease: { release: { \
                    externalId: \"jenkins-4711\" }, name: \"api\" } } }`."
        )]
        input: StartPackageInput,
    ) -> Result<PackagePayload> {
        let step = package::StartPackage {
            package: input.package.into(),
            at: input.at.map(Into::into),
            retry: input.retry.unwrap_or_default(),
        };
        PackagePayload::of(package::start(ctx.service()?, ctx.caller(), step).await)
    }

    /// Tells that deploying a package has finished. May come late or twice; of two outcomes the
    /// later one wins.
    async fn finish_package(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which package, when, and how it went.")] input: FinishPackageInput,
    ) -> Result<PackagePayload> {
        let FinishPackageInput {
            package,
            success,
            at,
            result,
        } = input;
        let at = at.map(Into::into);
        let step = package::FinishPackage {
            package: package.into(),
            success,
            at,
            result,
        };
        PackagePayload::of(package::finish(ctx.service()?, ctx.caller(), step).await)
    }

    /// Adds output to a package.
    async fn add_result(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which package, and the output.")] input: AddResultInput,
    ) -> Result<PackagePayload> {
        let AddResultInput { package, content } = input;
        let step = package::AddResult {
            package: package.into(),
            content: Some(content),
        };
        PackagePayload::of(package::add_result(ctx.service()?, ctx.caller(), step).await)
    }
}
