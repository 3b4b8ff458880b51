use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, drop_tables, index};

/// Adds up the counts of the days in `release_tally`, so that a question about all of them is none
/// about each.
///
/// The table is derived: triggers keep it, whoever writes. `started_at` is 0 where the start is known,
/// else null. On PostgreSQL only what is folded counts, because writers would wait for each other at
/// the row of their team.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Nobody may write between the making of the triggers and the counting of what is there.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> StepResult {
        let connection = manager.get_connection();
        let is_postgres = manager.get_database_backend() == DbBackend::Postgres;
        let table = if is_postgres { POSTGRES } else { SQLITE };
        connection.execute_unprepared(table).await?;
        let name = "release_total_team";
        index(manager, "release_total", name, &["team"], Rows::All).await?;
        let steps = if is_postgres { postgres() } else { sqlite() };
        connection.execute_unprepared(&steps).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let undo = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "DROP TRIGGER release_total_enter ON release_tally;
                 DROP TRIGGER release_total_leave ON release_tally;
                 DROP FUNCTION orlo_total_enter(); DROP FUNCTION orlo_total_leave();"
            }
            _ => {
                "DROP TRIGGER release_total_enter; DROP TRIGGER release_total_leave;
                 DROP TRIGGER release_total_move;"
            }
        };
        let connection = manager.get_connection();
        connection.execute_unprepared(undo).await?;
        drop_tables(manager, &["release_total"]).await
    }
}

/// `cell` tells what may be null from what is.
const SQLITE: &str = "CREATE TABLE release_total (
    started_at integer, team text, status text NOT NULL, rollback boolean NOT NULL,
    cell text NOT NULL, count integer NOT NULL, PRIMARY KEY (status, rollback, cell)
) WITHOUT ROWID";

const POSTGRES: &str = r#"CREATE TABLE release_total (
    started_at bigint, team text COLLATE "C", status text COLLATE "C" NOT NULL,
    rollback boolean NOT NULL, cell text COLLATE "C" NOT NULL, count bigint NOT NULL,
    PRIMARY KEY (status, rollback, cell)
)"#;

/// What the columns of a total but its count are for the row `row` of the tally.
fn key(row: &str) -> String {
    format!(
        "CASE WHEN {row}.started_at IS NOT NULL THEN 0 END, {row}.team, {row}.status, {row}.rollback, \
         CASE WHEN {row}.started_at IS NOT NULL THEN '1' ELSE '0' END || coalesce('=' || {row}.team, '')"
    )
}

/// Adds `count` to the total of the row `row` of the tally.
fn add(row: &str, count: &str) -> String {
    format!(
        "INSERT INTO release_total (started_at, team, status, rollback, cell, count)
            VALUES ({}, {count})
            ON CONFLICT (status, rollback, cell)
            DO UPDATE SET count = release_total.count + {count}",
        key(row)
    )
}

/// What is there, added up.
fn fill(condition: &str) -> String {
    format!(
        "INSERT INTO release_total (started_at, team, status, rollback, cell, count)
            SELECT {}, sum(count) FROM release_tally WHERE {condition} GROUP BY 1, 2, 3, 4, 5",
        key("release_tally")
    )
}

fn sqlite() -> String {
    let trigger = |name: &str, when: &str, statement: String| {
        format!(
            "CREATE TRIGGER release_total_{name} AFTER {when} ON release_tally BEGIN {statement}; END;"
        )
    };
    [
        trigger("enter", "INSERT", add("NEW", "NEW.count")),
        trigger("leave", "DELETE", add("OLD", "-OLD.count")),
        trigger(
            "move",
            "UPDATE OF count",
            add("NEW", "NEW.count - OLD.count"),
        ),
        fill("true"),
    ]
    .join("\n")
}

fn postgres() -> String {
    let trigger = |name: &str, when: &str, row: &str, count: &str| {
        format!(
            "CREATE FUNCTION orlo_total_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN {}; RETURN NULL; END $$;
             CREATE TRIGGER release_total_{name} AFTER {when} ON release_tally
                FOR EACH ROW WHEN ({row}.folded) EXECUTE FUNCTION orlo_total_{name}();",
            add(row, count)
        )
    };
    [
        trigger("enter", "INSERT", "NEW", "NEW.count"),
        trigger("leave", "DELETE", "OLD", "-OLD.count"),
        fill("folded"),
    ]
    .join("\n")
}
