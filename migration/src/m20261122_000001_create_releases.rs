use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, clustered, drop_tables, index, text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        create_folding_collation(manager).await?;
        manager.create_table(release(manager)).await?;
        manager.create_table(platform(manager)).await?;
        manager.create_table(release_platform(manager)).await?;
        manager.create_table(release_reference(manager)).await?;
        manager.create_table(release_note(manager)).await?;
        manager.create_table(release_metadata(manager)).await?;
        create_indexes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let tables = [
            "release_metadata",
            "release_note",
            "release_reference",
            "release_platform",
            "platform",
            "release",
        ];
        drop_tables(manager, &tables).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let drop = "DROP COLLATION IF EXISTS orlo_folding";
            manager.get_connection().execute_unprepared(drop).await?;
        }
        Ok(())
    }
}

/// PostgreSQL folds the case of letters beyond ASCII only under a collation that knows them. The
/// one of ICU is in every usual build; without ICU only ASCII letters fold.
async fn create_folding_collation(manager: &SchemaManager<'_>) -> StepResult {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let sql = "
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN
                CREATE COLLATION IF NOT EXISTS orlo_folding FROM \"und-x-icu\";
            ELSE
                CREATE COLLATION IF NOT EXISTS orlo_folding FROM \"C\";
            END IF;
        END $$";
    manager.get_connection().execute_unprepared(sql).await?;
    Ok(())
}

fn release(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("release")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(text(manager, "external_id").unique_key())
        .col(text(manager, "user"))
        .col(text(manager, "team"))
        .col(time("started_at"))
        .col(time("finished_at"))
        .col(ColumnDef::new("start_told").boolean().not_null())
        .col(ColumnDef::new("recorded").boolean().not_null())
        .col(ColumnDef::new("success").boolean())
        .col(text(manager, "status").not_null())
        .col(ColumnDef::new("rollback").boolean().not_null())
        .col(ColumnDef::new("partial").boolean().not_null())
        .col(ColumnDef::new("package_count").integer().not_null())
        .col(ColumnDef::new("duration_ms").big_integer())
        .col(text(manager, "inferred_fields").not_null())
        .col(time("created_at").not_null())
        .col(time("updated_at").not_null())
        .col(time("deleted_at"))
        .to_owned()
}

fn platform(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("platform")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(text(manager, "name").not_null().unique_key())
        .col(time("created_at").not_null())
        .to_owned()
}

fn release_platform(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut table = Table::create()
        .table("release_platform")
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(ColumnDef::new("platform_id").uuid().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .primary_key(Index::create().col("release_id").col("platform_id"))
        .foreign_key(&mut to_release("release_platform"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_release_platform_platform")
                .from("release_platform", "platform_id")
                .to("platform", "id"),
        )
        .to_owned();
    clustered(manager, &mut table);
    table
}

fn release_reference(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut table = Table::create()
        .table("release_reference")
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .col(text(manager, "reference").not_null())
        .primary_key(Index::create().col("release_id").col("position"))
        .foreign_key(&mut to_release("release_reference"))
        .to_owned();
    clustered(manager, &mut table);
    table
}

fn release_note(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("release_note")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(text(manager, "text").not_null())
        .col(text(manager, "author"))
        .col(time("created_at").not_null())
        .foreign_key(&mut to_release("release_note"))
        .to_owned()
}

fn release_metadata(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut table = Table::create()
        .table("release_metadata")
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(text(manager, "key").not_null())
        .col(text(manager, "value").not_null())
        .primary_key(Index::create().col("release_id").col("key"))
        .foreign_key(&mut to_release("release_metadata"))
        .to_owned();
    clustered(manager, &mut table);
    table
}

fn to_release(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{table}_release"))
        .from(table, "release_id")
        .to("release", "id")
        .to_owned()
}

async fn create_indexes(manager: &SchemaManager<'_>) -> StepResult {
    let by_time: [(&str, &[&str]); 7] = [
        ("release_started_at", &["started_at DESC?", "id DESC"]),
        ("release_finished_at", &["finished_at DESC?", "id DESC"]),
        ("release_created_at", &["created_at DESC", "id DESC"]),
        ("release_updated_at", &["updated_at DESC", "id DESC"]),
        ("release_team", &["team", "started_at DESC?", "id DESC"]),
        ("release_user", &["\"user\"", "started_at DESC?", "id DESC"]),
        ("release_status", &["status", "started_at DESC?", "id DESC"]),
    ];
    for (name, columns) in by_time {
        index(manager, "release", name, columns, Rows::Living).await?;
    }
    let related: [(&str, &str, &[&str]); 4] = [
        (
            "release_platform",
            "release_platform_platform",
            &["platform_id", "release_id"],
        ),
        // A text may be longer than an index entry of PostgreSQL can be.
        (
            "release_reference",
            "release_reference_start",
            &["substr(reference, 1, 128)", "release_id"],
        ),
        (
            "release_note",
            "release_note_release",
            &["release_id", "id"],
        ),
        (
            "release_metadata",
            "release_metadata_key",
            &["key", "substr(value, 1, 128)", "release_id"],
        ),
    ];
    for (table, name, columns) in related {
        index(manager, table, name, columns, Rows::All).await?;
    }
    Ok(())
}
