//! How SQLite finds what a change needs. It knows nothing of how many rows there are, and of two indexes
//! that seem alike takes the one that was built last: after an import into a new database that is another
//! one than before.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::json;

use crate::app::{TestApp, run};
use crate::database::Backend;
use crate::indexes::{import, releases};

/// The tables that grow with the history.
const LARGE: [&str; 10] = [
    "release",
    "release_platform",
    "release_reference",
    "release_note",
    "release_metadata",
    "package",
    "package_result",
    "deployment",
    "failure",
    "event",
];

/// What has few rows in each of them.
const FEW: [&str; 6] = [
    "(id=?",
    "(external_id=?",
    "(release_id=?",
    "(package_id=?",
    "(failure_id=?",
    "(rowid=?",
];

/// Changes of each kind.
const CHANGES: &[&str] = &[
    r#"createRelease(input: { externalId: "c", user: "ann", platforms: ["web"], packages: [{ name: "api", version: "2" }, { name: "web", externalId: "p" }] })"#,
    r#"startRelease(input: { release: { externalId: "c" } })"#,
    r#"startPackage(input: { package: { inRelease: { release: { externalId: "c" }, name: "api" } } })"#,
    r#"finishPackage(input: { package: { inRelease: { release: { externalId: "c" }, name: "api" } }, success: true, result: "ok" })"#,
    r#"finishPackage(input: { package: { externalId: "p" }, success: true })"#,
    r#"addPackage(input: { release: { externalId: "c" }, package: { name: "db", version: "1" } })"#,
    r#"addResult(input: { package: { externalId: "p" }, content: "more" })"#,
    r#"addNote(input: { release: { externalId: "c" }, text: "slow" })"#,
    r#"setMetadata(input: { release: { externalId: "c" }, metadata: { build: "7" } })"#,
    r#"finishRelease(input: { release: { externalId: "c" }, success: true })"#,
    r#"updatePackage(input: { package: { externalId: "p" }, version: "3" })"#,
    r#"updateRelease(input: { release: { externalId: "c" }, platforms: ["eu"], references: ["A-1"], team: "maps" })"#,
    r#"reportFailure(input: { release: { externalId: "c" }, package: { externalId: "p" } })"#,
    r#"recordRelease(input: { externalId: "r7", platforms: ["web"], packages: [{ name: "api", version: "9" }], onConflict: UPDATE })"#,
    r#"recordRelease(input: { externalId: "n", platforms: ["web"], packages: [{ name: "api", externalId: "q" }] })"#,
    r#"deletePackage(input: { package: { externalId: "p" } })"#,
    r#"deleteRelease(input: { release: { externalId: "c" } })"#,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_change_looks_at_what_belongs_to_it_and_no_more() {
    run(Backend::Sqlite, async |app| {
        import(&app, &[], &releases(1_100));
        let (app, heard) = app.hearing_statements().await;
        for change in CHANGES {
            let mutation = format!("mutation {{ {change} {{ ok userErrors {{ message }} }} }}");
            let payload = app.mutate(&mutation, json!({})).await;
            assert_eq!(payload["ok"], true, "{change}: {payload}");
        }
        let statements = heard.lock().unwrap().clone();
        assert!(statements.len() > 30, "{statements:#?}");
        let mut found = BTreeSet::new();
        // What inserts rows given by their values looks for nothing that is there: its plan is about
        // references to rows that were missing, which it does not come to.
        let seeking = statements.iter().filter(|it| !it.contains(" VALUES "));
        for statement in seeking {
            for step in plan(&app, statement).await {
                if goes_through_much(&step) {
                    found.insert(format!("{step}\n    in {statement}"));
                }
            }
        }
        assert!(
            found.is_empty(),
            "{}",
            found.into_iter().collect::<Vec<_>>().join("\n")
        );
    })
    .await;
}

/// Questions, and what a step of the plan of one of their statements must say.
const QUESTIONS: &[(&str, &str)] = &[
    (
        r#"packages(filter: { name: { eq: "api" }, version: { eq: "7" } }) { nodes { id } }"#,
        "SEARCH package USING INDEX package_version (version=? AND name=?)",
    ),
    (
        r#"releases(filter: { packages: { some: { name: { eq: "api" }, version: { eq: "7" } } } }) { nodes { id } }"#,
        "SEARCH lead USING COVERING INDEX package_version (version=? AND name=?)",
    ),
    // A version may be that of nearly all packages.
    (
        r#"packages(filter: { version: { eq: "7" } }) { nodes { id } }"#,
        "SCAN package USING INDEX package_started_at",
    ),
    (
        r#"releaseSeries(from: "2026-03-01", groupBy: PLATFORM) { start counts { total { total } } }"#,
        "SEARCH release USING COVERING INDEX release_started_at (started_at>? AND started_at<?)",
    ),
    (
        r#"releaseSeries(from: "2026-03-01", countBy: PACKAGES) { start counts { total { total } } }"#,
        "SEARCH package USING INDEX package_started_at (started_at>? AND started_at<?)",
    ),
    // In the order in which they were recorded.
    (
        "releaseStats(groupBy: PLATFORM) { counts { total { total } } }",
        "SCAN release",
    ),
    (
        "releaseStats(countBy: PACKAGES) { counts { total { total } } }",
        "SCAN package",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_by_way_of_what_leads_to_few() {
    run(Backend::Sqlite, async |app| {
        import(&app, &[], &releases(1_100));
        let (app, heard) = app.hearing_statements().await;
        for (question, expected) in QUESTIONS {
            heard.lock().unwrap().clear();
            let data = app
                .query(&format!("{{ found: {question} }}"), json!({}))
                .await;
            assert_ne!(data["found"], json!([]), "{question}");
            let statements = heard.lock().unwrap().clone();
            let mut steps = Vec::new();
            for statement in &statements {
                steps.extend(plan(&app, statement).await);
            }
            assert!(
                steps.iter().any(|step| step == expected),
                "{question}: {steps:#?}"
            );
        }
    })
    .await;
}

async fn plan(app: &TestApp, statement: &str) -> Vec<String> {
    let backend = app.database().backend();
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let reader = app.database().reader();
    let rows = reader.query_all_raw(Statement::from_string(backend, explain));
    let rows = rows.await.unwrap();
    rows.iter()
        .map(|row| row.try_get("", "detail").unwrap())
        .collect()
}

/// Whether a step of a plan goes through a large table, or through a part of it that grows.
fn goes_through_much(step: &str) -> bool {
    let mut words = step.split(' ');
    let is_through = matches!(words.next(), Some("SCAN" | "SEARCH"));
    let is_large = words.next().is_some_and(|table| LARGE.contains(&table));
    is_through && is_large && !FEW.iter().any(|few| step.contains(few))
}
