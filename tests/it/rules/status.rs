//! The status of a release, from its packages and what was told of the release itself.

use serde_json::{Value, json};

use super::{call, done, invariants, key};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    the_first_rule_that_applies_says_the_status,
    the_filter_by_status_agrees_with_the_field,
);

/// What was told of a release beside its packages.
#[derive(Clone, Copy, Debug)]
enum Facts {
    Created,
    Started,
    Finished,
    FinishedWell,
    FinishedBadly,
    Recorded,
    RecordedBadly,
    /// As over, without the time when it finished.
    RecordedOpen,
}

use Facts::{
    Created, Finished, FinishedBadly, FinishedWell, Recorded, RecordedBadly, RecordedOpen, Started,
};

const ALL: [Facts; 8] = [
    Created,
    Started,
    Finished,
    FinishedWell,
    FinishedBadly,
    Recorded,
    RecordedBadly,
    RecordedOpen,
];

const BAD: &str = "FAILED";
const RUNS: &str = "IN_PROGRESS";
const GOOD: &str = "SUCCESSFUL";
const WAITS: &str = "NOT_STARTED";

/// Packages, what was told of the release, its status and whether it is partial.
const TABLE: [(&[&str], Facts, &str, bool); 30] = [
    (&[BAD], Created, BAD, false),
    (&[BAD], FinishedWell, BAD, false),
    (&[GOOD, BAD], Recorded, BAD, true),
    (&[BAD, RUNS, WAITS], Created, BAD, false),
    (&[WAITS, GOOD, RUNS, BAD], Started, BAD, true),
    (&[RUNS], Created, RUNS, false),
    (&[RUNS], Finished, RUNS, false),
    (&[RUNS], Recorded, RUNS, false),
    (&[RUNS], RecordedOpen, RUNS, false),
    (&[RUNS, WAITS], Created, RUNS, false),
    (&[GOOD, RUNS], Started, RUNS, true),
    (&[GOOD], Created, GOOD, false),
    (&[GOOD, GOOD], Finished, GOOD, false),
    (&[GOOD], RecordedBadly, GOOD, false),
    (&[WAITS], Created, WAITS, false),
    (&[WAITS, WAITS], Started, WAITS, false),
    (&[WAITS], Finished, WAITS, false),
    (&[WAITS], Recorded, WAITS, false),
    (&[GOOD, WAITS], Created, RUNS, true),
    (&[WAITS, GOOD], Started, RUNS, true),
    (&[GOOD, WAITS], Finished, GOOD, true),
    (&[GOOD, WAITS], Recorded, GOOD, true),
    (&[GOOD, WAITS], RecordedOpen, GOOD, true),
    (&[], FinishedBadly, BAD, false),
    (&[], RecordedBadly, BAD, false),
    (&[], Finished, GOOD, false),
    (&[], Recorded, GOOD, false),
    (&[], RecordedOpen, GOOD, false),
    (&[], Started, RUNS, false),
    (&[], Created, WAITS, false),
];

async fn tell(app: &TestApp, key_: &str, packages: &[&str], facts: Facts) -> Value {
    let package =
        |(index, status)| json!({"name": format!("p{index}"), "version": "1", "status": status});
    let packages: Vec<Value> = packages.iter().enumerate().map(package).collect();
    let mut input = json!({"externalId": key_, "packages": packages});
    let told = match facts {
        Recorded => return done(app, "recordRelease", input).await["release"].take(),
        RecordedBadly => {
            input["success"] = json!(false);
            return done(app, "recordRelease", input).await["release"].take();
        }
        RecordedOpen => {
            input["startedAt"] = json!("2026-03-01T11:00:00Z");
            let release = done(app, "recordRelease", input).await["release"].take();
            assert_eq!(release["finishedAt"], Value::Null);
            return release;
        }
        Started => {
            input["startedAt"] = json!("2026-03-01T11:00:00Z");
            return done(app, "createRelease", input).await["release"].take();
        }
        Created => return done(app, "createRelease", input).await["release"].take(),
        Finished => Value::Null,
        FinishedWell => json!(true),
        FinishedBadly => json!(false),
    };
    done(app, "createRelease", input).await;
    let finish = json!({"release": key(key_), "success": told});
    call(app, "finishRelease", finish).await["release"].take()
}

async fn the_first_rule_that_applies_says_the_status(app: TestApp) {
    for (number, (packages, facts, status, is_partial)) in TABLE.into_iter().enumerate() {
        let release = tell(&app, &format!("row {number}"), packages, facts).await;
        let told = format!("{packages:?} and {facts:?}");
        assert_eq!(release["status"], status, "{told}");
        assert_eq!(release["isPartial"], is_partial, "{told}");
        assert_eq!(release["packageCount"], packages.len(), "{told}");
    }
    invariants::check(&app).await;
}

async fn the_filter_by_status_agrees_with_the_field(app: TestApp) {
    let statuses = [BAD, RUNS, GOOD, WAITS];
    for set in 0..16_usize {
        let packages = (0..4)
            .filter(|bit| set & (1 << bit) != 0)
            .map(|bit| statuses[bit]);
        let packages: Vec<&str> = packages.collect();
        for facts in ALL {
            tell(&app, &format!("{set} {facts:?}"), &packages, facts).await;
        }
    }
    let query = "query ($filter: ReleaseFilter) {
        releases(first: 1000, filter: $filter) { totalCount nodes { id status } }
    }";
    let all = app.query(query, json!({})).await["releases"].take();
    assert_eq!(all["totalCount"], 16 * ALL.len());
    for status in statuses {
        let with_field = |is_status: bool| {
            let nodes = all["nodes"].as_array().unwrap().iter();
            let nodes = nodes.filter(move |node| (node["status"] == status) == is_status);
            nodes.cloned().collect::<Vec<_>>()
        };
        for (filter, is_status) in [
            (json!({"eq": status}), true),
            (json!({"in": [status]}), true),
            (json!({"ne": status}), false),
            (json!({"notIn": [status]}), false),
        ] {
            let variables = json!({"filter": {"status": filter}});
            let found = app.query(query, variables).await["releases"].take();
            assert_eq!(found["nodes"], json!(with_field(is_status)), "{filter}");
        }
        assert!(!with_field(true).is_empty(), "{status}");
    }
    invariants::check(&app).await;
}
