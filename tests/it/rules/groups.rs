//! Changes that become durable together do not meddle with each other.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use entity::platform;
use futures_util::FutureExt as _;
use orlo::service::{Database, DatabaseOptions, Error};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{done, invariants, refused};
use crate::app::{TestApp, on_both_databases, run};
use crate::database::Backend;
use crate::rows::{id, time};

on_both_databases!(
    refusals_among_many_changes_change_nothing,
    callers_that_go_away_leave_nothing_open,
    callers_that_go_away_take_nothing_of_others_with_them,
    a_transaction_that_nobody_waits_for_ends,
);

async fn refusals_among_many_changes_change_nothing(app: TestApp) {
    done(&app, "createRelease", json!({"externalId": "taken"})).await;
    let mut calls = JoinSet::new();
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

async fn callers_that_go_away_take_nothing_of_others_with_them(app: TestApp) {
    let record = |name: &str| {
        let (app, input) = (
            app.clone(),
            json!({"externalId": name, "packages": {"name": "api"}}),
        );
        async move { done(&app, "recordRelease", input).await }
    };
    let mut answered = Vec::new();
    for waits in 0..40 {
        let mut callers = JoinSet::new();
        for caller in 0..4 {
            let name = format!("stays {waits} {caller}");
            callers.spawn(record(&name).map(drop));
            answered.push(name);
            let name = format!("leaves {waits} {caller}");
            callers.spawn(leave_after(waits, record(&name)));
        }
        callers.join_all().await;
    }
    let query = "query ($names: [String!]) {
        releases(filter: { externalId: { in: $names } }) { totalCount }
    }";
    let data = app.query(query, json!({ "names": answered })).await;
    assert_eq!(data["releases"]["totalCount"], answered.len());
    invariants::check(&app).await;
}

#[tokio::test]
async fn what_was_founded_on_a_change_that_was_taken_back_is_done_again() {
    run(Backend::Sqlite, async |app| {
        let database = app.database();
        let (go, begun) = (Semaphore::new(0), Semaphore::new(0));
        let attempts = AtomicUsize::new(0);
        let refused = database.write(|_| async {
            let attempt = attempts.fetch_add(1, Ordering::SeqCst);
            begun.add_permits(1);
            go.acquire().await.unwrap().forget();
            if attempt == 0 {
                return Err(Error::Refused(Vec::new()));
            }
            Ok(())
        });
        let broken = database.write(|tx| async move {
            tx.execute_unprepared("nothing like SQL").await?;
            Ok(())
        });
        let in_this_order = async {
            begun.acquire().await.unwrap().forget();
            let mut broken = pin!(broken);
            // It waits for its turn.
            assert!(futures_util::poll!(&mut broken).is_pending());
            go.add_permits(2);
            broken.await
        };
        let (refused, broken) = tokio::join!(refused, in_this_order);
        assert!(matches!(broken, Err(Error::Database(_))), "{broken:?}");
        assert!(refused.is_ok(), "{refused:?}");
        assert_eq!(attempts.load(Ordering::SeqCst), 2);
    })
    .await;
}

/// Or all that follows on its connection would be in it, and never be committed.
async fn a_transaction_that_nobody_waits_for_ends(app: TestApp) {
    const ROUNDS: u128 = 40;
    let mut options = DatabaseOptions::new(app.database_url());
    options.max_connections = 1;
    let database = Database::connect(&options).await.unwrap();
    for round in 0..ROUNDS {
        let waits = usize::try_from(round % 10).unwrap();
        leave_after(waits, database.begin()).await;
        let platform = platform::Model {
            id: id(round),
            name: round.to_string(),
            created_at: time(1_000),
        };
        let insert = platform::Entity::insert(platform.into_active_model());
        insert.exec(database.writer()).await.unwrap();
    }
    let reader = app.database().reader();
    let stored = platform::Entity::find().count(&reader).await.unwrap();
    assert_eq!(u128::from(stored), ROUNDS);
    drop(reader);
    database.close().await.unwrap();
}

/// Leaves `work` alone once it has waited for something so many times.
async fn leave_after(waits: usize, work: impl Future) {
    let (mut work, mut left) = (pin!(work), waits);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Pending if left > 0 => {
            left -= 1;
            Poll::Pending
        }
        _ => Poll::Ready(()),
    })
    .await;
}
