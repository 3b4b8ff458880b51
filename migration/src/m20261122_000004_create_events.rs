use sea_orm_migration::prelude::*;

use crate::StepResult;
use crate::dialect::{Rows, drop_tables, index, text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        manager.create_table(event(manager)).await?;
        index(
            manager,
            "event",
            "event_release",
            &["release_id", "sequence"],
            Rows::All,
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        drop_tables(manager, &["event"]).await
    }
}

fn event(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("event")
        .col(
            ColumnDef::new("sequence")
                .big_integer()
                .not_null()
                .auto_increment()
                .primary_key(),
        )
        .col(ColumnDef::new("id").uuid().not_null().unique_key())
        .col(text(manager, "type").not_null())
        .col(time("occurred_at").not_null())
        .col(time("recorded_at").not_null())
        .col(text(manager, "actor"))
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(ColumnDef::new("package_id").uuid())
        .col(text(manager, "changes").not_null())
        .foreign_key(
            ForeignKey::create()
                .name("fk_event_release_id")
                .from("event", "release_id")
                .to("release", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_event_package_id")
                .from("event", "package_id")
                .to("package", "id"),
        )
        .to_owned()
}
