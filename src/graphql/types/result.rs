//! Results of packages.

use std::collections::HashMap;
use std::sync::Weak;

use async_graphql::{Context, Description, ID, Object, Result};
use entity::package_result;
use uuid::Uuid;

use super::Package;
use super::package::PackageBatch;
use crate::graphql::batch::{Record, Related, Relation};
use crate::graphql::context::ContextExt as _;
use crate::graphql::error;
use crate::graphql::scalars::DateTime;
use crate::service::package;

/// Output of deploying a package, such as a log.
#[derive(Clone, Debug, Description)]
pub struct PackageResult(Record<ResultRelations>);

/// What belongs to results.
#[derive(Debug, Default)]
pub struct ResultRelations {
    parents: Weak<PackageBatch>,
    packages: Relation<Uuid, Package>,
}

impl Related for ResultRelations {
    type Row = package_result::Model;
    type Key = Uuid;

    fn key(row: &Self::Row) -> Uuid {
        row.id
    }
}

impl PackageResult {
    /// Results that came together, by id.
    #[must_use]
    pub fn by_id(rows: HashMap<Uuid, package_result::Model>) -> HashMap<Uuid, Self> {
        let rows = rows.into_values().collect();
        let records = Record::all(rows, ResultRelations::default()).into_iter();
        records.map(|record| (record.key(), Self(record))).collect()
    }

    /// The results of each of the packages of a batch.
    pub(super) fn grouped(
        rows: HashMap<Uuid, Vec<package_result::Model>>,
        parents: Weak<PackageBatch>,
    ) -> HashMap<Uuid, Vec<Self>> {
        let relations = ResultRelations {
            parents,
            ..ResultRelations::default()
        };
        Record::grouped(rows, relations, Self)
    }
}

#[Object(use_type_description)]
impl PackageResult {
    /// The id of the result.
    pub async fn id(&self) -> ID {
        self.0.row().id.into()
    }

    /// The output, as it was given.
    async fn content(&self) -> &str {
        &self.0.row().content
    }

    /// How many bytes `content` has in UTF-8.
    async fn byte_count(&self) -> usize {
        self.0.row().content.len()
    }

    /// The package that it is about.
    async fn package(&self, ctx: &Context<'_>) -> Result<Package> {
        let id = self.0.row().package_id;
        let relations = self.0.relations();
        if let Some(package) = Package::of_batch(&relations.parents, &id) {
            return Ok(package);
        }
        let load = || async {
            let ids: Vec<Uuid> = self.0.rows().map(|row| row.package_id).collect();
            let rows = package::by_ids(ctx.service()?, &ids, ctx.wanted().packages).await?;
            Ok(Package::by_id(rows))
        };
        let package = relations.packages.get(&id, load).await?;
        package.ok_or_else(|| error::missing("package", id))
    }

    /// When Orlo heard of it.
    async fn created_at(&self) -> DateTime {
        self.0.row().created_at.into()
    }
}
