//! Mutations that tell the steps of a release.

use async_graphql::{Context, Enum, InputObject, Object, Result};

use super::payload::ReleasePayload;
use crate::graphql::context::ContextExt as _;
use crate::graphql::input::ReleaseRef;
use crate::graphql::scalars::{DateTime, Json};
use crate::service::step::release;

/// A report that a release has started.
#[derive(Debug, InputObject)]
pub struct StartReleaseInput {
    /// Which release.
    pub release: ReleaseRef,
    /// When; now when absent. A time after the finish tells of another attempt.
    pub at: Option<DateTime>,
}

/// A report that a release has finished.
#[derive(Debug, InputObject)]
pub struct FinishReleaseInput {
    /// Which release.
    pub release: ReleaseRef,
    /// When; now when absent.
    pub at: Option<DateTime>,
    /// How it went. Packages in progress become successful or failed with it; absent leaves them
    /// as they are.
    pub success: Option<bool>,
    /// A closing remark.
    pub note: Option<String>,
}

/// A remark on a release.
#[derive(Debug, InputObject)]
pub struct AddNoteInput {
    /// Which release.
    pub release: ReleaseRef,
    /// The remark.
    pub text: String,
    /// Who remarks; the person of the token when absent.
    pub author: Option<String>,
}

/// How new metadata meets what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "release::MetadataMode")]
pub enum MetadataMode {
    /// Keys given are replaced, the others stay.
    Merge,
    /// Only the keys given are left.
    Replace,
}

/// Metadata for a release.
#[derive(Debug, InputObject)]
pub struct SetMetadataInput {
    /// Which release.
    pub release: ReleaseRef,
    /// A JSON object. Numbers and booleans are kept as text, objects and lists as JSON text; nulls
    /// are left out.
    pub metadata: Json,
    /// How it meets what is there.
    #[graphql(default_with = "Some(MetadataMode::Merge)")]
    pub mode: Option<MetadataMode>,
}

#[derive(Debug, Default)]
pub struct ReleaseMutation;

#[Object]
impl ReleaseMutation {
    /// Tells that a release has started. May come late or twice: the earliest start is kept.
    async fn start_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, and when.")] input: StartReleaseInput,
    ) -> Result<ReleasePayload> {
        let StartReleaseInput { release, at } = input;
        let step = release::StartRelease {
            release: release.into(),
            at: at.map(Into::into),
        };
        ReleasePayload::of(release::start(ctx.service()?, ctx.caller(), step).await)
    }

    /// Tells that a release has finished. May come late or twice.
    async fn finish_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, when, and how it went.")] input: FinishReleaseInput,
    ) -> Result<ReleasePayload> {
        let FinishReleaseInput {
            release,
            at,
            success,
            note,
        } = input;
        let at = at.map(Into::into);
        let step = release::FinishRelease {
            release: release.into(),
            at,
            success,
            note,
        };
        ReleasePayload::of(release::finish(ctx.service()?, ctx.caller(), step).await)
    }

    /// Adds a remark to a release.
    async fn add_note(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, and the remark.")] input: AddNoteInput,
    ) -> Result<ReleasePayload> {
        let AddNoteInput {
            release,
            text,
            author,
        } = input;
        let step = release::AddNote {
            release: release.into(),
            text: Some(text),
            author,
        };
        ReleasePayload::of(release::add_note(ctx.service()?, ctx.caller(), step).await)
    }

    /// Sets metadata of a release.
    async fn set_metadata(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which release, and the metadata.")] input: SetMetadataInput,
    ) -> Result<ReleasePayload> {
        let SetMetadataInput {
            release,
            metadata,
            mode,
        } = input;
        let mode = mode.map(Into::into).unwrap_or_default();
        let step = release::SetMetadata {
            release: release.into(),
            metadata: metadata.0,
            mode,
        };
        ReleasePayload::of(release::set_metadata(ctx.service()?, ctx.caller(), step).await)
    }
}
