//! `orlo export`, and that an import of it is the same again.

use std::process::Stdio;

use orlo::service::Caller;
use orlo::service::record::{self, NewPackage, NewRelease};
use orlo::service::reference::{PackageRef, ReleaseRef};
use orlo::service::step::{package, release};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::command::{command, export, import, imported, run};
use crate::database::{Backend, execute};
use crate::postgres;

on_both_databases!(
    an_export_comes_back_as_it_was,
    what_was_told_step_by_step_comes_back_as_it_was,
    what_is_deleted_is_not_exported,
    an_export_of_many_releases_is_whole_and_in_order,
);

/// Everything that a release can carry.
const EVERYTHING: &str = include_str!("data/everything.ndjson");

/// An export without what may differ: ids become places, and the time of the last change goes.
fn comparable(export: &str) -> Vec<String> {
    let ids: Vec<String> = export
        .lines()
        .map(|line| parse(line)["id"].as_str().unwrap().to_owned())
        .collect();
    let line = |line: &str| {
        let updated = line.find(",\"updatedAt\":").unwrap();
        let end = updated + ",\"updatedAt\":\"2026-01-01T00:00:00.000Z\"".len();
        let line = format!("{}{}", &line[..updated], &line[end..]);
        let ids = ids.iter().enumerate();
        ids.fold(line, |line, (index, id)| {
            line.replace(id, &format!("#{index}"))
        })
    };
    export.lines().map(line).collect()
}

fn parse(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// The backends that are tested.
fn backends() -> Vec<Backend> {
    let mut backends = vec![Backend::Sqlite];
    if !postgres::is_off() {
        backends.extend([Backend::Postgres, Backend::Sqlite]);
    }
    backends
}

/// Takes an export through every backend; it must come out as it went in.
fn assert_comes_back(exported: &str) {
    let mut text = exported.to_owned();
    for backend in backends() {
        text = export(imported(backend, &text).url());
        assert_eq!(comparable(&text), comparable(exported));
    }
}

async fn an_export_comes_back_as_it_was(app: TestApp) {
    import(app.database_url(), &[], EVERYTHING).ok();
    let exported = export(app.database_url());
    let documents = |text: &str| -> Vec<Value> {
        let lines = comparable(text);
        lines.iter().map(|line| parse(line)).collect()
    };
    assert_eq!(documents(&exported), documents(EVERYTHING));
    assert_comes_back(&exported);
}

async fn what_was_told_step_by_step_comes_back_as_it_was(app: TestApp) {
    tell_step_by_step(&app).await;
    let exported = export(app.database_url());
    assert_eq!(exported.lines().count(), 3);
    assert!(exported.contains("\"recorded\":false") && exported.contains("\"author\":\"bob\""));
    assert_comes_back(&exported);
    // Statuses follow from the rest, so they must be the same too.
    let query = "{ releases(orderBy: { field: CREATED_AT, direction: ASC }) {
        nodes { status isPartial rollback durationSeconds inferredFields createdAt } } }";
    let before = app.query(query, json!({})).await;
    execute(
        app.database_url().to_owned(),
        "DELETE FROM event".to_owned(),
    )
    .await;
    for table in [
        "deployment",
        "package_result",
        "deployment",
        "package",
        "release_note",
        "release_platform",
        "release",
    ] {
        execute(
            app.database_url().to_owned(),
            format!("DELETE FROM {table}"),
        )
        .await;
    }
    import(app.database_url(), &[], &exported).ok();
    assert_eq!(app.query(query, json!({})).await, before);
}

/// A release that goes on, and two of which nothing is told but that they are.
async fn tell_step_by_step(app: &TestApp) {
    let (service, caller) = (app.service(), &Caller::default());
    let told = NewRelease {
        external_id: Some("live".to_owned()),
        platforms: Some(vec!["web".to_owned()]),
        packages: vec![NewPackage {
            name: Some("api".to_owned()),
            version: Some("1".to_owned()),
            ..NewPackage::default()
        }],
        ..NewRelease::default()
    };
    record::create(service, caller, told).await.unwrap();
    record::create(service, caller, NewRelease::default())
        .await
        .unwrap();
    record::record(service, caller, NewRelease::default())
        .await
        .unwrap();
    let release = ReleaseRef::ExternalId("live".to_owned());
    let package = PackageRef::InRelease {
        release: release.clone(),
        name: "api".to_owned(),
        version: None,
    };
    app.set_now("2026-03-01T12:10:00Z");
    let finish = package::FinishPackage {
        package,
        success: true,
        at: None,
        result: Some("fine".to_owned()),
    };
    package::finish(service, caller, finish).await.unwrap();
    let note = release::AddNote {
        release,
        text: Some("careful".to_owned()),
        author: Some("bob".to_owned()),
    };
    release::add_note(service, caller, note).await.unwrap();
}

async fn what_is_deleted_is_not_exported(app: TestApp) {
    let url = app.database_url().to_owned();
    import(&url, &[], EVERYTHING).ok();
    execute(
        url.clone(),
        "UPDATE release SET deleted_at = 1 WHERE external_id = 'ci-1'".to_owned(),
    )
    .await;
    let exported = export(&url);
    assert_eq!(exported.lines().count(), 2);
    assert!(!exported.contains("ci-1"), "{exported}");
    execute(
        url.clone(),
        "UPDATE release SET deleted_at = NULL".to_owned(),
    )
    .await;
    execute(
        url.clone(),
        "UPDATE package SET deleted_at = 1 WHERE status = 'FAILED'".to_owned(),
    )
    .await;
    let exported = export(&url);
    let first = parse(exported.lines().next().unwrap());
    assert_eq!(first["packages"].as_array().unwrap().len(), 2);
    // Its failure would otherwise seem to be one of the whole release.
    assert_eq!(first["failures"].as_array().unwrap().len(), 1);
    assert_comes_back(&exported);
}

async fn an_export_of_many_releases_is_whole_and_in_order(app: TestApp) {
    let line = |index: usize| {
        let packages: Vec<_> = (0..index % 3)
            .map(|index| json!({"name": format!("p{index}"), "results": ["x", "y"]}))
            .collect();
        json!({"externalId": format!("r{index:05}"), "platforms": ["a", "b"], "notes": "n",
            "references": [index], "metadata": {"i": index}, "packages": packages})
        .to_string()
    };
    let text = (0..2_500).map(line).collect::<Vec<_>>().join("\n");
    import(app.database_url(), &[], &text).ok();
    let exported = export(app.database_url());
    for (index, line) in exported.lines().enumerate() {
        let document = parse(line);
        assert_eq!(document["externalId"], format!("r{index:05}"));
        assert_eq!(document["references"], json!([index.to_string()]));
        assert_eq!(document["packages"].as_array().unwrap().len(), index % 3);
    }
    assert_eq!(exported.lines().count(), 2_500);

    // Nobody reads more than the beginning.
    let mut child = command(&["export", "--database-url", app.database_url()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn there_is_nothing_to_export_from_a_file_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("none.db");
    let url = format!("sqlite://{}", path.display());
    let said = run(&["export", "--database-url", &url], "");
    assert_eq!(said.code, 1);
    assert!(said.err.contains("there is no database"), "{said:?}");
    assert!(!path.exists());
}

#[test]
fn an_export_goes_into_a_file() {
    let database = imported(Backend::Sqlite, EVERYTHING);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("export.ndjson");
    let file = path.to_str().unwrap();
    run(&["export", file, "--database-url", database.url()], "").ok();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        export(database.url())
    );
    let said = run(
        &["export", "/none/file", "--database-url", database.url()],
        "",
    );
    assert_eq!(said.code, 1);
    assert!(said.err.contains("cannot write /none/file"), "{said:?}");
}
