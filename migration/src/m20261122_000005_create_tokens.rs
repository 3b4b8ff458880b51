use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::ConnectionTrait;

use crate::StepResult;
use crate::dialect::{drop_tables, text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        manager.create_table(token(manager)).await?;
        // A name is free again once its token is revoked.
        let sql = "CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at IS NULL";
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        drop_tables(manager, &["token"]).await
    }
}

fn token(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("token")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(text(manager, "name").not_null())
        .col(text(manager, "scope").not_null())
        .col(text(manager, "person"))
        .col(ColumnDef::new("digest").blob().not_null().unique_key())
        .col(time("created_at").not_null())
        .col(time("expires_at"))
        .col(time("last_used_at"))
        .col(time("revoked_at"))
        .to_owned()
}
