//! Failures in production.

use std::collections::HashMap;
use std::sync::Weak;

use async_graphql::{Context, Description, ID, Object, Result};
use entity::failure;
use uuid::Uuid;

use super::release::ReleaseBatch;
use super::{Package, Release};
use crate::graphql::batch::{Record, Related, Relation};
use crate::graphql::context::ContextExt as _;
use crate::graphql::error;
use crate::graphql::scalars::DateTime;
use crate::service::{package, release};

/// Trouble in production that a deployment caused. Change fail rate and recovery time are made of
/// these.
#[derive(Clone, Debug, Description)]
pub struct Failure(Record<FailureRelations>);

/// What belongs to failures.
#[derive(Debug, Default)]
pub struct FailureRelations {
    parents: Weak<ReleaseBatch>,
    /// Those that caused them and those that mended them.
    releases: Relation<Uuid, Release>,
    packages: Relation<Uuid, Package>,
}

impl Related for FailureRelations {
    type Row = failure::Model;
    type Key = Uuid;

    fn key(row: &Self::Row) -> Uuid {
        row.id
    }
}

impl Failure {
    /// A failure that came alone.
    #[must_use]
    pub fn single(row: failure::Model) -> Self {
        Self(Record::single(row, FailureRelations::default()))
    }

    /// Failures that came together, by id.
    #[must_use]
    pub fn by_id(rows: HashMap<Uuid, failure::Model>) -> HashMap<Uuid, Self> {
        let rows = rows.into_values().collect();
        let records = Record::all(rows, FailureRelations::default()).into_iter();
        records.map(|record| (record.key(), Self(record))).collect()
    }

    /// The failures of each of the releases of a batch.
    pub(super) fn grouped(
        rows: HashMap<Uuid, Vec<failure::Model>>,
        parents: Weak<ReleaseBatch>,
    ) -> HashMap<Uuid, Vec<Self>> {
        let relations = FailureRelations {
            parents,
            ..FailureRelations::default()
        };
        Record::grouped(rows, relations, Self)
    }

    async fn load_release(&self, ctx: &Context<'_>, id: Uuid) -> Result<Option<Release>> {
        let load = || async {
            let rows = self.0.rows();
            let ids = rows.flat_map(|row| [Some(row.release_id), row.resolved_by_id]);
            let ids: Vec<Uuid> = ids.flatten().collect();
            let rows = release::by_ids(ctx.service()?, &ids, ctx.wanted().releases).await?;
            Ok(Release::by_id(rows))
        };
        self.0.relations().releases.get(&id, load).await
    }
}

#[Object(use_type_description)]
impl Failure {
    /// The id of the failure.
    pub async fn id(&self) -> ID {
        self.0.row().id.into()
    }

    /// The release that caused it.
    async fn release(&self, ctx: &Context<'_>) -> Result<Release> {
        let id = self.0.row().release_id;
        if let Some(release) = Release::of_batch(&self.0.relations().parents, &id) {
            return Ok(release);
        }
        let release = self.load_release(ctx, id).await?;
        release.ok_or_else(|| error::missing("release", id))
    }

    /// The package of the release that caused it; null when nobody said which.
    async fn package(&self, ctx: &Context<'_>) -> Result<Option<Package>> {
        let Some(id) = self.0.row().package_id else {
            return Ok(None);
        };
        let load = || async {
            let ids: Vec<Uuid> = self.0.rows().filter_map(|row| row.package_id).collect();
            let rows = package::by_ids(ctx.service()?, &ids, ctx.wanted().packages).await?;
            Ok(Package::by_id(rows))
        };
        self.0.relations().packages.get(&id, load).await
    }

    /// When it was noticed.
    async fn detected_at(&self) -> DateTime {
        self.0.row().detected_at.into()
    }

    /// When it was over; null while it lasts, and when only `resolvedBy` is known.
    async fn resolved_at(&self) -> Option<DateTime> {
        self.0.row().resolved_at.map(Into::into)
    }

    /// The release that mended it; null when none did or nobody said.
    async fn resolved_by(&self, ctx: &Context<'_>) -> Result<Option<Release>> {
        match self.0.row().resolved_by_id {
            Some(id) => self.load_release(ctx, id).await,
            None => Ok(None),
        }
    }

    /// What it is known by elsewhere, such as the id or URL of an incident.
    async fn reference(&self) -> Option<&str> {
        self.0.row().reference.as_deref()
    }

    /// What was said about it.
    async fn description(&self) -> Option<&str> {
        self.0.row().description.as_deref()
    }
}
