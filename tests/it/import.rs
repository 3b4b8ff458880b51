//! `orlo import`.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::command::{Said, command, export, import, run};
use crate::process::until;
use crate::rules::invariants;

on_both_databases!(
    bad_lines_are_told_and_the_others_kept,
    an_atomic_import_keeps_everything_or_nothing,
    a_dry_run_counts_and_keeps_nothing,
    a_file_that_comes_again_finds_its_releases,
    a_known_release_is_met_as_asked,
    a_list_that_breaks_off_keeps_what_came_before,
    releases_of_orlo_04_keep_what_it_said_of_their_packages,
    an_import_of_many_releases_costs_few_statements_each,
    parts_that_tell_of_the_same_releases_come_in_their_order,
    nobody_waits_for_a_file_that_gives_nothing_more,
);

/// The counts that an import with `--format json` ends with.
pub fn counts(said: &Said) -> (u64, u64, u64) {
    let counts: Value = serde_json::from_str(&said.out).unwrap();
    let count = |name: &str| counts[name].as_u64().unwrap();
    (count("created"), count("existing"), count("refused"))
}

/// Imports and returns what it said, with the counts.
fn import_counted(app: &TestApp, options: &[&str], documents: &str) -> (Said, (u64, u64, u64)) {
    let options = [&["--format", "json"], options].concat();
    let said = import(app.database_url(), &options, documents);
    let counts = counts(&said);
    (said, counts)
}

fn documents(app: &TestApp) -> Vec<Value> {
    let text = export(app.database_url());
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// `count` releases of orlo 0.4, one per line.
fn releases(count: usize) -> String {
    let line = |index| {
        json!({
            "id": format!("r{index}"), "user": "ann", "platforms": ["web"],
            "stime": "2015-12-17T17:02:04Z", "ftime": "2015-12-17T17:02:24Z", "duration": 20,
            "packages": [{"id": format!("p{index}"), "name": "api", "version": "1.0",
                "status": "SUCCESSFUL", "stime": "2015-12-17T17:02:05Z"}],
        })
        .to_string()
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

async fn bad_lines_are_told_and_the_others_kept(app: TestApp) {
    let text = r#"{"id": "a", "user": "ann", "packages": [{"name": "api", "version": "1"}]}
oops

{"id": "b", "packages": [{"name": ""}]}
{"id": "c", "packages": [{"name": "api", "status": "DONE"}], "stime": "long ago"}
{"id": "d", "user": "bob", "color": "red", "packages": [{"name": "api"}]}"#;
    let said = import(app.database_url(), &["--verbose"], text);
    assert_eq!(said.code, 1, "{said:?}");
    let lines: Vec<_> = said.err.lines().collect();
    assert!(lines[0].starts_with("line 2: is not JSON: "), "{lines:?}");
    for expected in [
        "line 4: packages.0.name: must be given and not be blank",
        "line 5: packages.0.status: \"DONE\" is not a status; it may be NOT_STARTED, IN_PROGRESS, \
         SUCCESSFUL or FAILED",
        "line 6: packages.0.version: is not given; the version that runs is then not known \
         (VERSION_UNKNOWN)",
    ] {
        assert!(lines.contains(&expected), "{expected} in {lines:#?}");
    }
    assert!(
        said.err
            .contains("line 5: stime: \"long ago\" is not a time")
    );
    assert_eq!(
        said.out,
        "created 2, existing 0, refused 3\nwarnings: VERSION_UNKNOWN 1\nignored fields: color 1\n"
    );
    let users: Vec<_> = documents(&app)
        .iter()
        .map(|row| row["user"].clone())
        .collect();
    assert_eq!(users, ["ann", "bob"]);
}

async fn an_atomic_import_keeps_everything_or_nothing(app: TestApp) {
    let good = releases(700);
    let bad = format!("{good}\n{{\"packages\": [{{}}]}}");
    let (said, counted) = import_counted(&app, &["--atomic"], &bad);
    assert_eq!((said.code, counted), (1, (0, 0, 1)));
    assert!(said.err.contains("line 701: packages.0.name"), "{said:?}");
    assert_eq!(documents(&app).len(), 0);
    let cut = format!("[{}, ", good.lines().next().unwrap());
    assert_eq!(import_counted(&app, &["--atomic"], &cut).0.code, 1);
    assert_eq!(documents(&app).len(), 0);
    let (said, counted) = import_counted(&app, &["--atomic"], &good);
    assert_eq!((said.code, counted), (0, (700, 0, 0)));
    assert_eq!(documents(&app).len(), 700);
}

async fn a_dry_run_counts_and_keeps_nothing(app: TestApp) {
    let text = format!("{}\n{}\nno\n", releases(600), releases(2));
    let (said, counted) = import_counted(&app, &["--dry-run"], &text);
    assert_eq!((said.code, counted), (1, (600, 2, 1)));
    assert_eq!(documents(&app).len(), 0);
    let said = import(app.database_url(), &["--dry-run"], &releases(1));
    let said = said.ok();
    assert_eq!(
        said,
        "created 1, existing 0, refused 0 (dry run: nothing was kept)\n"
    );
}

async fn a_file_that_comes_again_finds_its_releases(app: TestApp) {
    let text = format!("[{}]", releases(1_200).replace('\n', ","));
    let (_, counted) = import_counted(&app, &[], &text);
    assert_eq!(counted, (1_200, 0, 0));
    let before = documents(&app);
    let (said, counted) = import_counted(&app, &[], &text);
    assert_eq!((said.code, counted), (0, (0, 1_200, 0)));
    assert!(said.out.contains("\"ALREADY_RECORDED\":1200"), "{said:?}");
    assert_eq!(documents(&app), before);
}

async fn a_known_release_is_met_as_asked(app: TestApp) {
    let first = r#"{"externalId": "x", "team": "shop"}"#;
    let other = r#"{"externalId": "x", "team": "search"}"#;
    import(app.database_url(), &[], first).ok();
    let (said, counted) = import_counted(&app, &["--on-conflict", "error"], other);
    assert_eq!((said.code, counted), (1, (0, 0, 1)));
    assert!(said.err.starts_with("line 1: externalId: "), "{said:?}");
    assert_eq!(documents(&app)[0]["team"], "shop");
    let said = import(app.database_url(), &["--on-conflict", "update"], other);
    assert_eq!(
        said.ok().lines().next(),
        Some("created 0, existing 1, refused 0")
    );
    assert_eq!(documents(&app)[0]["team"], "search");
    let itself = r#"{"externalId": "x", "team": "shop", "onConflict": "RETURN_EXISTING"}"#;
    import(app.database_url(), &["--on-conflict", "error"], itself).ok();
    assert_eq!(documents(&app)[0]["team"], "search");
}

async fn a_list_that_breaks_off_keeps_what_came_before(app: TestApp) {
    let text = format!("[{},\n{{\"user\": }}]", releases(3).replace('\n', ",\n"));
    let (said, counted) = import_counted(&app, &[], &text);
    assert_eq!((said.code, counted), (1, (3, 0, 0)));
    assert!(said.err.starts_with("line 4, column 10: "), "{said:?}");
    assert_eq!(documents(&app).len(), 3);
}

async fn releases_of_orlo_04_keep_what_it_said_of_their_packages(app: TestApp) {
    let text = r#"{"releases": [
        {"id": "running", "stime": "2015-12-17T17:02:04Z", "ftime": null, "packages": [
            {"id": "p1", "name": "api", "version": 1.10, "status": "IN_PROGRESS"},
            {"id": "p2", "name": "web", "version": "2", "status": "NOT_STARTED"}]},
        {"id": "timeless", "stime": null, "ftime": null, "packages": []},
        {"id": "days", "stime": "2015-12-17T17:02:04Z", "ftime": "2015-12-18T17:02:24Z",
            "duration": 20, "packages": []}]}"#;
    let said = import(app.database_url(), &[], text);
    assert_eq!(said.ok(), "created 3, existing 0, refused 0\n");
    let query = "{ releases(orderBy: { field: CREATED_AT, direction: ASC }) { nodes {
        externalId status startedAt finishedAt durationSeconds inferredFields
        packages { externalId version status } } } }";
    let found = app.query(query, json!({})).await;
    let nodes = found["releases"]["nodes"].as_array().unwrap();
    assert_eq!(
        nodes[0],
        json!({
            "externalId": "running", "status": "IN_PROGRESS", "inferredFields": [],
            "startedAt": "2015-12-17T17:02:04.000Z", "finishedAt": null, "durationSeconds": null,
            "packages": [
                {"externalId": "p1", "version": "1.10", "status": "IN_PROGRESS"},
                {"externalId": "p2", "version": "2", "status": "NOT_STARTED"},
            ],
        })
    );
    assert_eq!(nodes[1]["finishedAt"], Value::Null);
    assert_eq!(nodes[2]["durationSeconds"], 86_420.0);
}

async fn an_import_of_many_releases_costs_few_statements_each(app: TestApp) {
    use orlo::service::Caller;
    use orlo::service::interchange::{read_release, stream};
    use orlo::service::record::ConflictPolicy;
    use orlo::service::record::import::{Batch, BatchRow};

    let text = releases(500);
    for expected in [30, 10] {
        let mut rows = Vec::new();
        stream::read(text.as_bytes(), &mut |row| {
            let read = read_release(&row.fields.unwrap(), ConflictPolicy::default()).unwrap();
            rows.push(BatchRow {
                release: read.release,
                restored: read.restored,
                path: orlo::service::Path::default(),
            });
            true
        })
        .unwrap();
        let service = app.service();
        let batch = &Batch::check(service, rows);
        let before = app.statements();
        let caller = &Caller::default();
        app.database()
            .write(move |tx| async move { batch.store(&tx, caller, service.now()).await })
            .await
            .unwrap();
        let count = app.statements() - before;
        assert!(count <= expected, "{count} statements for 500 releases");
    }
}

/// A file of several parts, of which those are stored at once that have nothing in common.
async fn parts_that_tell_of_the_same_releases_come_in_their_order(app: TestApp) {
    let line = |index: usize, key: usize, version: usize, platform: &str| {
        json!({
            "externalId": format!("r{key}"), "platforms": [platform],
            "packages": [{"name": "api", "version": version.to_string(),
                "externalId": format!("p{key}"), "startedAt": 1_700_000_000_000_usize + index}],
        })
        .to_string()
    };
    let mut lines: Vec<String> = (0..2_600)
        .map(|index| line(index, index, 1, if index < 2_000 { "web" } else { "new" }))
        .collect();
    // Told again, far behind and close behind, the last time with the last word.
    for (at, key, version) in [
        (700, 3, 2),
        (1_300, 3, 3),
        (1_301, 3, 4),
        (2_500, 3, 5),
        (2_501, 2_400, 6),
    ] {
        lines[at] = line(at, key, version, "web");
    }
    // The package of another release.
    lines[1_900] = lines[1_900].replace("\"p1900\"", "\"p5\"");
    "no".clone_into(&mut lines[2_599]);
    let options = ["--on-conflict", "update"];
    let (said, counted) = import_counted(&app, &options, &lines.join("\n"));
    assert_eq!(counted, (2_593, 5, 2), "{}", said.err);
    let refused = "line 1901: packages.0.externalId: ";
    assert!(said.err.contains(refused), "{}", said.err);
    assert!(said.err.contains("line 2600: is not JSON"), "{}", said.err);
    let documents = documents(&app);
    let keys: Vec<&str> = documents
        .iter()
        .map(|it| it["externalId"].as_str().unwrap())
        .collect();
    let gone = [700, 1_300, 1_301, 1_900, 2_500, 2_501, 2_599];
    let expected = (0..2_600).filter(|index| !gone.contains(index));
    assert_eq!(
        keys,
        expected
            .map(|index| format!("r{index}"))
            .collect::<Vec<_>>()
    );
    let version = |at: usize| documents[at]["packages"][0]["version"].clone();
    assert_eq!((version(3), version(4)), (json!("5"), json!("1")));
    let last = documents
        .iter()
        .find(|it| it["externalId"] == "r2400")
        .unwrap();
    assert_eq!(last["packages"][0]["version"], "6");
    invariants::check(&app).await;
    // All of it once more, which finds everything there.
    let again = (0..2_600)
        .filter(|index| !gone.contains(index))
        .map(|index| lines[index].as_str());
    let again = again.collect::<Vec<_>>().join("\n");
    let (_, counted) = import_counted(&app, &[], &again);
    assert_eq!(counted, (0, 2_593, 0));
}

async fn nobody_waits_for_a_file_that_gives_nothing_more(app: TestApp) {
    let mut child = command(&["import", "-", "--database-url", app.database_url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let some = releases(3_000) + "\n";
    stdin.write_all(some.as_bytes()).unwrap();
    // It keeps what it got, and others can write, although there may be more to come.
    until("the first releases are there", async || {
        let data = app.query("{ releases { totalCount } }", json!({})).await;
        data["releases"]["totalCount"].as_u64().unwrap() > 0
    })
    .await;
    release().record(&app).await;
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let data = app.query("{ releases { totalCount } }", json!({})).await;
    assert_eq!(data["releases"]["totalCount"], 3_001);
}

#[test]
fn what_cannot_be_opened_is_told_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let url = format!("sqlite://{path}/orlo.db");
    for (file, expected) in [
        (format!("{path}/none.json"), "cannot open"),
        (path.to_owned(), "it is a directory"),
    ] {
        let said = run(&["import", &file, "--database-url", &url], "");
        assert_eq!(said.code, 1, "{said:?}");
        assert_eq!(said.err.lines().count(), 1, "{said:?}");
        assert!(said.err.contains(expected), "{said:?}");
    }
    assert!(!fs::exists(format!("{path}/orlo.db")).unwrap());
    assert_eq!(run(&["import", "--database-url", &url], "").code, 2);
    let wrong = [
        "import",
        "-",
        "--on-conflict",
        "replace",
        "--database-url",
        &url,
    ];
    assert_eq!(run(&wrong, "").code, 2);
}

#[test]
fn an_empty_file_is_no_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/orlo.db", directory.path().display());
    let said = run(&["import", "-", "--database-url", &url], "");
    assert_eq!(said.ok(), "created 0, existing 0, refused 0\n");
}
