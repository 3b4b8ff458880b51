//! Releases: recording them and asking for them again.

use serde_json::json;

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_recorded_release_is_found_by_its_id,
    a_release_of_one_process_is_seen_by_another,
    a_release_recorded_without_times_finished_now,
    users_sort_byte_for_byte,
);

async fn a_recorded_release_is_found_by_its_id(app: TestApp) {
    let recorded = release()
        .user("ann")
        .team("shop")
        .platforms(["web"])
        .package("api", "1.0")
        .started("2026-03-01T10:00:00Z")
        .finished("2026-03-01T10:05:00Z")
        .record(&app)
        .await;

    let query = "query ($id: ID!) {
        release(by: { id: $id }) { user team platformNames durationSeconds packages { name version } }
    }";
    let data = app.query(query, json!({"id": recorded["id"]})).await;
    let expected = json!({
        "user": "ann",
        "team": "shop",
        "platformNames": ["web"],
        "durationSeconds": 300.0,
        "packages": [{"name": "api", "version": "1.0"}],
    });
    assert_eq!(data["release"], expected);
}

async fn a_release_of_one_process_is_seen_by_another(app: TestApp) {
    let other = app.sibling().await;
    let recorded = release().user("ann").record(&app).await;

    let data = other
        .query("{ releases { nodes { id } } }", json!({}))
        .await;
    assert_eq!(data["releases"]["nodes"], json!([{"id": recorded["id"]}]));
}

async fn a_release_recorded_without_times_finished_now(app: TestApp) {
    app.set_now("2026-03-03T15:30:00Z");
    let payload = release().package("api", "1.0").send(&app).await;

    let release = &payload["release"];
    assert_eq!(release["startedAt"], json!(null));
    assert_eq!(release["finishedAt"], "2026-03-03T15:30:00.000Z");
    assert_eq!(payload["warnings"][0]["code"], "TIME_ASSUMED");
}

async fn users_sort_byte_for_byte(app: TestApp) {
    for name in ["bob", "Ann", "Zoe", "ann", "_x", "éva"] {
        release().user(name).record(&app).await;
    }

    let query = "{ releases(orderBy: [{ field: USER, direction: ASC }]) { nodes { user } } }";
    let data = app.query(query, json!({})).await;
    let users = data["releases"]["nodes"].as_array().unwrap().iter();
    let users: Vec<_> = users.map(|node| node["user"].as_str().unwrap()).collect();
    assert_eq!(users, ["Ann", "Zoe", "_x", "ann", "bob", "éva"]);
}
