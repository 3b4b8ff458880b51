//! What a document says.

use entity::DeployStatus;
use serde_json::json;

use super::rows;
use crate::service::interchange::{ReadRelease, read_release};
use crate::service::record::{ConflictPolicy, NewRelease};
use crate::service::{UserError, time};

/// Reads a document that can be understood.
fn read_all(json: &str) -> ReadRelease {
    read(json).unwrap_or_else(|errors| panic!("{json}\n{errors:?}"))
}

fn release(json: &str) -> NewRelease {
    read_all(json).release
}

/// What is wrong with a document, as `place: sentence`.
fn mistakes(json: &str) -> Vec<String> {
    let errors = read(json).unwrap_err();
    let errors = errors.iter();
    errors
        .map(|error| format!("{}: {}", error.field.join("."), error.message))
        .collect()
}

fn read(json: &str) -> Result<ReadRelease, Vec<UserError>> {
    let mut rows = rows(json.as_bytes()).unwrap();
    assert_eq!(rows.len(), 1, "{json}");
    let fields = rows.pop().unwrap().fields.unwrap();
    read_release(&fields, ConflictPolicy::ReturnExisting)
}

fn times(release: &NewRelease) -> (Option<String>, Option<String>) {
    (
        release.started_at.map(time::format),
        release.finished_at.map(time::format),
    )
}

#[test]
fn a_release_of_orlo_04_is_read() {
    let read = read_all(
        r#"{"id": "2d3a7a5e-7d92-4a0e-9d5c-3b9f4f4ff2f0", "platforms": ["site1", "site2"],
        "references": ["TICKET-1"], "stime": "2015-12-17T17:02:04Z", "ftime": 1450371744,
        "duration": 20, "user": "ann", "team": "ops", "metadata": {"env": "test"},
        "notes": ["Imported"], "packages": [{"id": "p-1", "name": "api", "version": 1.10,
        "stime": "2015-12-17T17:02:22Z", "ftime": null, "duration": null, "rollback": false,
        "status": "In_Progress", "diff_url": "http://x/d"}]}"#,
    );
    let release = read.release;
    assert_eq!(
        release.external_id.as_deref(),
        Some("2d3a7a5e-7d92-4a0e-9d5c-3b9f4f4ff2f0")
    );
    assert_eq!(release.platforms.as_ref().unwrap().len(), 2);
    assert_eq!(release.references.as_ref().unwrap(), &["TICKET-1"]);
    assert_eq!(release.notes.as_ref().unwrap(), &["Imported"]);
    assert_eq!(release.metadata, Some(json!({"env": "test"})));
    let (start, finish) = times(&release);
    assert_eq!(start.unwrap(), "2015-12-17T17:02:04.000Z");
    assert_eq!(finish.unwrap(), "2015-12-17T17:02:24.000Z");
    // It agrees with the times, and would say no more.
    assert_eq!(release.duration_seconds, None);
    let package = &release.packages[0];
    assert_eq!(package.external_id.as_deref(), Some("p-1"));
    assert_eq!(package.version.as_deref(), Some("1.10"));
    assert_eq!(package.status, Some(DeployStatus::InProgress));
    assert_eq!(package.rollback, Some(false));
    assert_eq!(package.diff_url.as_deref(), Some("http://x/d"));
    assert!(read.restored.is_none());
    assert!(read.unknown.is_empty(), "{:?}", read.unknown);
}

#[test]
fn a_release_of_the_api_is_read() {
    let release = release(
        r#"{"externalId": "ci-1", "user": "ann", "platforms": "web", "references": "SHOP-1",
        "notes": "careful", "startedAt": "2026-03-01T10:00:00+01:00", "durationSeconds": 90.5,
        "success": false, "onConflict": "UPDATE", "packages": {"name": "api", "version": "1",
        "externalId": "p", "diffUrl": "d", "commitSha": "c0ffee", "committedAt": "2026-02-28",
        "finishedAt": 1772355600, "results": "ok"}}"#,
    );
    assert_eq!(release.external_id.as_deref(), Some("ci-1"));
    assert_eq!(release.platforms.as_ref().unwrap(), &["web"]);
    assert_eq!(release.references.as_ref().unwrap(), &["SHOP-1"]);
    assert_eq!(release.notes.as_ref().unwrap(), &["careful"]);
    assert_eq!(release.duration_seconds, Some(90.5));
    assert_eq!(release.success, Some(false));
    assert_eq!(release.on_conflict, ConflictPolicy::Update);
    let package = &release.packages[0];
    assert_eq!(package.external_id.as_deref(), Some("p"));
    assert_eq!(package.commit_sha.as_deref(), Some("c0ffee"));
    assert!(package.committed_at.is_some() && package.finished_at.is_some());
    assert_eq!(package.results.as_ref().unwrap(), &["ok"]);
}

#[test]
fn only_ids_of_orlo_04_become_external_ids() {
    let key = |json: &str| {
        let release = release(json);
        let package = release.packages.first();
        let package = package.and_then(|package| package.external_id.clone());
        (release.external_id, package)
    };
    let some = |text: &str| Some(text.to_owned());
    let packages = r#""packages": [{"id": "p", "name": "api"}]"#;
    for told in [
        r#""user": "ann""#,
        r#""stime": null"#,
        r#""stime": 1, "externalId": null"#,
    ] {
        let json = format!(r#"{{"id": "r", {told}, {packages}}}"#);
        assert_eq!(key(&json), (some("r"), some("p")), "{json}");
    }
    for told in [
        r#""startedAt": null"#,
        r#""createdAt": "2026-01-01""#,
        r#""orlo": 1"#,
    ] {
        let json = format!(r#"{{"id": "r", {told}, {packages}}}"#);
        assert_eq!(key(&json), (None, None), "{json}");
    }
    let in_package = r#"{"id": "r", "packages": [{"id": "p", "name": "api", "diffUrl": "d"}]}"#;
    assert_eq!(key(in_package), (None, None));
    assert_eq!(key(r#"{"id": "r", "externalId": "x"}"#), (some("x"), None));
    assert_eq!(key(r#"{"id": 4711}"#), (some("4711"), None));
}

#[test]
fn single_values_numbers_and_blanks_are_understood() {
    let release = release(
        r#"{"user": "", "team": 7, "platforms": [{"name": "web"}, 2], "references": "",
        "notes": [{"content": "first"}, {"text": "second"}, "third"], "success": "yes",
        "metadata": [{"key": "build", "value": 1.50}, {"env": true}, null], "finishedAt": " ",
        "packages": [{"name": true, "version": "", "status": null, "success": false}]}"#,
    );
    assert_eq!(release.user, None);
    assert_eq!(release.team.as_deref(), Some("7"));
    assert_eq!(release.platforms.unwrap(), ["web", "2"]);
    assert_eq!(release.references, None);
    assert_eq!(release.notes.unwrap(), ["first", "second", "third"]);
    assert_eq!(release.success, Some(true));
    assert_eq!(release.finished_at, None);
    assert_eq!(
        release.metadata,
        Some(json!({"build": "1.50", "env": true}))
    );
    let package = &release.packages[0];
    assert_eq!(package.name.as_deref(), Some("true"));
    assert_eq!(package.version, None);
    assert_eq!(package.status, Some(DeployStatus::Failed));
}

#[test]
fn metadata_may_have_any_keys() {
    let read = |metadata: &str| release(&format!(r#"{{"metadata": {metadata}}}"#)).metadata;
    let both = r#"{"key": "a", "value": "b"}"#;
    assert_eq!(read(both), Some(json!({"key": "a", "value": "b"})));
    assert_eq!(read(&format!("[{both}]")), Some(json!({"a": "b"})));
    assert_eq!(
        read(r#"[{"key": "a", "other": "b"}]"#),
        Some(json!({"key": "a", "other": "b"}))
    );
    assert_eq!(read(r#"{"a": 1, "a": 2.0, "b": null, "c": {"d": [1]}}"#), {
        Some(json!({"a": "2.0", "b": null, "c": {"d": [1]}}))
    });
    assert_eq!(read("\"\""), None);
    assert_eq!(
        mistakes(r#"{"metadata": 5}"#),
        ["metadata: must be a JSON object"]
    );
    assert_eq!(
        mistakes(r#"{"metadata": [{"a": 1}, 5]}"#),
        ["metadata.1: must be a JSON object"]
    );
}

#[test]
fn brackets_and_quotes_in_a_text_are_only_text() {
    let release = release(r#"{"references": "['A', \"B\"]", "notes": ["[1]", "it's"]}"#);
    assert_eq!(release.references.unwrap(), ["['A', \"B\"]"]);
    assert_eq!(release.notes.unwrap(), ["[1]", "it's"]);
}

#[test]
fn what_cannot_be_understood_is_told_with_its_place() {
    let found = mistakes(
        r#"{"stime": "yesterday", "duration": "long", "user": ["ann"], "platforms": [["x"]],
        "onConflict": "replace", "packages": [{"name": {}}, {"status": "DONE", "rollback": 3},
        "api"], "notes": [{"text": []}], "success": "?"}"#,
    );
    let places: Vec<_> = found
        .iter()
        .map(|text| text.split(": ").next().unwrap())
        .collect();
    for place in [
        "stime",
        "duration",
        "user",
        "platforms.0",
        "onConflict",
        "packages.0.name",
        "packages.1.status",
        "packages.1.rollback",
        "packages.2",
        "notes.0.text",
        "success",
    ] {
        assert!(places.contains(&place), "{place} in {found:?}");
    }
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(mistakes(r#"{"orlo": 2}"#)[0].contains("newer Orlo"));
    assert!(mistakes(r#"{"user": "\udc00"}"#)[0].starts_with("user: is not JSON"));
}

#[test]
fn a_duration_of_orlo_04_without_its_days_does_not_contradict() {
    let duration = |json: &str| release(json).duration_seconds;
    let start = r#""stime": "2015-12-17T17:02:04Z""#;
    for told in ["60", "61", "59", "\"1 day, 0:01:00\"", "\"0:01:00\""] {
        let json = format!(r#"{{{start}, "ftime": "2015-12-18T17:03:04Z", "duration": {told}}}"#);
        assert_eq!(duration(&json), None, "{json}");
    }
    let wrong = format!(r#"{{{start}, "ftime": "2015-12-18T17:03:04Z", "duration": 90}}"#);
    assert_eq!(duration(&wrong), Some(90.0));
    assert_eq!(
        duration(&format!(r#"{{{start}, "duration": "90"}}"#)),
        Some(90.0)
    );
    let own = r#"{"startedAt": "2015-12-17", "finishedAt": "2015-12-18", "durationSeconds": 0}"#;
    assert_eq!(duration(own), Some(0.0));
}

#[test]
fn a_release_without_any_time_is_not_finished_now_when_orlo_04_or_its_packages_say_so() {
    for json in [
        r#"{"id": "r", "stime": null, "packages": [{"name": "a", "stime": 200},
            {"name": "b", "stime": 100}]}"#,
        r#"{"packages": [{"name": "a", "startedAt": 100, "status": "IN_PROGRESS"}]}"#,
    ] {
        let read = read_all(json);
        let facts = read.restored.unwrap().facts.unwrap();
        assert_eq!(facts.inferred_fields, ["startedAt"]);
        assert!(facts.recorded && !facts.start_told);
        let (start, finish) = times(&read.release);
        assert_eq!(start.unwrap(), "1970-01-01T00:01:40.000Z");
        assert_eq!(finish, None);
    }
    assert!(
        read_all(r#"{"packages": [{"name": "a"}]}"#)
            .restored
            .is_none()
    );
    assert!(read_all(r#"{"id": "r", "stime": 100}"#).restored.is_none());
}

#[test]
fn the_status_of_a_release_is_that_of_packages_without_one() {
    let told = release(
        r#"{"status": "failed", "packages": [{"name": "a"}, {"name": "b", "status": "SUCCESSFUL"}]}"#,
    );
    assert_eq!(told.success, Some(false));
    assert_eq!(told.packages[0].status, Some(DeployStatus::Failed));
    assert_eq!(told.packages[1].status, Some(DeployStatus::Successful));
    let running = release(r#"{"status": "IN_PROGRESS", "packages": [{"name": "a"}]}"#);
    assert_eq!(running.success, None);
    assert_eq!(running.packages[0].status, Some(DeployStatus::InProgress));
    let both = release(r#"{"status": "FAILED", "success": true, "packages": [{"name": "a"}]}"#);
    assert_eq!((both.success, both.packages[0].status), (Some(true), None));
}

#[test]
fn notes_keep_who_wrote_them_and_when() {
    let read = read_all(
        r#"{"notes": ["", {"text": "a", "author": "ann", "createdAt": "2026-01-01"}, "b"]}"#,
    );
    assert_eq!(read.release.notes.unwrap(), ["a", "b"]);
    let notes = read.restored.unwrap().notes;
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[0].author.as_deref(), Some("ann"));
    assert!(notes[0].created_at.is_some() && notes[1].author.is_none());
}

#[test]
fn keys_that_mean_nothing_are_told() {
    let unknown = |json: &str| read_all(json).unknown;
    assert_eq!(
        unknown(r#"{"user": "ann", "color": 1, "Team": null}"#),
        ["color", "Team"]
    );
    assert_eq!(unknown(r#"{"createdAt": "2026-01-01"}"#), ["createdAt"]);
    assert!(unknown(r#"{"orlo": 1, "createdAt": "2026-01-01", "recorded": true}"#).is_empty());
}
