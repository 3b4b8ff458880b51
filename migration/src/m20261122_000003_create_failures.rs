use sea_orm_migration::prelude::*;

use crate::StepResult;
use crate::dialect::{Rows, drop_tables, index, text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        manager.create_table(failure(manager)).await?;
        for column in ["release_id", "package_id", "resolved_by_id"] {
            let name = format!("failure_{column}");
            index(manager, "failure", &name, &[column], Rows::All).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        drop_tables(manager, &["failure"]).await
    }
}

fn failure(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let foreign = [
        ("release_id", "release"),
        ("package_id", "package"),
        ("resolved_by_id", "release"),
    ];
    let mut table = Table::create()
        .table("failure")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(ColumnDef::new("package_id").uuid())
        .col(time("detected_at").not_null())
        .col(time("resolved_at"))
        .col(ColumnDef::new("resolved_by_id").uuid())
        .col(text(manager, "reference"))
        .col(text(manager, "description"))
        .col(time("created_at").not_null())
        .col(time("updated_at").not_null())
        .to_owned();
    for (column, other) in foreign {
        table.foreign_key(
            ForeignKey::create()
                .name(format!("fk_failure_{column}"))
                .from("failure", column)
                .to(other, "id"),
        );
    }
    table
}
