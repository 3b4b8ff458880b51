//! What is current, and when.

use serde_json::{Value, json};

use super::{delete, deploy, everything, record_a_week};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_week_can_be_travelled_through,
    what_finished_last_runs_whatever_started_last,
    what_is_recorded_for_later_does_not_run_yet,
    ties_are_broken_by_start_and_then_by_id,
    releases_without_platforms_are_listed_last,
    deleted_releases_do_not_count,
    a_half_failed_release_counts_unless_whole_releases_are_asked_for,
    packages_and_platforms_can_be_chosen,
    a_version_may_be_unknown,
    a_package_that_finishes_later_runs_later,
    releases_that_move_take_their_versions_along,
    the_promised_operation_works,
);

async fn a_week_can_be_travelled_through(app: TestApp) {
    record_a_week(&app).await;
    app.set_now("2026-03-09T00:00:00Z");
    for (time, expected) in [
        ("2026-03-02T09:09:59.999Z", None),
        ("2026-03-02T09:10:00Z", Some("v1<-")),
        ("2026-03-03T15:30:00Z", Some("v3<v2")),
        ("2026-03-03T16:10:00Z", Some("v1<v3")),
        ("2026-03-04T09:30:00Z", Some("v1<v3")),
        ("2026-03-04T10:10:00Z", Some("v4<v1")),
        ("2026-03-06T12:30:00Z", Some("v5<v4")),
        ("2026-03-09", Some("v7<v5")),
    ] {
        let versions = everything(&app, &format!("(platform: \"prod\", asOf: \"{time}\")")).await;
        let expected: Vec<_> = expected.iter().map(|it| format!("api prod {it}")).collect();
        assert_eq!(versions, expected, "{time}");
    }
    assert_eq!(everything(&app, "").await, ["api prod v7<v5"]);
}

async fn what_finished_last_runs_whatever_started_last(app: TestApp) {
    let times = [
        ("A", "2026-02-01T10:00:00Z", "2026-02-01T10:30:00Z"),
        ("B", "2026-02-01T10:10:00Z", "2026-02-01T10:15:00Z"),
    ];
    for (version, start, finish) in times {
        let it = release().platforms(["prod"]).package("api", version);
        it.started(start).finished(finish).record(&app).await;
    }
    assert_eq!(everything(&app, "").await, ["api prod A<B"]);
}

async fn what_is_recorded_for_later_does_not_run_yet(app: TestApp) {
    deploy("api", "1", "2026-02-01").record(&app).await;
    deploy("api", "2", "2026-03-02").record(&app).await;
    assert_eq!(everything(&app, "").await, ["api - 1<-"]);
    assert_eq!(
        everything(&app, "(asOf: \"2026-03-02\")").await,
        ["api - 2<1"]
    );
    app.set_now("2026-03-02T00:00:00Z");
    assert_eq!(everything(&app, "").await, ["api - 2<1"]);
}

async fn ties_are_broken_by_start_and_then_by_id(app: TestApp) {
    let finish = "2026-02-01T10:00:00Z";
    for (version, start) in [
        ("late", json!("2026-02-01T09:30:00Z")),
        ("early", json!("2026-02-01T09:00:00Z")),
        ("unknown", json!(null)),
    ] {
        let package =
            json!({"name": "web", "version": version, "startedAt": start, "finishedAt": finish});
        release().package_with(package).record(&app).await;
    }
    for version in ["first", "second"] {
        deploy("zip", version, finish).record(&app).await;
    }
    let versions = everything(&app, "").await;
    assert_eq!(versions, ["web - late<early", "zip - second<first"]);
}

async fn releases_without_platforms_are_listed_last(app: TestApp) {
    deploy("api", "nowhere", "2026-02-03").record(&app).await;
    let both = deploy("api", "1", "2026-02-01").platforms(["web", "eu"]);
    both.record(&app).await;
    let eu = deploy("api", "2", "2026-02-02").platforms(["eu"]);
    eu.record(&app).await;
    deploy("Api", "0", "2026-02-01").record(&app).await;
    let expected = ["Api - 0<-", "api eu 2<1", "api web 1<-", "api - nowhere<-"];
    assert_eq!(everything(&app, "").await, expected);
}

async fn deleted_releases_do_not_count(app: TestApp) {
    deploy("api", "1", "2026-02-01").record(&app).await;
    let second = deploy("api", "2", "2026-02-02").record(&app).await;
    deploy("api", "3", "2026-02-03").record(&app).await;
    delete(&app, &second).await;
    assert_eq!(everything(&app, "").await, ["api - 3<1"]);
    assert_eq!(
        everything(&app, "(asOf: \"2026-02-02\")").await,
        ["api - 1<-"]
    );
}

async fn a_half_failed_release_counts_unless_whole_releases_are_asked_for(app: TestApp) {
    deploy("api", "1", "2026-02-01").record(&app).await;
    deploy("api", "2", "2026-02-02")
        .package_with(json!({"name": "db", "version": "9", "status": "FAILED"}))
        .record(&app)
        .await;
    deploy("api", "3", "2026-02-03").record(&app).await;
    let at = "asOf: \"2026-02-02\"";
    let counted = everything(&app, &format!("({at})")).await;
    assert_eq!(counted, ["api - 2<1"]);
    let whole = everything(&app, &format!("({at}, byRelease: true)")).await;
    assert_eq!(whole, ["api - 1<-"]);
    let whole = everything(&app, "(byRelease: true)").await;
    assert_eq!(whole, ["api - 3<1"]);
}

async fn packages_and_platforms_can_be_chosen(app: TestApp) {
    for (package, platform) in [
        ("api", "eu"),
        ("api", "us"),
        ("web-a", "eu"),
        ("web-b", "eu"),
        ("it's {\"odd\", \\}", "us"),
    ] {
        let it = deploy(package, "1", "2026-02-01").platforms([platform]);
        it.record(&app).await;
    }
    for (arguments, expected) in [
        (
            "(package: { eq: \"api\" })",
            vec!["api eu 1<-", "api us 1<-"],
        ),
        (
            "(package: { eq: \"api\" }, platform: \"us\")",
            vec!["api us 1<-"],
        ),
        (
            "(package: { startsWith: \"web-\" })",
            vec!["web-a eu 1<-", "web-b eu 1<-"],
        ),
        (
            "(package: { in: [\"web-b\", \"api\", \"api\", \"x\"], ne: \"web-b\" }, platform: \"eu\")",
            vec!["api eu 1<-"],
        ),
        (
            "(package: { eq: \"API\", ignoreCase: true }, platform: \"us\")",
            vec!["api us 1<-"],
        ),
        ("(package: { in: [] })", vec![]),
        ("(platform: \"mars\")", vec![]),
        ("(platform: \"a\\u0000b\")", vec![]),
        (
            "(package: { eq: \"it's {\\\"odd\\\", \\\\}\" })",
            vec!["it's {\"odd\", \\} us 1<-"],
        ),
    ] {
        assert_eq!(everything(&app, arguments).await, expected, "{arguments}");
    }
}

async fn a_version_may_be_unknown(app: TestApp) {
    deploy("api", "1", "2026-02-01").record(&app).await;
    release()
        .package_with(json!({"name": "api"}))
        .finished("2026-02-02")
        .record(&app)
        .await;
    assert_eq!(everything(&app, "").await, ["api - -<1"]);
    deploy("api", "2", "2026-02-03").record(&app).await;
    assert_eq!(everything(&app, "").await, ["api - 2<-"]);
}

async fn a_package_that_finishes_later_runs_later(app: TestApp) {
    deploy("api", "1", "2026-02-01").record(&app).await;
    let create = "mutation { createRelease(input: { externalId: \"r\", packages: { name: \"api\", \
                  version: \"2\", externalId: \"p\" } }) { ok } }";
    app.query(create, json!({})).await;
    let start = "mutation { startPackage(input: { package: { externalId: \"p\" } }) { ok } }";
    app.query(start, json!({})).await;
    assert_eq!(everything(&app, "").await, ["api - 1<-"]);
    let finish = "mutation { finishPackage(input: { package: { externalId: \"p\" }, success: true \
                  }) { ok } }";
    app.query(finish, json!({})).await;
    assert_eq!(everything(&app, "").await, ["api - 2<1"]);
    let again = "mutation { startPackage(input: { package: { externalId: \"p\" }, retry: true }) { \
                 ok } }";
    app.query(again, json!({})).await;
    assert_eq!(everything(&app, "").await, ["api - 1<-"]);
}

async fn releases_that_move_take_their_versions_along(app: TestApp) {
    let told = |platform, version: &str| {
        deploy("api", version, "2026-02-01")
            .external_id("r")
            .platforms([platform])
            .with("onConflict", "UPDATE")
    };
    told("eu", "1").record(&app).await;
    assert_eq!(everything(&app, "").await, ["api eu 1<-"]);
    told("us", "1").record(&app).await;
    assert_eq!(everything(&app, "").await, ["api us 1<-"]);
    told("us", "2").record(&app).await;
    assert_eq!(everything(&app, "").await, ["api us 2<1"]);
    let moved = told("mars", "1").with("platforms", Value::Array(vec![]));
    moved.record(&app).await;
    assert_eq!(everything(&app, "").await, ["api - 2<1"]);
}

async fn the_promised_operation_works(app: TestApp) {
    deploy("api", "1", "2026-03-01")
        .platforms(["web"])
        .record(&app)
        .await;
    deploy("api", "2", "2026-03-03T15:00:00Z")
        .platforms(["web"])
        .user("ann")
        .references(["SHOP-1"])
        .record(&app)
        .await;
    let query = "query Versions { currentVersions(platform: \"web\", asOf: \
                 \"2026-03-03T15:30:00Z\") { package version previousVersion deployment { release { \
                 user references } } } }";
    let data = app.query(query, json!({})).await;
    let expected = json!([{
        "package": "api",
        "version": "2",
        "previousVersion": "1",
        "deployment": {"release": {"user": "ann", "references": ["SHOP-1"]}},
    }]);
    assert_eq!(data["currentVersions"], expected);
}
