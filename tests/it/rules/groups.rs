//! Changes that become durable together do not meddle with each other.

use serde_json::json;

use super::{done, invariants, refused};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    refusals_among_many_changes_change_nothing,
    callers_that_go_away_leave_nothing_open,
);

async fn refusals_among_many_changes_change_nothing(app: TestApp) {
    done(&app, "createRelease", json!({"externalId": "taken"})).await;
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..60 {
        let app = app.clone();
        calls.spawn(async move {
            if index % 3 == 0 {
                let input = json!({"externalId": "taken", "onConflict": "ERROR", "user": "eve"});
                refused(&app, "createRelease", input).await;
            } else {
                let input = json!({"externalId": format!("r{index}"), "platforms": "web",
                    "packages": {"name": "api", "version": "1"}});
                done(&app, "recordRelease", input).await;
            }
        });
    }
    calls.join_all().await;
    let query = "{ all: releases { totalCount } eve: releases(filter: { user: { eq: \"eve\" } }) { totalCount } }";
    let data = app.query(query, json!({})).await;
    assert_eq!(data["all"]["totalCount"], 41);
    assert_eq!(data["eve"]["totalCount"], 0);
    invariants::check(&app).await;
}

async fn callers_that_go_away_leave_nothing_open(app: TestApp) {
    for rounds in 0..40 {
        let input = json!({"externalId": format!("gone {rounds}"), "packages": {"name": "api"}});
        let app = app.clone();
        let call = tokio::spawn(async move { done(&app, "recordRelease", input).await });
        // Somewhere in the middle.
        for _ in 0..rounds {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
    }
    // Another process can write, so no transaction was left open.
    let other = app.sibling().await;
    done(&other, "recordRelease", json!({"externalId": "after"})).await;
    done(&app, "recordRelease", json!({"externalId": "and after"})).await;
    invariants::check(&app).await;
}
