use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, index};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// By team, as statistics read it: what they count is in the index itself.
const TEAM: [&str; 8] = [
    "team",
    "started_at DESC?",
    "id DESC",
    "finished_at",
    "created_at",
    "status",
    "rollback",
    "duration_ms",
];
/// By version, in the order of the line. SQLite has this order anyway, because the primary key
/// of the table is part of each of its indexes.
const VERSION: [&str; 6] = [
    "platform_id",
    "name",
    "version",
    "effective_at",
    "started_at",
    "package_id",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        replace(manager, "release", "release_team", &TEAM, Rows::Living).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let name = "deployment_version";
            replace(manager, "deployment", name, &VERSION, Rows::All).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        replace(manager, "release", "release_team", &TEAM[..3], Rows::Living).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let name = "deployment_version";
            replace(manager, "deployment", name, &VERSION[..3], Rows::All).await?;
        }
        Ok(())
    }
}

async fn replace(
    manager: &SchemaManager<'_>,
    table: &str,
    name: &str,
    columns: &[&str],
    rows: Rows,
) -> StepResult {
    let drop = format!("DROP INDEX {name}");
    manager.get_connection().execute_unprepared(&drop).await?;
    index(manager, table, name, columns, rows).await
}
