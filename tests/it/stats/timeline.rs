//! Releases as marks on a time axis.

use serde_json::json;

use super::refusal;
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    an_item_says_what_a_chart_shows,
    an_item_says_nothing_that_is_not_known,
    items_are_those_of_the_range_and_the_oldest_come_first,
    a_timeline_is_limited,
    a_timeline_costs_one_statement_and_one_per_relation,
);

const ITEMS: &str = "time timeEnd title text tags status rollback release { user }";

async fn an_item_says_what_a_chart_shows(app: TestApp) {
    release()
        .user("ann")
        .team("shop")
        .platforms(["web", "eu"])
        .references(["SHOP-1", "SHOP-2"])
        .package("api", "1.4.0")
        .package_with(json!({"name": "worker", "version": "2.0", "rollback": true}))
        .package_with(json!({"name": "web"}))
        .started("2026-02-01T10:00:00Z")
        .finished("2026-02-01T10:05:00Z")
        .record(&app)
        .await;
    let query = format!("{{ timeline(from: \"2026-02-01\") {{ {ITEMS} }} }}");
    let expected = json!([{
        "time": "2026-02-01T10:00:00.000Z",
        "timeEnd": "2026-02-01T10:05:00.000Z",
        "title": "api 1.4.0, worker 2.0, web",
        "text": "by ann for shop: SHOP-1, SHOP-2",
        "tags": ["web", "eu", "shop", "api", "worker", "SUCCESSFUL", "rollback"],
        "status": "SUCCESSFUL",
        "rollback": true,
        "release": {"user": "ann"},
    }]);
    assert_eq!(app.query(&query, json!({})).await["timeline"], expected);
}

async fn an_item_says_nothing_that_is_not_known(app: TestApp) {
    release()
        .finished("2026-02-01T10:05:00Z")
        .success(false)
        .record(&app)
        .await;
    let query = format!("{{ timeline(from: \"2026-02-01\") {{ {ITEMS} }} }}");
    let expected = json!([{
        "time": "2026-02-01T10:05:00.000Z",
        "timeEnd": null,
        "title": "release",
        "text": "",
        "tags": ["FAILED"],
        "status": "FAILED",
        "rollback": false,
        "release": {"user": null},
    }]);
    assert_eq!(app.query(&query, json!({})).await["timeline"], expected);
}

async fn items_are_those_of_the_range_and_the_oldest_come_first(app: TestApp) {
    for (user, start) in [
        ("d", "2026-02-03"),
        ("b", "2026-02-01"),
        ("a", "2026-01-31T23:59:59Z"),
    ] {
        release().user(user).started(start).record(&app).await;
    }
    release()
        .user("c")
        .finished("2026-02-02")
        .record(&app)
        .await;
    let users = async |arguments: &str| {
        let query = format!("{{ timeline({arguments}) {{ release {{ user }} }} }}");
        let data = app.query(&query, json!({})).await;
        let items = data["timeline"].as_array().unwrap().clone();
        items
            .iter()
            .map(|item| item["release"]["user"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let range = "from: \"2026-02-01\", to: \"2026-02-03\"";
    assert_eq!(users(range).await, ["b", "c"]);
    assert_eq!(users("from: \"2026-02-01\"").await, ["b", "c", "d"]);
    assert_eq!(users("from: 0, limit: 2").await, ["a", "b"]);
    let only = format!("{range}, filter: {{ user: {{ eq: \"c\" }} }}");
    assert_eq!(users(&only).await, ["c"]);
}

async fn a_timeline_is_limited(app: TestApp) {
    for limit in ["0", "-1", "10001"] {
        let query = format!("{{ timeline(from: 0, limit: {limit}) {{ title }} }}");
        let (code, message) = refusal(&app, &query).await;
        assert_eq!(code, "BAD_REQUEST");
        assert_eq!(message, "limit must be between 1 and 10000");
    }
}

async fn a_timeline_costs_one_statement_and_one_per_relation(app: TestApp) {
    for number in 0..7 {
        release()
            .platforms(["web"])
            .references(["A-1"])
            .package("api", &number.to_string())
            .started("2026-02-01")
            .record(&app)
            .await;
    }
    let cost = async |fields: &str| {
        let before = app.statements();
        let query = format!("{{ timeline(from: 0) {{ {fields} }} }}");
        let data = app.query(&query, json!({})).await;
        assert_eq!(data["timeline"].as_array().unwrap().len(), 7);
        app.statements() - before
    };
    assert_eq!(cost("time status").await, 1);
    assert_eq!(cost("time title").await, 2);
    // What is asked at the same time is one statement.
    let all = "time title text tags release { packages { name } }";
    assert_eq!(cost(all).await, 2);
}
