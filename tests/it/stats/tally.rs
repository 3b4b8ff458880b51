//! Counts of whole days, which are kept while releases are written.

use ::migration::{Migrator, MigratorTrait as _};
use orlo::service::tally;
use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;

use super::{histogram, list, series, stats, total, totals_by};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::rules::invariants;

on_both_databases!(
    whatever_changes_is_counted_anew,
    a_range_may_begin_and_end_within_a_day,
    filters_of_what_is_counted_are_met,
    a_long_list_of_teams_fits,
    folding_changes_nothing,
    what_was_there_before_is_counted,
);

async fn change(app: &TestApp, mutation: &str) {
    let answer = app
        .mutate(&format!("mutation {{ {mutation} }}"), json!({}))
        .await;
    assert_eq!(answer["ok"], true, "{mutation}");
    invariants::check(app).await;
}

/// Three teams, one of them nameless, over three days.
async fn prepare(app: &TestApp) {
    for (key, team, start, status) in [
        ("a", Some("web"), "2026-02-01T23:59:59.999Z", "SUCCESSFUL"),
        ("b", Some("web"), "2026-02-02", "SUCCESSFUL"),
        ("c", Some("web"), "2026-02-02T12:00:00Z", "FAILED"),
        ("d", Some("api"), "2026-02-02T18:00:00Z", "SUCCESSFUL"),
        ("e", None, "2026-02-03T00:00:00Z", "SUCCESSFUL"),
        ("f", None, "2026-02-03T09:30:00Z", "FAILED"),
    ] {
        let mut release = release().external_id(key).started(start);
        if let Some(team) = team {
            release = release.team(team);
        }
        let package = json!({"name": "app", "status": status});
        release.package_with(package).record(app).await;
    }
}

async fn whatever_changes_is_counted_anew(app: TestApp) {
    prepare(&app).await;
    invariants::check(&app).await;
    for mutation in [
        "updateRelease(input: {release: {externalId: \"a\"}, team: \"api\"}) { ok }",
        "updateRelease(input: {release: {externalId: \"a\"}, clear: [TEAM]}) { ok }",
        "updateRelease(input: {release: {externalId: \"a\"}, startedAt: \"2026-01-01\"}) { ok }",
        "updateRelease(input: {release: {externalId: \"b\"}, user: \"ann\"}) { ok }",
        "addPackage(input: {release: {externalId: \"b\"}, package: {name: \"db\", status: FAILED}}) { ok }",
        "addPackage(input: {release: {externalId: \"d\"}, package: {name: \"db\", rollback: true}}) { ok }",
        "deleteRelease(input: {release: {externalId: \"c\"}}) { ok }",
        "createRelease(input: {externalId: \"g\", team: \"web\"}) { ok }",
        "startRelease(input: {release: {externalId: \"g\"}}) { ok }",
        "finishRelease(input: {release: {externalId: \"g\"}}) { ok }",
    ] {
        change(&app, mutation).await;
    }
    assert_eq!(total(&stats(&app, "").await[0]), 6);
}

async fn a_range_may_begin_and_end_within_a_day(app: TestApp) {
    prepare(&app).await;
    for (from, to, expected) in [
        (
            "2026-02-01T23:59:59.999Z",
            "2026-02-03T09:30:00Z",
            vec![1, 3, 1],
        ),
        ("2026-02-02T12:00:00Z", "2026-02-04", vec![2, 2]),
        (
            "2026-02-02T12:00:00.001Z",
            "2026-02-03T09:30:00.001Z",
            vec![1, 2],
        ),
        ("2026-02-02T01:00:00Z", "2026-02-02T13:00:00Z", vec![1]),
        ("2026-02-02T01:00:00Z", "2026-02-03T01:00:00Z", vec![2, 1]),
    ] {
        let points = series(&app, &format!("from: \"{from}\", to: \"{to}\"")).await;
        let totals: Vec<_> = points.iter().map(total).collect();
        assert_eq!(totals, expected, "{from} to {to}");
    }
    let month = "from: \"2026-02-01\", to: \"2026-02-20T12:00:00Z\", interval: MONTH";
    let points = series(&app, &format!("{month}, groupBy: TEAM")).await;
    let expected = [(Some("api"), 1), (Some("web"), 3), (None, 2)];
    assert_eq!(totals_by(&points, "team"), expected);
    let there = series(&app, &format!("{month}, timeZone: \"Asia/Tokyo\"")).await;
    assert_eq!(total(&there[0]), 6);
}

async fn filters_of_what_is_counted_are_met(app: TestApp) {
    prepare(&app).await;
    // One that is only known to have finished.
    release()
        .team("ops")
        .finished("2026-02-02")
        .record(&app)
        .await;
    for (filter, expected) in [
        ("team: {eq: \"web\"}", 3),
        ("team: {eq: \"WEB\", ignoreCase: true}", 3),
        ("team: {ne: \"web\"}", 4),
        ("team: {isNull: true}", 2),
        ("team: {in: [\"web\", \"api\"]}, status: {eq: FAILED}", 1),
        ("status: {in: [FAILED]}, not: {team: {isNull: true}}", 1),
        ("or: [{team: {isNull: true}}, {status: {eq: FAILED}}]", 3),
        ("rollback: {eq: true}", 0),
        ("startedAt: {gte: \"2026-02-02\", lt: \"2026-02-03\"}", 3),
        ("startedAt: {gte: \"2026-02-02\"}, team: {eq: \"web\"}", 2),
        (
            "startedAt: {gte: \"2026-02-02T12:00:00Z\", lt: \"2026-02-03\"}",
            2,
        ),
        ("not: {startedAt: {lt: \"2026-02-03\"}}", 3),
        ("startedAt: {isNull: true}", 1),
        (
            "and: [{team: {startsWith: \"w\"}}, {user: {isNull: true}}]",
            3,
        ),
    ] {
        let row = &stats(&app, &format!("filter: {{{filter}}}")).await[0];
        assert_eq!(total(row), expected, "{filter}");
        let query = format!("{{ rows: releases(filter: {{{filter}}}) {{ totalCount }} }}");
        let count = &app.query(&query, json!({})).await["rows"]["totalCount"];
        assert_eq!(*count, expected, "{filter}");
        let bars = histogram(&app, &format!("part: DAY_OF_WEEK, filter: {{{filter}}}")).await;
        let bars: u64 = bars.iter().map(total).sum();
        assert_eq!(bars, expected, "{filter}");
    }
}

async fn a_long_list_of_teams_fits(app: TestApp) {
    prepare(&app).await;
    let query = "
        query ($teams: [String!]) {
            releaseSeries(
                from: \"2026-02-01T12:00:00Z\", to: \"2026-02-03T06:00:00Z\", interval: DAY
                filter: { team: { in: $teams } }
            ) { counts { total { total } } }
        }";
    for others in [4_000, 9_900] {
        let mut teams: Vec<String> = (0..others).map(|number| format!("t{number}")).collect();
        teams.extend(["web".to_owned(), "api".to_owned()]);
        let data = app.query(query, json!({"teams": teams})).await;
        let expected = json!([1, 3, 0].map(|total| json!({"counts": {"total": {"total": total}}})));
        assert_eq!(data["releaseSeries"], expected, "{others}");
    }
}

async fn folding_changes_nothing(app: TestApp) {
    prepare(&app).await;
    let question =
        "{ rows: releaseStats(groupBy: TEAM) { key { team } counts { total { total failed } } } }";
    let before = list(&app, question).await;
    for _ in 0..2 {
        tally::fold(app.database()).await.unwrap();
        invariants::check(&app).await;
        assert_eq!(list(&app, question).await, before);
    }
    change(
        &app,
        "deleteRelease(input: {release: {externalId: \"d\"}}) { ok }",
    )
    .await;
    tally::fold(app.database()).await.unwrap();
    invariants::check(&app).await;
    let count = Statement::from_string(
        app.database().backend(),
        "SELECT count(*) AS count FROM release_tally",
    );
    let rows = app.database().writer().query_one_raw(count).await.unwrap();
    let rows: i64 = rows.unwrap().try_get("", "count").unwrap();
    assert_eq!(rows, 5, "one for each day, team and status");
}

async fn what_was_there_before_is_counted(app: TestApp) {
    prepare(&app).await;
    change(
        &app,
        "deleteRelease(input: {release: {externalId: \"d\"}}) { ok }",
    )
    .await;
    // One that is only known to have finished.
    let finished = release().team("ops").finished("2026-02-02");
    finished.package("app", "1").record(&app).await;
    let before = stats(&app, "groupBy: TEAM").await;
    let writer = app.database().writer();
    // What packages know of their release is filled in again as well.
    let steps = Migrator::migrations();
    let counting = steps
        .iter()
        .position(|step| step.name().ends_with("tally_releases"));
    let counting = u32::try_from(steps.len() - counting.unwrap()).unwrap();
    Migrator::down(writer, Some(counting)).await.unwrap();
    Migrator::up(writer, None).await.unwrap();
    invariants::check(&app).await;
    assert_eq!(stats(&app, "groupBy: TEAM").await, before);
}
