use sea_orm_migration::prelude::*;

use crate::StepResult;
use crate::dialect::time;

/// Makes room for the start of the release in each package. It is a step of its own, because
/// PostgreSQL lets nobody read the table while a column is added, which takes a moment; filling it
/// in, which the next step does, takes long.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> StepResult {
        let table = Table::alter()
            .table("package")
            .add_column(time("release_started_at"))
            .take();
        manager.alter_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let table = Table::alter()
            .table("package")
            .drop_column("release_started_at")
            .take();
        manager.alter_table(table).await
    }
}
