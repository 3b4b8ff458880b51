//! Statements that keep the database busy.

use std::time::{Duration, Instant};

use orlo::service::{Database, DatabaseOptions, Error};
use sea_orm::{ConnectionTrait as _, DbBackend};
use serde_json::json;
use tokio::time::timeout;

use crate::app::{TestApp, on_both_databases, run};
use crate::builders::release;
use crate::database::Backend;
use crate::process::{Process, until};
use crate::rows::copy_release;

on_both_databases!(
    a_statement_that_takes_too_long_is_given_up,
    a_question_over_too_much_is_refused,
    the_setting_of_a_server_reaches_its_database,
);

/// A statement of SQLite that never ends.
const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// SQLite's alone: PostgreSQL can only be asked over another connection to give one up.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_nobody_waits_for_is_given_up() {
    run(Backend::Sqlite, |app| async move {
        let mut options = DatabaseOptions::new(app.database_url());
        options.statement_timeout = None;
        options.max_connections = 1;
        let database = Database::connect(&options).await.unwrap();
        for _ in 0..3 {
            let reader = database.reader();
            let patience = Duration::from_millis(50);
            let given_up = timeout(patience, reader.execute_unprepared(ENDLESS)).await;
            assert!(given_up.is_err());
            let next = database.reader().execute_unprepared("SELECT 1").await;
            assert!(next.is_ok(), "{next:?}");
        }
        database.close().await.unwrap();
    })
    .await;
}

async fn a_statement_that_takes_too_long_is_given_up(app: TestApp) {
    let mut options = DatabaseOptions::new(app.database_url());
    options.statement_timeout = Some(Duration::from_millis(200));
    options.max_connections = 1;
    let database = Database::connect(&options).await.unwrap();
    let (slow, sound) = match database.backend() {
        DbBackend::Postgres => ("SELECT pg_sleep(60)", "SELECT pg_sleep(0.1)"),
        _ => (ENDLESS, "SELECT 1"),
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

async fn a_question_over_too_much_is_refused(app: TestApp) {
    release()
        .user("user 0")
        .started("2026-02-01")
        .record(&app)
        .await;
    copy_release(&app, 1..=60_000).await;
    let impatient = app.with_statement_timeout(Duration::from_millis(5)).await;
    for query in [
        "{ releaseStats(groupBy: USER) { durationSeconds { p50 } } }",
        "{ releaseSeries(from: 0, interval: YEAR) { durationSeconds { p50 } } }",
        "{ users { name releaseCount lastReleasedAt } }",
    ] {
        let errors = impatient.errors(query, json!({})).await;
        assert_eq!(errors[0]["extensions"]["code"], "TIMEOUT", "{errors:?}");
        assert!(
            errors[0]["message"]
                .as_str()
                .unwrap()
                .contains("ask for less")
        );
    }
    // Others go on.
    let data = app.query("{ releases { totalCount } }", json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 60_001);
}

async fn the_setting_of_a_server_reaches_its_database(app: TestApp) {
    release().user("user 0").record(&app).await;
    copy_release(&app, 1..=60_000).await;
    let process = Process::start(app.database_url(), &["--statement-timeout", "5ms"]).await;
    let caller = process.caller();
    // Every release is looked at.
    let heavy =
        "{ releases(filter: { user: { contains: \"R 7\", ignoreCase: true } }) { totalCount } }";
    let answer = caller.send(heavy, &json!({})).await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "TIMEOUT", "{answer:#}");
    // On a busy machine even a small one may take so long now and then.
    until("a small question is answered", async || {
        let small = "{ releases(first: 1) { nodes { user } } }";
        let answer = caller.send(small, &json!({})).await;
        answer["data"]["releases"]["nodes"][0]["user"].is_string()
    })
    .await;
    process.stop().await;
    let data = app.query(heavy, json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 1_111);
}
