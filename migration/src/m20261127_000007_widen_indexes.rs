use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, index};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// By time, as statistics read it: what they count and group by is in the index itself. So is
/// `deleted_at`, which is the same for all rows in it: without it SQLite does not see that the
/// index is all it needs.
const STARTED_AT: [&str; 10] = [
    "started_at DESC?",
    "id DESC",
    "finished_at",
    "created_at",
    "team",
    "\"user\"",
    "status",
    "rollback",
    "duration_ms",
    "deleted_at",
];
/// By team, for the same reason.
const TEAM: [&str; 9] = [
    "team",
    "started_at DESC?",
    "id DESC",
    "finished_at",
    "created_at",
    "status",
    "rollback",
    "duration_ms",
    "deleted_at",
];
/// By name and status, which a release is looked for by that has such a package. It holds all that
/// is asked for then.
const NAME_STATUS: [&str; 4] = ["name", "status", "release_id", "deleted_at"];
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
        for (name, columns) in [
            ("release_started_at", &STARTED_AT[..]),
            ("release_team", &TEAM),
        ] {
            replace(manager, "release", name, columns, Rows::Living).await?;
        }
        let name = "package_name_status";
        index(manager, "package", name, &NAME_STATUS, Rows::Living).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            let name = "deployment_version";
            replace(manager, "deployment", name, &VERSION, Rows::All).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        for (name, columns) in [
            ("release_started_at", &STARTED_AT[..2]),
            ("release_team", &TEAM[..3]),
        ] {
            replace(manager, "release", name, columns, Rows::Living).await?;
        }
        drop_index(manager, "package_name_status").await?;
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
    drop_index(manager, name).await?;
    index(manager, table, name, columns, rows).await
}

async fn drop_index(manager: &SchemaManager<'_>, name: &str) -> StepResult {
    let drop = format!("DROP INDEX {name}");
    manager.get_connection().execute_unprepared(&drop).await?;
    Ok(())
}
