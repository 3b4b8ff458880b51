//! Starts and finishes of releases, in whatever order they arrive, and what a finish means for
//! packages.

use serde_json::{Value, json};

use super::{at, codes, done, history, history_types, invariants, key, places, stored};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_told_start_replaces_an_assumed_one,
    a_second_start_keeps_the_earlier_time,
    a_late_start_sets_the_start_only_where_it_is_empty_or_later,
    a_start_after_the_finish_reopens_the_release,
    a_start_of_a_finished_release_without_a_time_changes_nothing,
    the_known_start_told_again_does_not_reopen_a_recorded_release,
    a_finish_with_the_same_outcome_changes_nothing,
    of_two_outcomes_the_later_report_wins,
    an_older_report_of_another_outcome_is_only_kept_in_the_events,
    a_finish_before_the_start_keeps_both_times,
    a_finish_decides_over_packages_in_progress,
    an_outcome_told_after_the_finish_still_decides_over_packages,
    without_a_finish_the_status_comes_from_the_packages,
    a_recorded_release_learns_when_it_finished,
    a_finish_without_a_start_is_accepted,
    a_closing_note_is_kept_once,
    a_package_that_starts_at_once_is_in_progress,
    a_package_that_is_over_does_not_start,
);

async fn create(app: &TestApp, mut input: Value) {
    input["externalId"] = json!("r");
    done(app, "createRelease", input).await;
}

async fn start(app: &TestApp, mut input: Value) -> Value {
    input["release"] = key("r");
    done(app, "startRelease", input).await
}

async fn finish(app: &TestApp, mut input: Value) -> Value {
    input["release"] = key("r");
    done(app, "finishRelease", input).await
}

/// A release that ran from 10:00 to 10:30 and was successful.
async fn ran(app: &TestApp) {
    create(app, json!({"startedAt": "2026-03-01T10:00:00Z"})).await;
    finish(app, json!({"at": "2026-03-01T10:30:00Z", "success": true})).await;
}

/// Status, hour and minute of start and finish, and the codes of the warnings.
fn state(payload: &Value) -> String {
    let release = &payload["release"];
    let clock = |field: &str| {
        let time = release[field].as_str();
        time.map_or("-".to_owned(), |time| time[11..16].to_owned())
    };
    let status = release["status"].as_str().unwrap();
    let warnings = codes(&payload["warnings"]).join(" ");
    let state = format!(
        "{status} {} {} {warnings}",
        clock("startedAt"),
        clock("finishedAt")
    );
    state.trim_end().to_owned()
}

async fn a_told_start_replaces_an_assumed_one(app: TestApp) {
    create(&app, json!({})).await;
    let assumed = stored(&app, "r").await;
    assert_eq!(assumed["startedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!(assumed["inferredFields"], json!(["startedAt"]));
    assert_eq!(assumed["status"], "NOT_STARTED");
    app.set_now("2026-03-01T12:10:00Z");
    let told = start(&app, json!({})).await;
    assert_eq!(state(&told), "IN_PROGRESS 12:10 -");
    assert_eq!(told["release"]["inferredFields"], json!([]));
    invariants::check(&app).await;
}

async fn a_second_start_keeps_the_earlier_time(app: TestApp) {
    create(&app, json!({"startedAt": "2026-03-01T10:00:00Z"})).await;
    let events = history(&app, "r").await;
    assert_eq!(state(&start(&app, json!({})).await), "IN_PROGRESS 10:00 -");
    assert_eq!(history(&app, "r").await, events);
    let later = start(&app, json!({"at": "2026-03-01T11:00:00Z"})).await;
    assert_eq!(state(&later), "IN_PROGRESS 10:00 -");
    let earlier = start(&app, json!({"at": "2026-03-01T09:00:00Z"})).await;
    assert_eq!(state(&earlier), "IN_PROGRESS 09:00 -");
    invariants::check(&app).await;
}

async fn a_late_start_sets_the_start_only_where_it_is_empty_or_later(app: TestApp) {
    ran(&app).await;
    let later = start(&app, json!({"at": "2026-03-01T10:10:00Z"})).await;
    assert_eq!(state(&later), "SUCCESSFUL 10:00 10:30 LATE_EVENT_APPLIED");
    let earlier = start(&app, json!({"at": "2026-03-01T09:50:00Z"})).await;
    assert_eq!(state(&earlier), "SUCCESSFUL 09:50 10:30 LATE_EVENT_APPLIED");
    assert_eq!(earlier["release"]["durationSeconds"], 2_400.0);
    let starts = history_types(&app, "r")
        .await
        .into_iter()
        .filter(|it| it == "RELEASE_STARTED");
    assert_eq!(starts.count(), 2);
    invariants::check(&app).await;
}

async fn a_start_after_the_finish_reopens_the_release(app: TestApp) {
    ran(&app).await;
    let again = start(&app, json!({"at": "2026-03-01T10:30:00Z"})).await;
    assert_eq!(state(&again), "IN_PROGRESS 10:30 -");
    let over = finish(
        &app,
        json!({"at": "2026-03-01T10:40:00Z", "success": false}),
    )
    .await;
    assert_eq!(state(&over), "FAILED 10:30 10:40");

    // What Orlo assumed about the first attempt goes with it.
    done(&app, "recordRelease", json!({"externalId": "s"})).await;
    let input = json!({"release": key("s"), "at": "2026-03-01T12:01:00Z"});
    let again = done(&app, "startRelease", input).await;
    assert_eq!(state(&again), "IN_PROGRESS 12:01 -");
    assert_eq!(again["release"]["inferredFields"], json!([]));
    invariants::check(&app).await;
}

async fn a_start_of_a_finished_release_without_a_time_changes_nothing(app: TestApp) {
    ran(&app).await;
    let events = history(&app, "r").await;
    let again = start(&app, json!({})).await;
    assert_eq!(state(&again), "SUCCESSFUL 10:00 10:30 ALREADY_FINISHED");
    assert_eq!(history(&app, "r").await, events);
}

async fn the_known_start_told_again_does_not_reopen_a_recorded_release(app: TestApp) {
    let input = json!({"externalId": "r", "startedAt": "2026-03-01T10:00:00Z", "success": false});
    done(&app, "recordRelease", input).await;
    let again = start(&app, json!({"at": "2026-03-01T10:00:00Z"})).await;
    assert_eq!(state(&again), "FAILED 10:00 - LATE_EVENT_APPLIED");
    invariants::check(&app).await;
}

async fn a_finish_with_the_same_outcome_changes_nothing(app: TestApp) {
    ran(&app).await;
    let events = history(&app, "r").await;
    for input in [
        json!({}),
        json!({"success": true}),
        json!({"success": true, "at": "2026-03-01T10:00:00Z"}),
        json!({"at": "2026-03-01T11:00:00Z"}),
    ] {
        let again = finish(&app, input).await;
        assert_eq!(state(&again), "SUCCESSFUL 10:00 10:30 ALREADY_FINISHED");
    }
    assert_eq!(history(&app, "r").await, events);
}

async fn of_two_outcomes_the_later_report_wins(app: TestApp) {
    ran(&app).await;
    let failed = finish(
        &app,
        json!({"success": false, "at": "2026-03-01T10:30:00Z"}),
    )
    .await;
    assert_eq!(state(&failed), "FAILED 10:00 10:30");
    let mended = finish(&app, json!({"success": true})).await;
    assert_eq!(state(&mended), "SUCCESSFUL 10:00 12:00");
    let finishes = history_types(&app, "r")
        .await
        .into_iter()
        .filter(|it| it == "RELEASE_FINISHED");
    assert_eq!(finishes.count(), 3);
    invariants::check(&app).await;
}

async fn an_older_report_of_another_outcome_is_only_kept_in_the_events(app: TestApp) {
    create(&app, json!({"startedAt": "2026-03-01T10:00:00Z"})).await;
    finish(&app, json!({"at": "2026-03-01T10:30:00Z"})).await;
    let late = finish(
        &app,
        json!({"success": false, "at": "2026-03-01T10:29:00Z"}),
    )
    .await;
    assert_eq!(state(&late), "SUCCESSFUL 10:00 10:30 LATE_EVENT_APPLIED");
    let (_, changes) = history(&app, "r").await.pop().unwrap();
    assert_eq!(changes["success"]["reported"], false);
    invariants::check(&app).await;
}

async fn a_finish_before_the_start_keeps_both_times(app: TestApp) {
    create(&app, json!({"startedAt": "2026-03-01T11:00:00Z"})).await;
    let over = finish(&app, json!({"at": "2026-03-01T10:00:00Z"})).await;
    assert_eq!(state(&over), "SUCCESSFUL 11:00 10:00 FINISHED_BEFORE_START");
    assert_eq!(over["release"]["durationSeconds"], Value::Null);
    invariants::check(&app).await;
}

async fn a_finish_decides_over_packages_in_progress(app: TestApp) {
    for (success, expected, of_release, finished) in [
        (
            json!(true),
            "SUCCESSFUL",
            "SUCCESSFUL",
            json!("2026-03-01T11:30:00.000Z"),
        ),
        (
            json!(false),
            "FAILED",
            "FAILED",
            json!("2026-03-01T11:30:00.000Z"),
        ),
        (Value::Null, "IN_PROGRESS", "IN_PROGRESS", Value::Null),
    ] {
        let name = format!("after {success}");
        let input = json!({"externalId": name, "startedAt": "2026-03-01T11:00:00Z", "packages": [
            {"name": "runs", "version": "1", "startedAt": "2026-03-01T11:10:00Z"},
            {"name": "waits", "version": "1"},
            {"name": "over", "version": "1", "finishedAt": "2026-03-01T11:20:00Z"},
        ]});
        done(&app, "createRelease", input).await;
        let input =
            json!({"release": key(&name), "success": success, "at": "2026-03-01T11:30:00Z"});
        let over = done(&app, "finishRelease", input).await;
        assert_eq!(
            places(&over["warnings"]),
            [at("UNFINISHED_PACKAGES", "")],
            "{name}"
        );
        let message = over["warnings"][0]["message"].as_str().unwrap();
        assert!(message.contains("runs, waits"), "{message}");
        let release = &over["release"];
        let [runs, waits, done] = release["packages"].as_array().unwrap().as_slice() else {
            panic!("{release:#}");
        };
        assert_eq!(runs["status"], expected, "{name}");
        assert_eq!(runs["finishedAt"], finished, "{name}");
        let is_closed = !success.is_null();
        let inferred = if is_closed {
            json!(["status", "finishedAt"])
        } else {
            json!(["status"])
        };
        assert_eq!(runs["inferredFields"], inferred, "{name}");
        assert_eq!(waits["status"], "NOT_STARTED", "{name}");
        assert_eq!(done["finishedAt"], "2026-03-01T11:20:00.000Z", "{name}");
        assert_eq!(release["status"], of_release, "{name}");
    }
    invariants::check(&app).await;
}

async fn an_outcome_told_after_the_finish_still_decides_over_packages(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "startedAt": "2026-03-01T11:00:00Z"});
    create(&app, json!({"packages": package})).await;
    finish(&app, json!({})).await;
    app.set_now("2026-03-01T12:01:00Z");
    let over = finish(&app, json!({"success": true})).await;
    assert_eq!(over["release"]["status"], "SUCCESSFUL");
    assert_eq!(
        over["release"]["packages"][0]["finishedAt"],
        "2026-03-01T12:01:00.000Z"
    );
    invariants::check(&app).await;
}

async fn without_a_finish_the_status_comes_from_the_packages(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "finishedAt": "2026-03-01T11:00:00Z"});
    create(&app, json!({"packages": package})).await;
    let release = stored(&app, "r").await;
    assert_eq!(release["finishedAt"], Value::Null);
    assert_eq!(release["status"], "SUCCESSFUL");
}

async fn a_recorded_release_learns_when_it_finished(app: TestApp) {
    let input = json!({"externalId": "r", "startedAt": "2026-03-01T10:00:00Z"});
    done(&app, "recordRelease", input).await;
    assert_eq!(
        state(&finish(&app, json!({})).await),
        "SUCCESSFUL 10:00 - ALREADY_FINISHED"
    );
    let told = finish(&app, json!({"at": "2026-03-01T10:30:00Z"})).await;
    assert_eq!(state(&told), "SUCCESSFUL 10:00 10:30");
    invariants::check(&app).await;
}

async fn a_finish_without_a_start_is_accepted(app: TestApp) {
    done(
        &app,
        "recordRelease",
        json!({"externalId": "r", "finishedAt": "2026-03-01T10:00:00Z"}),
    )
    .await;
    let over = finish(
        &app,
        json!({"success": false, "at": "2026-03-01T10:30:00Z"}),
    )
    .await;
    assert_eq!(state(&over), "FAILED - 10:30 START_UNKNOWN");
    invariants::check(&app).await;
}

async fn a_closing_note_is_kept_once(app: TestApp) {
    create(&app, json!({"notes": "begun"})).await;
    finish(&app, json!({"note": " all well "})).await;
    let again = finish(&app, json!({"note": "all well"})).await;
    let notes = json!([{"text": "begun", "author": null}, {"text": "all well", "author": null}]);
    assert_eq!(again["release"]["notes"], notes);
    let later = finish(&app, json!({"note": "and another thing"})).await;
    assert_eq!(later["release"]["notes"].as_array().unwrap().len(), 3);
    invariants::check(&app).await;
}

async fn a_package_that_starts_at_once_is_in_progress(app: TestApp) {
    create(&app, json!({})).await;
    for (name, package) in [
        ("untold", json!({})),
        ("announced", json!({"status": "NOT_STARTED"})),
        ("earlier", json!({"startedAt": "2026-03-01T11:00:00Z"})),
    ] {
        let mut package = package;
        package["name"] = json!(name);
        package["version"] = json!("1");
        let input = json!({"release": key("r"), "package": package, "start": true});
        let payload = done(&app, "addPackage", input).await;
        assert_eq!(payload["created"], true);
        assert_eq!(payload["package"]["status"], "IN_PROGRESS", "{name}");
        assert_eq!(payload["package"]["inferredFields"], json!([]), "{name}");
        let hour = if name == "earlier" { "11" } else { "12" };
        let start = format!("2026-03-01T{hour}:00:00.000Z");
        assert_eq!(payload["package"]["startedAt"], start, "{name}");
    }
    assert_eq!(
        stored(&app, "r").await["startedAt"],
        "2026-03-01T11:00:00.000Z"
    );
    invariants::check(&app).await;
}

async fn a_package_that_is_over_does_not_start(app: TestApp) {
    create(&app, json!({})).await;
    let package = json!({"name": "api", "version": "1", "finishedAt": "2026-03-01T11:00:00Z"});
    let input = json!({"release": key("r"), "package": package, "start": true});
    let payload = done(&app, "addPackage", input).await;
    assert_eq!(payload["package"]["status"], "SUCCESSFUL");
    assert_eq!(payload["package"]["startedAt"], Value::Null);
    invariants::check(&app).await;
}
