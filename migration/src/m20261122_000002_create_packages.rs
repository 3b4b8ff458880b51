use sea_orm_migration::prelude::*;

use crate::StepResult;
use crate::dialect::{Rows, clustered, drop_tables, index, text, time};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        manager.create_table(package(manager)).await?;
        manager.create_table(package_result(manager)).await?;
        manager.create_table(deployment(manager)).await?;
        create_indexes(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        drop_tables(manager, &["deployment", "package_result", "package"]).await
    }
}

fn package(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("package")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(ColumnDef::new("position").integer().not_null())
        .col(text(manager, "external_id").unique_key())
        .col(text(manager, "name").not_null())
        .col(text(manager, "version"))
        .col(text(manager, "status").not_null())
        .col(ColumnDef::new("rollback").boolean().not_null())
        .col(ColumnDef::new("rollback_told").boolean().not_null())
        .col(text(manager, "diff_url"))
        .col(text(manager, "commit_sha"))
        .col(time("committed_at"))
        .col(time("started_at"))
        .col(time("finished_at"))
        .col(ColumnDef::new("duration_ms").big_integer())
        .col(time("effective_at").not_null())
        .col(text(manager, "inferred_fields").not_null())
        .col(time("created_at").not_null())
        .col(time("updated_at").not_null())
        .col(time("deleted_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_package_release")
                .from("package", "release_id")
                .to("release", "id"),
        )
        .to_owned()
}

fn package_result(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("package_result")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("package_id").uuid().not_null())
        .col(text(manager, "content").not_null())
        .col(time("created_at").not_null())
        .foreign_key(
            ForeignKey::create()
                .name("fk_package_result_package")
                .from("package_result", "package_id")
                .to("package", "id"),
        )
        .to_owned()
}

/// Derived from packages and platforms. What runs where is the last row of each platform and name,
/// which the primary key finds at once.
fn deployment(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut order = Index::create();
    let mut table = Table::create()
        .table("deployment")
        .col(ColumnDef::new("platform_id").uuid().not_null())
        .col(text(manager, "name").not_null())
        .col(time("effective_at").not_null())
        .col(time("started_at").not_null())
        .col(ColumnDef::new("package_id").uuid().not_null())
        .col(ColumnDef::new("release_id").uuid().not_null())
        .col(text(manager, "version"))
        .primary_key(
            order
                .col("platform_id")
                .col("name")
                .col("effective_at")
                .col("started_at")
                .col("package_id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_deployment_package")
                .from("deployment", "package_id")
                .to("package", "id"),
        )
        .to_owned();
    clustered(manager, &mut table);
    table
}

async fn create_indexes(manager: &SchemaManager<'_>) -> StepResult {
    let living: [(&str, &[&str]); 6] = [
        ("package_started_at", &["started_at DESC?", "id DESC"]),
        ("package_effective_at", &["effective_at DESC", "id DESC"]),
        ("package_updated_at", &["updated_at DESC", "id DESC"]),
        (
            "package_name_started_at",
            &["name", "started_at DESC?", "id DESC"],
        ),
        (
            "package_name_effective_at",
            &["name", "effective_at DESC", "id DESC"],
        ),
        ("package_status", &["status", "started_at DESC?", "id DESC"]),
    ];
    for (name, columns) in living {
        index(manager, "package", name, columns, Rows::Living).await?;
    }
    index(
        manager,
        "package",
        "package_release",
        &["release_id", "position"],
        Rows::All,
    )
    .await?;
    index(
        manager,
        "package_result",
        "package_result_package",
        &["package_id", "id"],
        Rows::All,
    )
    .await?;
    let lines: [(&str, &[&str]); 2] = [
        ("deployment_package", &["package_id"]),
        ("deployment_version", &["platform_id", "name", "version"]),
    ];
    for (name, columns) in lines {
        index(manager, "deployment", name, columns, Rows::All).await?;
    }
    Ok(())
}
