//! Requests, files and messages that nobody would send by hand. Whatever comes, Orlo does not fail:
//! no panic, never `INTERNAL`, every answer JSON in GraphQL's form.
//!
//! The suite tries a few hundred of each kind, `make torture` 200,000 in all. A case that fails is
//! cut down to what is needed for it, and its seed is kept beside this file, to be tried again each
//! time. `PROPTEST_CASES` sets another number.

mod choices;
mod document;
mod lines;
mod messages;
mod requests;
mod schema;
mod values;

use std::fmt::Debug;

use proptest::prelude::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::block_in_place;
use tokio::time::timeout;

use crate::app::{Answer, TestApp};
use crate::builders::release;
use crate::process::PATIENCE;

/// Cases of each kind in the suite.
const FEW: u32 = 250;
const SEEDS: &str = "tests/it/fuzz/seeds.txt";

/// What `extensions.code` may be, whatever callers do.
const CODES: [&str; 8] = [
    "BAD_REQUEST",
    "FORBIDDEN",
    "LIMIT_EXCEEDED",
    "NOT_FOUND",
    "PERSISTED_QUERY_NOT_FOUND",
    "TIMEOUT",
    "UNAUTHENTICATED",
    "CONFLICT",
];

/// Tries so many cases of what `strategy` makes; `check` panics where one is not met as it should.
fn try_out<S>(cases: u32, strategy: S, check: impl AsyncFn(S::Value))
where
    S: Strategy<Value: Debug>,
{
    let mut config = Config {
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(SEEDS))),
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let result = block_in_place(|| {
        let result = TestRunner::new(config).run(&strategy, |case| {
            let met = Handle::current().block_on(timeout(PATIENCE, check(case)));
            assert!(met.is_ok(), "it takes too long");
            Ok(())
        });
        result.map_err(|error| error.to_string())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// A few records for requests to find.
async fn seed(app: &TestApp) {
    for number in 0..3 {
        let id = format!("known-{number}");
        release()
            .external_id(&id)
            .user("ann")
            .team("shop")
            .platforms(["web", "api"])
            .references(["R-1"])
            .notes(["a note"])
            .metadata(json!({"k": id}))
            .package("api", "1")
            .package("web", &id)
            .record(app)
            .await;
    }
}

/// The answer must be one that a server gives which has not failed.
#[track_caller]
fn assert_met(asked: &str, answer: &Answer) {
    let said = answer.text();
    let status = answer.status;
    assert!(
        !status.is_server_error(),
        "{asked}\nis answered {status}: {said}"
    );
    let body: Option<Value> = serde_json::from_str(said).ok();
    let is_sound = body.as_ref().is_some_and(is_result);
    assert!(is_sound, "{asked}\nis answered {said}");
}

/// Whether a result has data, or errors of which each has a code.
fn is_result(body: &Value) -> bool {
    let Some(members) = body.as_object() else {
        return false;
    };
    let known = ["data", "errors", "extensions"];
    let mut names = members.keys();
    names.all(|name| known.contains(&name.as_str()))
        && members
            .get("errors")
            .map_or(body["data"].is_object(), are_errors)
}

fn are_errors(errors: &Value) -> bool {
    let is_sound = |error: &Value| {
        let code = error["extensions"]["code"].as_str().unwrap_or_default();
        error["message"].is_string() && CODES.contains(&code)
    };
    let all = errors.as_array();
    all.is_some_and(|all| !all.is_empty() && all.iter().all(is_sound))
}
