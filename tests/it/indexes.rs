//! Indexes that an import drops and builds again.

use std::io::Write as _;

use entity::deferred_index;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::command::{Said, command, feed, run, said};
use crate::import::counts;
use crate::migration::structure;
use crate::rows::time;
use crate::rules::invariants;

on_both_databases!(
    a_large_file_ends_with_every_index,
    a_large_file_that_is_refused_ends_with_every_index,
    a_small_file_drops_no_index,
    what_comes_through_a_pipe_drops_no_index,
    a_file_that_the_shell_opens_is_a_file,
    a_database_that_has_something_keeps_its_indexes,
    what_an_import_left_behind_is_built,
    what_an_import_left_behind_is_built_on_demand,
    both_databases_drop_the_same,
    what_was_dropped_is_built_before_steps_are_taken_back,
    two_who_build_build_each_index_once,
    changes_and_questions_work_without_them,
);

/// `count` releases, each of more than a kibibyte.
pub fn releases(count: usize) -> String {
    let line = |index: usize| {
        json!({
            "externalId": format!("r{index}"), "team": "shop", "platforms": ["web", "eu"],
            "notes": ["x".repeat(1_024)], "references": ["SHOP-1"], "metadata": {"build": index},
            "startedAt": "2026-03-01T10:00:00Z", "durationSeconds": index,
            "packages": [{"name": "api", "version": index.to_string(), "results": ["ok"]}],
        })
        .to_string()
            + "\n"
    };
    (0..count).map(line).collect()
}

/// Imports `documents` from a file, and tells of what it builds.
pub fn import(app: &TestApp, options: &[&str], documents: &str) -> Said {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(documents.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let url = app.database_url();
    let arguments = ["import", path, "--database-url", url, "--format", "json"];
    let mut command = command(&[&arguments, options].concat());
    said(&command.env("ORLO_LOG", "info").output().unwrap())
}

fn has_built(said: &Said) -> bool {
    said.err.contains("indexes")
}

async fn dropped(app: &TestApp) -> u64 {
    let dropped = deferred_index::Entity::find();
    dropped.count(app.database().writer()).await.unwrap()
}

async fn a_large_file_ends_with_every_index(app: TestApp) {
    let before = structure(app.database()).await;
    // Some are told again.
    let documents = releases(1_100) + &releases(400);
    let said = import(&app, &[], &documents);
    assert!(has_built(&said), "{said:?}");
    assert_eq!(counts(&said), (1_100, 400, 0));
    assert_eq!(structure(app.database()).await, before);
    assert_eq!(dropped(&app).await, 0);
    invariants::check(&app).await;
}

async fn a_large_file_that_is_refused_ends_with_every_index(app: TestApp) {
    let before = structure(app.database()).await;
    let documents = releases(1_100) + "no";
    for option in ["--atomic", "--dry-run"] {
        let said = import(&app, &[option], &documents);
        assert!(said.code == 1 && !has_built(&said), "{said:?}");
    }
    let refused = documents.replace("\"api\"", "null");
    let said = import(&app, &[], &refused);
    assert!(said.code == 1 && has_built(&said), "{said:?}");
    assert_eq!(structure(app.database()).await, before);
}

async fn a_small_file_drops_no_index(app: TestApp) {
    let said = import(&app, &[], &releases(700));
    assert!(said.code == 0 && !has_built(&said), "{said:?}");
}

async fn a_database_that_has_something_keeps_its_indexes(app: TestApp) {
    release().record(&app).await;
    let before = structure(app.database()).await;
    assert!(!app.database().defer_indexes(time(0)).await.unwrap());
    assert_eq!(structure(app.database()).await, before);
    let said = import(&app, &[], &releases(1_100));
    assert!(said.code == 0 && !has_built(&said), "{said:?}");
}

async fn what_comes_through_a_pipe_drops_no_index(app: TestApp) {
    let mut command = command(&["import", "-", "--database-url", app.database_url()]);
    let said = feed(command.env("ORLO_LOG", "info"), &releases(1_100));
    assert!(said.code == 0 && !has_built(&said), "{said:?}");
}

async fn a_file_that_the_shell_opens_is_a_file(app: TestApp) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(releases(1_100).as_bytes()).unwrap();
    let mut command = command(&["import", "-", "--database-url", app.database_url()]);
    command
        .env("ORLO_LOG", "info")
        .stdin(file.reopen().unwrap());
    let told = said(&command.output().unwrap());
    assert!(told.code == 0 && has_built(&told), "{told:?}");
}

async fn what_an_import_left_behind_is_built(app: TestApp) {
    let before = structure(app.database()).await;
    assert!(app.database().defer_indexes(time(0)).await.unwrap());
    let count = dropped(&app).await;
    let between = structure(app.database()).await;
    assert_eq!(between.len() as u64, before.len() as u64 - count);
    // Twice is once.
    assert!(!app.database().defer_indexes(time(0)).await.unwrap());
    assert_eq!(dropped(&app).await, count);
    release().record(&app).await;
    // Who opens the database does not know but that the import goes on.
    run(&["export", "--database-url", app.database_url()], "").ok();
    let (database, minute) = (app.database(), 60_000);
    database.build_left_indexes(time(4 * minute)).await.unwrap();
    assert_eq!(dropped(&app).await, count);
    database
        .keep_indexes_deferred(time(4 * minute))
        .await
        .unwrap();
    database.build_left_indexes(time(8 * minute)).await.unwrap();
    assert_eq!(dropped(&app).await, count);
    database
        .build_left_indexes(time(10 * minute))
        .await
        .unwrap();
    assert_eq!(dropped(&app).await, 0);
    assert_eq!(structure(database).await, before);
}

async fn what_an_import_left_behind_is_built_on_demand(app: TestApp) {
    let before = structure(app.database()).await;
    app.database().defer_indexes(time(0)).await.unwrap();
    run(&["migrate", "--database-url", app.database_url()], "").ok();
    assert_eq!(structure(app.database()).await, before);
}

/// Those that changes look things up by, and what is unique.
async fn both_databases_drop_the_same(app: TestApp) {
    app.database().defer_indexes(time(0)).await.unwrap();
    let rows = deferred_index::Entity::find().all(app.database().writer());
    let mut names: Vec<_> = rows
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.name)
        .collect();
    names.sort_unstable();
    // SQLite has none of these.
    names.retain(|name| name != "package_name_status");
    let expected = "deployment_version event_recorded failure_resolved_by_id package_effective_at \
        package_name_effective_at package_name_release package_name_started_at package_started_at \
        package_status package_updated_at package_version release_created_at release_finished_at \
        release_metadata_key release_platform_platform release_reference_start release_started_at \
        release_status release_team release_updated_at release_user";
    assert_eq!(names.join(" "), expected);
}

async fn what_was_dropped_is_built_before_steps_are_taken_back(app: TestApp) {
    let before = structure(app.database()).await;
    app.database().defer_indexes(time(0)).await.unwrap();
    let url = app.database_url();
    run(
        &["migrate", "--database-url", url, "down", "--steps", "1"],
        "",
    )
    .ok();
    run(&["migrate", "--database-url", url], "").ok();
    assert_eq!(structure(app.database()).await, before);
}

async fn two_who_build_build_each_index_once(app: TestApp) {
    let before = structure(app.database()).await;
    app.database().defer_indexes(time(0)).await.unwrap();
    let count = dropped(&app).await;
    let other = app.sibling().await;
    let (one, two) = tokio::join!(
        app.database().build_indexes(),
        other.database().build_indexes()
    );
    assert_eq!((one.unwrap() + two.unwrap()) as u64, count);
    assert_eq!(structure(app.database()).await, before);
}

async fn changes_and_questions_work_without_them(app: TestApp) {
    app.database().defer_indexes(time(0)).await.unwrap();
    let told = |version| {
        let release = release().external_id("r").team("shop").platforms(["web"]);
        release
            .package("api", version)
            .notes([version])
            .with("onConflict", "UPDATE")
    };
    let one = told("1").record(&app).await;
    let other = told("2").record(&app).await;
    assert_eq!(one["id"], other["id"]);
    let query = "{ releases(filter: { team: { eq: \"shop\" }, packages: { some: { name: { eq: \"api\" } } } }) {
        totalCount nodes { notes { text } packages { version } }
    } }";
    let data = app.query(query, json!({})).await;
    assert_eq!(
        data["releases"],
        json!({"totalCount": 1, "nodes": [{
            "notes": [{"text": "1"}, {"text": "2"}], "packages": [{"version": "1"}, {"version": "2"}],
        }]})
    );
    invariants::check(&app).await;
}
