use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, drop_tables, index};

/// Counts the releases of each day, so that statistics need not go through all of them.
///
/// The table is derived: triggers keep it, whoever writes. It holds releases that are not deleted.
/// `day` is the midnight by UTC that begins it, in Unix milliseconds; `started_at` is the same where
/// the start is known, else null.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// What is counted together.
const CELL: &str = "day, started_at, team, status, rollback";

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
        let name = "release_tally_team";
        let columns = ["team", "day", "started_at", "status", "rollback", "count"];
        index(manager, "release_tally", name, &columns, Rows::All).await?;
        let steps = if is_postgres { postgres() } else { sqlite() };
        for step in steps {
            connection.execute_unprepared(&step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let connection = manager.get_connection();
        for name in ["enter", "leave", "move"] {
            let undo = match manager.get_database_backend() {
                DbBackend::Postgres => format!(
                    "DROP TRIGGER release_tally_{name} ON release; \
                     DROP FUNCTION orlo_tally_{name}()"
                ),
                _ => format!("DROP TRIGGER release_tally_{name}"),
            };
            connection.execute_unprepared(&undo).await?;
        }
        drop_tables(manager, &["release_tally"]).await
    }
}

/// One row for each team, status and so on of a day. `cell` tells what may be null from what is.
const SQLITE: &str = "CREATE TABLE release_tally (
    day integer NOT NULL, started_at integer, team text, status text NOT NULL,
    rollback boolean NOT NULL, cell text NOT NULL, count integer NOT NULL,
    PRIMARY KEY (day, status, rollback, cell)
) WITHOUT ROWID";

/// Any number of rows for each: writers add rows, negative ones for what has gone, so that they do
/// not wait for each other. What they have added is folded into one row now and then.
const POSTGRES: &str = r#"
    CREATE TABLE release_tally (
        day bigint NOT NULL, started_at bigint, team text COLLATE "C",
        status text COLLATE "C" NOT NULL, rollback boolean NOT NULL, count bigint NOT NULL,
        folded boolean NOT NULL DEFAULT false
    );
    CREATE INDEX release_tally_day ON release_tally
        (day, started_at, team, status, rollback, count);
    CREATE INDEX release_tally_loose ON release_tally (day) WHERE NOT folded"#;

/// The day of a time. Orlo takes none before 1970.
fn day_of(time: &str) -> String {
    format!("{time} - {time} % 86400000")
}

/// The day that the row `release` counts for: that of its start, else of its finish, else of its
/// record.
fn day(release: &str) -> String {
    let times = ["started_at", "finished_at", "created_at"].map(|it| format!("{release}.{it}"));
    day_of(&format!("coalesce({})", times.join(", ")))
}

fn sqlite() -> Vec<String> {
    let cell =
        |row: &str| format!("({row}.started_at IS NOT NULL) || coalesce('=' || {row}.team, '')");
    let values = |row: &str| {
        let (day, start) = (day(row), day_of(&format!("{row}.started_at")));
        let cell = cell(row);
        format!("{day}, {start}, {row}.team, {row}.status, {row}.rollback, {cell}")
    };
    let columns = "day, started_at, team, status, rollback, cell, count";
    let enter = format!(
        "INSERT INTO release_tally ({columns})
            SELECT {}, 1 WHERE NEW.deleted_at IS NULL
            ON CONFLICT (day, status, rollback, cell) DO UPDATE SET count = count + 1;",
        values("NEW")
    );
    let old = format!(
        "day = {} AND status = OLD.status AND rollback = OLD.rollback AND cell = {}
            AND OLD.deleted_at IS NULL",
        day("OLD"),
        cell("OLD")
    );
    let leave = format!(
        "UPDATE release_tally SET count = count - 1 WHERE {old};
         DELETE FROM release_tally WHERE {old} AND count = 0;"
    );
    let moved = format!(
        "(OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) OR {} <> {} OR {} <> {}
            OR OLD.status <> NEW.status OR OLD.rollback <> NEW.rollback",
        day("OLD"),
        day("NEW"),
        cell("OLD"),
        cell("NEW")
    );
    let watched = "team, status, rollback, started_at, finished_at, created_at, deleted_at";
    vec![
        format!("CREATE TRIGGER release_tally_enter AFTER INSERT ON release BEGIN {enter} END"),
        format!("CREATE TRIGGER release_tally_leave AFTER DELETE ON release BEGIN {leave} END"),
        format!(
            "CREATE TRIGGER release_tally_move AFTER UPDATE OF {watched} ON release
                WHEN {moved} BEGIN {leave} {enter} END"
        ),
        format!(
            "INSERT INTO release_tally ({columns})
                SELECT {}, count(*) FROM release WHERE deleted_at IS NULL
                GROUP BY 1, 4, 5, 6",
            values("release")
        ),
    ]
}

fn postgres() -> Vec<String> {
    let cells = |rows: &str, one: &str| {
        let (day, start) = (day("release"), day_of("release.started_at"));
        format!(
            "SELECT {day} AS day, {start} AS started_at, team, status, rollback, {one} AS count
                FROM {rows} AS release WHERE deleted_at IS NULL"
        )
    };
    let add = |cells: &str, folded: bool| {
        format!(
            "INSERT INTO release_tally ({CELL}, count, folded)
                SELECT {CELL}, sum(count), {folded} FROM ({cells}) AS cells
                GROUP BY {CELL} HAVING sum(count) <> 0"
        )
    };
    let (entered, left) = (cells("entered", "1"), cells("leaving", "-1"));
    let trigger = |name: &str, when: &str, rows: &str, cells: &str| {
        format!(
            "CREATE FUNCTION orlo_tally_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN {}; RETURN NULL; END $$;
             CREATE TRIGGER release_tally_{name} AFTER {when} ON release REFERENCING {rows}
                FOR EACH STATEMENT EXECUTE FUNCTION orlo_tally_{name}()",
            add(cells, false)
        )
    };
    let moved = format!("{entered} UNION ALL {left}");
    let rows = "OLD TABLE AS leaving NEW TABLE AS entered";
    vec![
        trigger("enter", "INSERT", "NEW TABLE AS entered", &entered),
        trigger("leave", "DELETE", "OLD TABLE AS leaving", &left),
        trigger("move", "UPDATE", rows, &moved),
        add(&cells("release", "1"), true),
    ]
}
