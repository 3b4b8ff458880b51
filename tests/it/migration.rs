//! The way from no tables to all of them, and back.

use ::migration::{Migrator, MigratorTrait as _};
use entity::event;
use orlo::service::Database;
use sea_orm::{ConnectionTrait as _, DbBackend, EntityTrait as _, QueryOrder as _, Statement};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::database::{Backend, TestDatabase};
use crate::postgres;

on_both_databases!(changes_of_new_records_are_written_out_on_the_way_back);

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_gets_the_same_tables_after_all_were_taken_down() {
    migrates_up_and_down_and_up_again(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_gets_the_same_tables_after_all_were_taken_down() {
    if !postgres::is_off() {
        migrates_up_and_down_and_up_again(Backend::Postgres).await;
    }
}

async fn migrates_up_and_down_and_up_again(backend: Backend) {
    let storage = TestDatabase::empty(backend);
    let database = storage.connect().await;

    Migrator::up(database.writer(), None).await.unwrap();
    let first = structure(&database).await;
    assert!(
        first.iter().any(|row| row.starts_with("release.id")),
        "{first:#?}"
    );

    Migrator::down(database.writer(), None).await.unwrap();
    let between = structure(&database).await;
    assert!(
        between
            .iter()
            .all(|row| row.starts_with("seaql_migrations")),
        "{between:#?}"
    );

    Migrator::up(database.writer(), None).await.unwrap();
    assert_eq!(structure(&database).await, first);
}

/// What the step before wrote, and reads.
async fn changes_of_new_records_are_written_out_on_the_way_back(app: TestApp) {
    release()
        .user("ann")
        .metadata(json!({"old": "x"}))
        .package("api", "1\"2")
        .record(&app)
        .await;
    let query = "{ events { nodes { changes } } }";
    let before = app.query(query, json!({})).await;
    let told = before["events"]["nodes"].as_array().unwrap();
    let steps = Migrator::migrations();
    let mut names = steps.iter().map(|step| step.name());
    let place = names.position(|name| name.ends_with("shorten_creations"));
    let back = steps.len() - place.unwrap();
    let writer = app.database().writer();
    let back = Some(u32::try_from(back).unwrap());
    Migrator::down(writer, back).await.unwrap();
    let events = event::Entity::find().order_by_asc(event::Column::Sequence);
    let events = events.all(writer).await.unwrap();
    assert_eq!(events.len(), 2);
    for (event, told) in events.iter().zip(told) {
        let changes: Value = serde_json::from_str(&event.changes).unwrap();
        assert_eq!(changes, told["changes"]);
    }
    Migrator::up(writer, None).await.unwrap();
    assert_eq!(app.query(query, json!({})).await, before);
}

/// A line for each column, index, trigger and function, in order.
pub async fn structure(database: &Database) -> Vec<String> {
    let sql = match database.backend() {
        DbBackend::Sqlite => {
            "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk AS line
             FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name <> 'sqlite_sequence'
             UNION ALL
             SELECT tbl_name || ' ' || coalesce(sql, name) FROM sqlite_master
             WHERE type IN ('index', 'trigger')
             ORDER BY line"
        }
        _ => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
                 || ' ' || coalesce(collation_name, '') AS line
             FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL
             SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
             UNION ALL
             SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
             UNION ALL
             SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc
             WHERE pronamespace = 'public'::regnamespace
             ORDER BY line"
        }
    };
    let statement = Statement::from_string(database.backend(), sql);
    let rows = database.writer().query_all_raw(statement).await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "line").unwrap())
        .collect()
}
