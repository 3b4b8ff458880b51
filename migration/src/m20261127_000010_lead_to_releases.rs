use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;
use crate::dialect::{Rows, index};

/// Lets the packages of a name lead to their releases in the order of these.
///
/// `package.release_started_at` is derived: it is the start of the package's release. Whoever inserts a
/// package may leave it out, and whoever changes the start of a release need not know of it.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// All that is asked for when a release is looked for by what it deployed; `deleted_at` so that
/// SQLite sees that the index is all it needs.
const RELEASES_OF_NAME: [&str; 5] = [
    "name",
    "release_started_at DESC?",
    "release_id DESC",
    "status",
    "deleted_at",
];

/// What the step for wider indexes made. SQLite looks one release after the other up, which the new
/// index serves as well. PostgreSQL may begin with all packages of a name and status.
const STATUSES_OF_NAME: [&str; 4] = ["name", "status", "release_id", "deleted_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// Nobody may write between the making of the triggers and the filling in of what is there.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> StepResult {
        let connection = manager.get_connection();
        let triggers = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        connection.execute_unprepared(triggers).await?;
        connection.execute_unprepared(FILL).await?;
        let name = "package_name_release";
        index(manager, "package", name, &RELEASES_OF_NAME, Rows::Living).await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            let drop = "DROP INDEX package_name_status";
            connection.execute_unprepared(drop).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let connection = manager.get_connection();
        let undo = match manager.get_database_backend() {
            DbBackend::Postgres => {
                "LOCK TABLE release, package IN SHARE ROW EXCLUSIVE MODE;
                 DROP TRIGGER package_lead_move ON release;
                 DROP TRIGGER package_lead_enter ON package;
                 DROP TRIGGER package_lead_change ON package;
                 DROP FUNCTION orlo_lead_enter(); DROP FUNCTION orlo_lead_move();"
            }
            _ => {
                "DROP TRIGGER package_lead_enter; DROP TRIGGER package_lead_change;
                 DROP TRIGGER package_lead_move;"
            }
        };
        connection.execute_unprepared(undo).await?;
        connection
            .execute_unprepared("DROP INDEX package_name_release")
            .await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            let (name, columns) = ("package_name_status", &STATUSES_OF_NAME);
            index(manager, "package", name, columns, Rows::Living).await?;
        }
        Ok(())
    }
}

const FILL: &str = "
    UPDATE package SET release_started_at =
        (SELECT started_at FROM release WHERE release.id = package.release_id)";

const SQLITE: &str = "
    CREATE TRIGGER package_lead_enter AFTER INSERT ON package
        WHEN NEW.release_started_at IS NULL
    BEGIN
        UPDATE package SET release_started_at = release.started_at FROM release
            WHERE package.id = NEW.id AND release.id = NEW.release_id
                AND release.started_at IS NOT NULL;
    END;
    CREATE TRIGGER package_lead_change AFTER UPDATE OF release_id ON package
        WHEN OLD.release_id <> NEW.release_id
    BEGIN
        UPDATE package SET release_started_at = release.started_at FROM release
            WHERE package.id = NEW.id AND release.id = NEW.release_id;
    END;
    CREATE TRIGGER package_lead_move AFTER UPDATE OF started_at ON release
        WHEN OLD.started_at IS NOT NEW.started_at
    BEGIN
        UPDATE package SET release_started_at = NEW.started_at
            WHERE release_id = NEW.id AND release_started_at IS NOT NEW.started_at;
    END;";

/// Writers lock releases before their packages, and so does this: whoever waits for another one is not
/// waited for. Others may read.
///
/// A package may be inserted by the same statement as its release, and before it. Only after that
/// statement can the release be read; it is locked, so that nobody changes its start meanwhile.
const POSTGRES: &str = "
    LOCK TABLE release, package IN SHARE ROW EXCLUSIVE MODE;
    CREATE FUNCTION orlo_lead_enter() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE start bigint;
    BEGIN
        SELECT started_at INTO start FROM release WHERE id = NEW.release_id FOR SHARE;
        UPDATE package SET release_started_at = start
            WHERE id = NEW.id AND release_started_at IS DISTINCT FROM start;
        RETURN NULL;
    END $$;
    CREATE FUNCTION orlo_lead_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE package SET release_started_at = NEW.started_at
            WHERE release_id = NEW.id AND release_started_at IS DISTINCT FROM NEW.started_at;
        RETURN NULL;
    END $$;
    CREATE TRIGGER package_lead_enter AFTER INSERT ON package
        FOR EACH ROW WHEN (NEW.release_started_at IS NULL) EXECUTE FUNCTION orlo_lead_enter();
    CREATE TRIGGER package_lead_change AFTER UPDATE OF release_id ON package
        FOR EACH ROW WHEN (OLD.release_id <> NEW.release_id) EXECUTE FUNCTION orlo_lead_enter();
    CREATE TRIGGER package_lead_move AFTER UPDATE OF started_at ON release
        FOR EACH ROW WHEN (OLD.started_at IS DISTINCT FROM NEW.started_at)
        EXECUTE FUNCTION orlo_lead_move();";
