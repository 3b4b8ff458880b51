//! The connections to the database, of which some stay with those that read.

use std::time::Duration;

use futures_util::future::join_all;
use orlo::service::{Database, DatabaseOptions};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement};

use crate::app::{TestApp, on_both_databases, run};
use crate::database::Backend;

on_both_databases!(
    many_readers_share_few_connections,
    who_changes_something_finds_a_connection,
    a_database_closes_after_it_was_read,
);

async fn open(app: &TestApp, max_connections: u32) -> Database {
    let mut options = DatabaseOptions::new(app.database_url());
    options.max_connections = max_connections;
    options.acquire_timeout = Duration::from_secs(5);
    Database::connect(&options).await.unwrap()
}

async fn number(database: &Database, number: usize) -> i64 {
    let sql = format!("SELECT CAST({number} AS bigint) AS number");
    let ask = Statement::from_string(database.backend(), sql);
    let row = database.reader().query_one_raw(ask).await.unwrap();
    row.unwrap().try_get("", "number").unwrap()
}

async fn many_readers_share_few_connections(app: TestApp) {
    for max_connections in [1, 2, 3] {
        let database = open(&app, max_connections).await;
        for _ in 0..3 {
            let answers = join_all((0..40).map(|it| number(&database, it))).await;
            assert_eq!(answers, (0..40).collect::<Vec<i64>>());
        }
        let used: usize = database.pools().iter().map(|pool| pool.used).sum();
        assert!(used <= 3, "{:?}", database.pools());
        database.close().await.unwrap();
    }
}

async fn who_changes_something_finds_a_connection(app: TestApp) {
    let database = open(&app, 2).await;
    // As many transactions at once as there are connections; SQLite has one writer.
    let count = match database.backend() {
        DbBackend::Postgres => 2,
        _ => 1,
    };
    for _ in 0..3 {
        join_all((0..4).map(|it| number(&database, it))).await;
        let begun = join_all((0..count).map(|_| database.begin())).await;
        let begun: Result<Vec<DatabaseTransaction>, _> = begun.into_iter().collect();
        for transaction in begun.unwrap() {
            transaction.commit().await.unwrap();
        }
    }
    database.close().await.unwrap();
}

async fn a_database_closes_after_it_was_read(app: TestApp) {
    let database = open(&app, 4).await;
    assert_eq!(number(&database, 1).await, 1);
    database.close().await.unwrap();
    let ask = database.reader().execute_unprepared("SELECT 1").await;
    assert!(ask.is_err());
}

/// PostgreSQL's alone: nobody but this process can close a connection to a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_server_closed_is_replaced() {
    run(Backend::Postgres, |app| async move {
        let database = open(&app, 4).await;
        assert_eq!(number(&database, 1).await, 1);
        let close = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let writer = app.database().writer();
        writer.execute_unprepared(close).await.unwrap();
        // For as long as a connection is trusted without being asked, it may fail.
        let patience = tokio::time::Instant::now() + Duration::from_secs(10);
        loop {
            match database.reader().execute_unprepared("SELECT 1").await {
                Ok(_) => break,
                Err(error) => assert!(tokio::time::Instant::now() < patience, "{error}"),
            }
        }
        database.close().await.unwrap();
    })
    .await;
}
