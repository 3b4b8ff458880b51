//! Starts and finishes of packages, in whatever order they arrive.

use serde_json::{Value, json};

use super::{at, codes, done, history, history_types, invariants, package_in, places, refused};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_late_start_sets_the_start_only_where_it_is_empty_or_later,
    a_start_at_or_after_the_finish_is_a_retry,
    a_start_that_is_called_a_retry_is_one,
    a_start_of_a_finished_package_without_a_time_changes_nothing,
    a_second_start_keeps_the_earlier_time,
    a_finish_with_the_same_outcome_changes_nothing,
    of_two_outcomes_the_later_report_wins,
    an_older_report_of_another_outcome_is_only_kept_in_the_events,
    a_finish_without_a_start_is_accepted,
    a_finish_before_the_start_keeps_both_times,
    steps_in_reverse_order_lead_to_the_same_record,
    the_known_start_told_again_does_not_reopen_a_recorded_package,
    a_recorded_package_learns_when_it_finished,
    a_start_of_a_package_starts_its_release,
    a_retry_is_not_the_start_of_a_release_that_was_over,
    a_step_far_ahead_is_remarked_on,
    output_comes_with_the_finish_or_later,
);

/// A release `r` of one package `api`, which ran from 10:00 to 10:30 and was successful.
async fn ran(app: &TestApp) {
    waiting(app).await;
    start(app, json!({"at": "2026-03-01T10:00:00Z"})).await;
    finish(app, true, json!({"at": "2026-03-01T10:30:00Z"})).await;
}

async fn waiting(app: &TestApp) {
    let package = json!({"name": "api", "version": "1"});
    let input =
        json!({"externalId": "r", "startedAt": "2026-03-01T09:00:00Z", "packages": package});
    done(app, "createRelease", input).await;
}

async fn start(app: &TestApp, mut input: Value) -> Value {
    input["package"] = package_in("r", "api");
    done(app, "startPackage", input).await
}

async fn finish(app: &TestApp, success: bool, mut input: Value) -> Value {
    input["package"] = package_in("r", "api");
    input["success"] = json!(success);
    done(app, "finishPackage", input).await
}

/// Status, hour and minute of start and finish, and the codes of the warnings.
fn state(payload: &Value) -> String {
    let package = &payload["package"];
    let clock = |field: &str| {
        let time = package[field].as_str();
        time.map_or("-".to_owned(), |time| time[11..16].to_owned())
    };
    let status = package["status"].as_str().unwrap();
    let warnings = codes(&payload["warnings"]).join(" ");
    let state = format!(
        "{status} {} {} {warnings}",
        clock("startedAt"),
        clock("finishedAt")
    );
    state.trim_end().to_owned()
}

async fn a_late_start_sets_the_start_only_where_it_is_empty_or_later(app: TestApp) {
    ran(&app).await;
    let later = start(&app, json!({"at": "2026-03-01T10:10:00Z"})).await;
    assert_eq!(state(&later), "SUCCESSFUL 10:00 10:30 LATE_EVENT_APPLIED");
    assert_eq!(places(&later["warnings"]), [at("LATE_EVENT_APPLIED", "at")]);
    let earlier = start(&app, json!({"at": "2026-03-01T09:50:00Z"})).await;
    assert_eq!(state(&earlier), "SUCCESSFUL 09:50 10:30 LATE_EVENT_APPLIED");
    assert_eq!(earlier["package"]["durationSeconds"], 2_400.0);
    // Both reports are in the history, though the first changed nothing.
    let starts = history_types(&app, "r")
        .await
        .into_iter()
        .filter(|it| it == "PACKAGE_STARTED");
    assert_eq!(starts.count(), 3);
    invariants::check(&app).await;
}

async fn a_start_at_or_after_the_finish_is_a_retry(app: TestApp) {
    for time in ["2026-03-01T10:30:00Z", "2026-03-01T11:00:00Z"] {
        let app = app.sibling().await;
        if time.contains("10:30") {
            ran(&app).await;
        } else {
            finish(&app, false, json!({"at": "2026-03-01T10:40:00Z"})).await;
        }
        let again = start(&app, json!({"at": time})).await;
        let clock = &time[11..16];
        assert_eq!(state(&again), format!("IN_PROGRESS {clock} -"));
        assert_eq!(again["release"]["status"], "IN_PROGRESS");
        assert_eq!(again["package"]["durationSeconds"], Value::Null);
    }
    // The first attempt stays in the history.
    let events = history(&app, "r").await;
    let retry = events
        .iter()
        .rev()
        .find(|(kind, _)| kind == "PACKAGE_STARTED")
        .unwrap();
    let finish = json!({"old": "2026-03-01T10:40:00.000Z", "new": null});
    assert_eq!(retry.1["finishedAt"], finish);
    assert_eq!(
        retry.1["status"],
        json!({"old": "FAILED", "new": "IN_PROGRESS"})
    );
    invariants::check(&app).await;
}

async fn a_start_that_is_called_a_retry_is_one(app: TestApp) {
    ran(&app).await;
    let again = start(&app, json!({"retry": true})).await;
    assert_eq!(state(&again), "IN_PROGRESS 12:00 -");
    let over = finish(&app, false, json!({"at": "2026-03-01T12:01:00Z"})).await;
    assert_eq!(state(&over), "FAILED 12:00 12:01");
    // Even one that is told with an earlier time.
    let again = start(&app, json!({"retry": true, "at": "2026-03-01T11:59:00Z"})).await;
    assert_eq!(state(&again), "IN_PROGRESS 11:59 -");
    invariants::check(&app).await;
}

async fn a_start_of_a_finished_package_without_a_time_changes_nothing(app: TestApp) {
    ran(&app).await;
    let (events, before) = (history(&app, "r").await, start(&app, json!({})).await);
    assert_eq!(state(&before), "SUCCESSFUL 10:00 10:30 ALREADY_FINISHED");
    assert_eq!(history(&app, "r").await, events);
}

async fn a_second_start_keeps_the_earlier_time(app: TestApp) {
    waiting(&app).await;
    let first = start(&app, json!({"at": "2026-03-01T10:00:00Z"})).await;
    assert_eq!(state(&first), "IN_PROGRESS 10:00 -");
    assert_eq!(first["package"]["inferredFields"], json!([]));
    assert_eq!(state(&start(&app, json!({})).await), "IN_PROGRESS 10:00 -");
    let earlier = start(&app, json!({"at": "2026-03-01T09:30:00Z"})).await;
    assert_eq!(state(&earlier), "IN_PROGRESS 09:30 -");
    let later = start(&app, json!({"at": "2026-03-01T10:20:00Z"})).await;
    assert_eq!(state(&later), "IN_PROGRESS 09:30 -");
    // A retry of what is running is no news either.
    let retry = start(&app, json!({"retry": true})).await;
    assert_eq!(state(&retry), "IN_PROGRESS 09:30 -");
    invariants::check(&app).await;
}

async fn a_finish_with_the_same_outcome_changes_nothing(app: TestApp) {
    ran(&app).await;
    let events = history(&app, "r").await;
    for time in [
        Value::Null,
        json!("2026-03-01T10:10:00Z"),
        json!("2026-03-01T11:00:00Z"),
    ] {
        let again = finish(&app, true, json!({"at": time})).await;
        assert_eq!(state(&again), "SUCCESSFUL 10:00 10:30 ALREADY_FINISHED");
    }
    assert_eq!(history(&app, "r").await, events);
}

async fn of_two_outcomes_the_later_report_wins(app: TestApp) {
    ran(&app).await;
    let failed = finish(&app, false, json!({"at": "2026-03-01T10:30:00Z"})).await;
    assert_eq!(state(&failed), "FAILED 10:00 10:30");
    let mended = finish(&app, true, json!({"at": "2026-03-01T10:45:00Z"})).await;
    assert_eq!(state(&mended), "SUCCESSFUL 10:00 10:45");
    let failed = finish(&app, false, json!({})).await;
    assert_eq!(state(&failed), "FAILED 10:00 12:00");
    let finishes = history_types(&app, "r")
        .await
        .into_iter()
        .filter(|it| it == "PACKAGE_FINISHED");
    assert_eq!(finishes.count(), 4);
    invariants::check(&app).await;
}

async fn an_older_report_of_another_outcome_is_only_kept_in_the_events(app: TestApp) {
    ran(&app).await;
    let late = finish(
        &app,
        false,
        json!({"at": "2026-03-01T10:29:59Z", "result": "oops"}),
    )
    .await;
    assert_eq!(state(&late), "SUCCESSFUL 10:00 10:30 LATE_EVENT_APPLIED");
    let events = history(&app, "r").await;
    let (_, changes) = events
        .iter()
        .rev()
        .find(|(kind, _)| kind == "PACKAGE_FINISHED")
        .unwrap();
    assert_eq!(changes["status"]["reported"], "FAILED");
    // Its output is kept all the same.
    assert_eq!(
        late["package"]["results"]["nodes"],
        json!([{"content": "oops"}])
    );
    invariants::check(&app).await;
}

async fn a_finish_without_a_start_is_accepted(app: TestApp) {
    waiting(&app).await;
    let finished = finish(&app, true, json!({})).await;
    assert_eq!(state(&finished), "SUCCESSFUL - 12:00 START_UNKNOWN");
    assert_eq!(finished["package"]["durationSeconds"], Value::Null);
    assert_eq!(
        finished["package"]["effectiveAt"],
        "2026-03-01T12:00:00.000Z"
    );
    invariants::check(&app).await;
}

async fn a_finish_before_the_start_keeps_both_times(app: TestApp) {
    waiting(&app).await;
    start(&app, json!({"at": "2026-03-01T11:00:00Z"})).await;
    let finished = finish(&app, false, json!({"at": "2026-03-01T10:59:59Z"})).await;
    assert_eq!(state(&finished), "FAILED 11:00 10:59 FINISHED_BEFORE_START");
    assert_eq!(finished["package"]["durationSeconds"], Value::Null);
    invariants::check(&app).await;
}

async fn steps_in_reverse_order_lead_to_the_same_record(app: TestApp) {
    waiting(&app).await;
    let finished = finish(&app, true, json!({"at": "2026-03-01T10:30:00Z"})).await;
    assert_eq!(state(&finished), "SUCCESSFUL - 10:30 START_UNKNOWN");
    let started = start(&app, json!({"at": "2026-03-01T10:00:00Z"})).await;
    assert_eq!(state(&started), "SUCCESSFUL 10:00 10:30 LATE_EVENT_APPLIED");
    assert_eq!(started["package"]["durationSeconds"], 1_800.0);
    invariants::check(&app).await;
}

async fn the_known_start_told_again_does_not_reopen_a_recorded_package(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "startedAt": "2026-03-01T10:00:00Z"});
    done(
        &app,
        "recordRelease",
        json!({"externalId": "r", "packages": package}),
    )
    .await;
    let again = start(&app, json!({"at": "2026-03-01T10:00:00Z"})).await;
    assert_eq!(state(&again), "SUCCESSFUL 10:00 - LATE_EVENT_APPLIED");
    invariants::check(&app).await;
}

async fn a_recorded_package_learns_when_it_finished(app: TestApp) {
    let package = json!({"name": "api", "version": "1"});
    let input =
        json!({"externalId": "r", "finishedAt": "2026-03-01T11:00:00Z", "packages": package});
    done(&app, "recordRelease", input).await;
    let untold = finish(&app, true, json!({})).await;
    assert_eq!(state(&untold), "SUCCESSFUL - - ALREADY_FINISHED");
    let told = finish(&app, true, json!({"at": "2026-03-01T10:30:00Z"})).await;
    assert_eq!(state(&told), "SUCCESSFUL - 10:30 START_UNKNOWN");
    assert_eq!(told["package"]["inferredFields"], json!([]));
    invariants::check(&app).await;
}

async fn a_start_of_a_package_starts_its_release(app: TestApp) {
    // A start that was only assumed gives way to an earlier one.
    let package = json!({"name": "api", "version": "1"});
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": package}),
    )
    .await;
    let started = start(&app, json!({"at": "2026-03-01T11:55:00Z"})).await;
    assert_eq!(started["release"]["startedAt"], "2026-03-01T11:55:00.000Z");
    assert_eq!(started["release"]["inferredFields"], json!(["startedAt"]));
    let types = history_types(&app, "r").await;
    assert_eq!(
        types,
        [
            "RELEASE_CREATED",
            "PACKAGE_ADDED",
            "PACKAGE_STARTED",
            "RELEASE_UPDATED"
        ]
    );

    // A recorded release may have none at all.
    let input = json!({
        "externalId": "s", "finishedAt": "2026-03-01T11:00:00Z",
        "packages": {"name": "api", "version": "1"},
    });
    done(&app, "recordRelease", input).await;
    let step = json!({"package": package_in("s", "api"), "at": "2026-03-01T10:00:00Z"});
    let started = done(&app, "startPackage", step).await;
    assert_eq!(started["release"]["startedAt"], "2026-03-01T10:00:00.000Z");
    assert_eq!(started["release"]["inferredFields"], json!(["startedAt"]));

    // One that was told stays.
    let input = json!({
        "externalId": "t", "startedAt": "2026-03-01T11:00:00Z",
        "packages": {"name": "api", "version": "1"},
    });
    done(&app, "createRelease", input).await;
    let step = json!({"package": package_in("t", "api"), "at": "2026-03-01T10:00:00Z"});
    let started = done(&app, "startPackage", step).await;
    assert_eq!(started["release"]["startedAt"], "2026-03-01T11:00:00.000Z");
    assert_eq!(started["release"]["inferredFields"], json!([]));
    invariants::check(&app).await;
}

async fn a_retry_is_not_the_start_of_a_release_that_was_over(app: TestApp) {
    let package = json!({"name": "api", "version": "1"});
    let input =
        json!({"externalId": "r", "finishedAt": "2026-03-01T11:00:00Z", "packages": package});
    done(&app, "recordRelease", input).await;
    let again = start(&app, json!({"retry": true})).await;
    assert_eq!(state(&again), "IN_PROGRESS 12:00 -");
    assert_eq!(again["release"]["startedAt"], Value::Null);
    invariants::check(&app).await;
}

async fn a_step_far_ahead_is_remarked_on(app: TestApp) {
    waiting(&app).await;
    let near = start(&app, json!({"at": "2026-03-01T12:05:00Z"})).await;
    assert_eq!(near["warnings"], json!([]));
    let far = finish(&app, true, json!({"at": "2026-03-01T12:05:00.001Z"})).await;
    assert_eq!(places(&far["warnings"]), [at("FUTURE_TIMESTAMP", "at")]);
    assert_eq!(far["package"]["finishedAt"], "2026-03-01T12:05:00.001Z");
}

async fn output_comes_with_the_finish_or_later(app: TestApp) {
    waiting(&app).await;
    finish(&app, true, json!({"result": " line 1\nline 2\n"})).await;
    // The same report again does not double it.
    finish(&app, true, json!({"result": " line 1\nline 2\n"})).await;
    let input = json!({"package": package_in("r", "api"), "content": "more"});
    let payload = done(&app, "addResult", input).await;
    let contents = json!([{"content": "line 1\nline 2"}, {"content": "more"}]);
    assert_eq!(payload["package"]["results"]["nodes"], contents);
    let blank = json!({"package": package_in("r", "api"), "content": " \n"});
    assert_eq!(
        refused(&app, "addResult", blank).await,
        at("REQUIRED", "content")
    );
    invariants::check(&app).await;
}
