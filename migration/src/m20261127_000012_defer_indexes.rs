use sea_orm_migration::prelude::*;

use crate::StepResult;
use crate::dialect::{drop_tables, text, time};

/// Remembers the indexes that a first import has dropped, until they are built again: an import that
/// breaks off between leaves behind what others need to build them.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        let table = Table::create()
            .table("deferred_index")
            // The order in which they were made: SQLite prefers the newer of two that serve alike.
            .col(
                ColumnDef::new("position")
                    .integer()
                    .not_null()
                    .primary_key(),
            )
            .col(text(manager, "name").not_null())
            .col(text(manager, "definition").not_null())
            .col(time("kept_until").not_null())
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        drop_tables(manager, &["deferred_index"]).await
    }
}
