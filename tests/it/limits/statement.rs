//! Statements that keep the database busy.

use std::time::{Duration, Instant};

use orlo::service::{Database, DatabaseOptions, Error};
use sea_orm::{ConnectionTrait as _, DbBackend};

use crate::app::{TestApp, on_both_databases};

on_both_databases!(a_statement_that_takes_too_long_is_given_up);

async fn a_statement_that_takes_too_long_is_given_up(app: TestApp) {
    let mut options = DatabaseOptions::new(app.database_url());
    options.statement_timeout = Some(Duration::from_millis(200));
    options.max_connections = 1;
    let database = Database::connect(&options).await.unwrap();
    let (slow, sound) = match database.backend() {
        DbBackend::Postgres => ("SELECT pg_sleep(60)", "SELECT pg_sleep(0.1)"),
        _ => (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
            "SELECT 1",
        ),
    };
    for _ in 0..3 {
        let began = Instant::now();
        let error = database
            .reader()
            .execute_unprepared(slow)
            .await
            .unwrap_err();
        assert!(Error::from(error).is_timeout());
        assert!(began.elapsed() < Duration::from_secs(20));
        // The limit is one of each statement, not of all together.
        for _ in 0..4 {
            database.reader().execute_unprepared(sound).await.unwrap();
        }
    }
    database.close().await.unwrap();
}
