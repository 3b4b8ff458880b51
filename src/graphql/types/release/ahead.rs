//! A release by its id: what is asked of it is loaded together with it, which saves a statement.

use std::sync::Arc;

use async_graphql::{Context, Result, SelectionField};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join, join_all};
use uuid::Uuid;

use super::Release;
use super::batch::{ReleaseBatch, ReleaseRelations};
use crate::graphql::batch::{Batch, Record};
use crate::graphql::context::ContextExt as _;
use crate::service::page::PageArgs;
use crate::service::reference::ReleaseRef;
use crate::service::release;

impl Release {
    /// The release that `reference` leads to, asked for by the field of `ctx`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(ctx: &Context<'_>, reference: &ReleaseRef) -> Result<Option<Self>> {
        let (service, columns) = (ctx.service()?, ctx.wanted().releases);
        let row = release::find(service, reference, columns);
        let Some(id) = reference.id() else {
            return Ok(row.await?.map(Self::single));
        };
        let batch = Batch::ahead(id, ReleaseRelations::default());
        let (row, ()) = join(row, load_ahead(ctx, &batch, id)).await;
        Ok(row?.map(|row| Self(Record::arrived(row, batch))))
    }
}

/// Loads what is selected. What fails is told where it is selected.
async fn load_ahead(ctx: &Context<'_>, batch: &Arc<ReleaseBatch>, id: Uuid) {
    let field = ctx.field();
    let fields = field.selection_set().filter(is_plain);
    let loads = fields.filter_map(|field| load(ctx, batch, id, field.name()));
    join_all(loads).await;
}

/// Whether a field is sure to be asked for, and in the usual way.
fn is_plain(field: &SelectionField<'_>) -> bool {
    let is_sure = field.directives().is_ok_and(|all| all.is_empty());
    is_sure && field.arguments().is_ok_and(|all| all.is_empty())
}

/// What loads a field; none where the row has it.
fn load<'a>(
    ctx: &'a Context<'a>,
    batch: &'a Arc<ReleaseBatch>,
    id: Uuid,
    field: &str,
) -> Option<BoxFuture<'a, ()>> {
    Some(match field {
        "platforms" | "platformNames" => quietly(batch.load_platforms(ctx, id)),
        "references" => quietly(batch.load_references(ctx, id)),
        "notes" => quietly(batch.load_notes(ctx, id)),
        "metadata" | "metadataEntries" => quietly(batch.load_metadata(ctx, id)),
        "packages" => quietly(batch.load_packages(ctx, id, None)),
        "failures" => quietly(batch.load_failures(ctx, id)),
        "events" => quietly(batch.load_events(ctx, id, PageArgs::default())),
        _ => return None,
    })
}

fn quietly<'a, T: 'a>(load: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, ()> {
    Box::pin(load.map(drop))
}
