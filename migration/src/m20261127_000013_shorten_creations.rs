use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;

/// From here on the events of new records hold a list of one object, the new values by field, instead
/// of an object that says of each field that it was null before. Both forms are read, so what is there
/// stays; versions before this one read the second form alone.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, _: &SchemaManager) -> StepResult {
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let expand = match manager.get_database_backend() {
            DbBackend::Postgres => POSTGRES,
            _ => SQLITE,
        };
        manager.get_connection().execute_unprepared(expand).await?;
        Ok(())
    }
}

const POSTGRES: &str = "
    UPDATE event SET changes = (
        SELECT json_object_agg(key, json_build_object('old', NULL, 'new', value))::text
        FROM json_each(changes::json -> 0)
    ) WHERE changes LIKE '[%'";

const SQLITE: &str = "
    UPDATE event SET changes = (
        SELECT json_group_object(key, json_object('old', NULL, 'new', CASE
            WHEN type IN ('object', 'array') THEN json(value)
            WHEN type IN ('true', 'false') THEN json(type)
            ELSE value END))
        FROM json_each(event.changes, '$[0]')
    ) WHERE changes LIKE '[%'";
