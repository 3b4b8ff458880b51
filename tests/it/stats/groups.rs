//! Which groups there are, and in which order.

use serde_json::json;

use super::{histogram, series, stats, total, totals_by};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_release_counts_once_on_each_platform,
    a_release_counts_once_for_each_name_of_a_package,
    packages_count_on_each_platform_of_their_release,
    nobody_and_no_team_are_groups,
    groups_are_ordered_by_key,
    a_dimension_may_be_named_twice,
    a_question_costs_one_statement,
);

async fn a_release_counts_once_on_each_platform(app: TestApp) {
    release().platforms(["web", "eu"]).record(&app).await;
    release().platforms(["web"]).record(&app).await;
    release().record(&app).await;
    assert_eq!(total(&stats(&app, "").await[0]), 3);
    let rows = stats(&app, "groupBy: PLATFORM").await;
    let expected = [(Some("eu"), 1), (Some("web"), 2), (None, 1)];
    assert_eq!(totals_by(&rows, "platform"), expected);
}

async fn a_release_counts_once_for_each_name_of_a_package(app: TestApp) {
    release()
        .platforms(["web", "eu"])
        .package("api", "1")
        .package("worker", "1")
        .package("api", "2")
        .record(&app)
        .await;
    release().record(&app).await;
    let expected = [(Some("api"), 1), (Some("worker"), 1), (None, 1)];
    // SQLite has two ways to count, one of which knows nothing of ignoring the case.
    let whatever_case = ", filter: { not: { team: { eq: \"x\", ignoreCase: true } } }";
    for filter in ["", ", filter: { team: { isNull: true } }", whatever_case] {
        let rows = stats(&app, &format!("groupBy: PACKAGE{filter}")).await;
        assert_eq!(totals_by(&rows, "package"), expected, "{filter}");
    }
    let rows = histogram(&app, "part: DAY_OF_WEEK, groupBy: PACKAGE").await;
    let counts: u64 = rows.iter().map(total).sum();
    assert_eq!(counts, 3);
    let rows = stats(&app, "groupBy: [PLATFORM, PACKAGE]").await;
    let expected = [
        Some("api"),
        Some("worker"),
        Some("api"),
        Some("worker"),
        None,
    ];
    assert_eq!(totals_by(&rows, "package"), expected.map(|name| (name, 1)));
    let rows = stats(&app, "groupBy: PACKAGE, countBy: PACKAGES").await;
    let expected = [(Some("api"), 2), (Some("worker"), 1)];
    assert_eq!(totals_by(&rows, "package"), expected);
}

async fn packages_count_on_each_platform_of_their_release(app: TestApp) {
    release()
        .platforms(["web", "eu"])
        .package("api", "1")
        .package("worker", "1")
        .record(&app)
        .await;
    assert_eq!(total(&stats(&app, "countBy: PACKAGES").await[0]), 2);
    let rows = stats(&app, "countBy: PACKAGES, groupBy: PLATFORM").await;
    assert_eq!(
        totals_by(&rows, "platform"),
        [(Some("eu"), 2), (Some("web"), 2)]
    );
}

async fn nobody_and_no_team_are_groups(app: TestApp) {
    release().user("ann").record(&app).await;
    release().team("shop").record(&app).await;
    let by_user = stats(&app, "groupBy: USER").await;
    assert_eq!(totals_by(&by_user, "user"), [(Some("ann"), 1), (None, 1)]);
    let by_team = stats(&app, "groupBy: TEAM").await;
    assert_eq!(totals_by(&by_team, "team"), [(Some("shop"), 1), (None, 1)]);
    assert_eq!(
        by_team[0]["key"],
        json!({"user": null, "team": "shop", "platform": null, "package": null})
    );
}

async fn groups_are_ordered_by_key(app: TestApp) {
    for (user, team) in [("bob", "b"), ("Ann", "b"), ("éva", "a"), ("ann", "b")] {
        release().user(user).team(team).record(&app).await;
    }
    release().team("b").record(&app).await;
    let rows = stats(&app, "groupBy: [TEAM, USER]").await;
    let users: Vec<_> = totals_by(&rows, "user")
        .iter()
        .map(|(user, _)| *user)
        .collect();
    assert_eq!(
        users,
        [Some("éva"), Some("Ann"), Some("ann"), Some("bob"), None]
    );
    let rows = stats(&app, "groupBy: [USER, TEAM]").await;
    let users: Vec<_> = totals_by(&rows, "user")
        .iter()
        .map(|(user, _)| *user)
        .collect();
    assert_eq!(
        users,
        [Some("Ann"), Some("ann"), Some("bob"), Some("éva"), None]
    );
}

async fn a_dimension_may_be_named_twice(app: TestApp) {
    release().team("shop").platforms(["web"]).record(&app).await;
    let rows = stats(&app, "groupBy: [PLATFORM, TEAM, PLATFORM]").await;
    assert_eq!(totals_by(&rows, "platform"), [(Some("web"), 1)]);
}

async fn a_question_costs_one_statement(app: TestApp) {
    let mut costs = Vec::new();
    for number in 0..50 {
        release()
            .user(&format!("user {number}"))
            .platforms(["web", "eu"])
            .package("api", "1")
            .started("2026-02-01")
            .record(&app)
            .await;
        if number > 0 && number < 49 {
            continue;
        }
        for count_by in ["RELEASES", "PACKAGES"] {
            let groups = format!("groupBy: [USER, PLATFORM, PACKAGE], countBy: {count_by}");
            let before = app.statements();
            assert_eq!(stats(&app, &groups).await.len(), (number + 1) * 2);
            let from = format!("from: \"2026-01-01\", {groups}, interval: MONTH");
            assert_eq!(series(&app, &from).await.len(), (number + 1) * 2 * 3);
            let part = format!("part: MONTH_OF_YEAR, {groups}");
            assert_eq!(histogram(&app, &part).await.len(), (number + 1) * 2 * 12);
            costs.push(app.statements() - before);
        }
    }
    // Statistics and series are asked for twice, with durations and without.
    assert_eq!(costs, [5, 5, 5, 5]);
}
