//! Statistics: what they count, and what they cost.

mod groups;
mod histogram;
mod limits;
mod series;
mod tally;
mod timeline;
mod totals;

use serde_json::{Value, json};

use crate::app::TestApp;

/// All that is said of one group.
const FIELDS: &str = "
    key { user team platform package }
    counts {
        normal { total successful failed inProgress notStarted }
        rollback { total successful failed inProgress notStarted }
        total { total successful failed inProgress notStarted }
    }";

const DURATIONS: &str = "durationSeconds { sampleSize mean min max p50 p75 p90 p95 }";

/// The rows of `releaseStats` with these arguments, e.g. `groupBy: TEAM`; of all when empty.
async fn stats(app: &TestApp, arguments: &str) -> Vec<Value> {
    let arguments = in_parentheses(arguments);
    both(app, &format!("releaseStats{arguments}"), FIELDS).await
}

/// The points of `releaseSeries` with these arguments.
async fn series(app: &TestApp, arguments: &str) -> Vec<Value> {
    let fields = format!("start end isPartial {FIELDS}");
    both(app, &format!("releaseSeries({arguments})"), &fields).await
}

/// What is counted together with durations, which looks at every release, must be the same as what
/// is counted without them.
async fn both(app: &TestApp, field: &str, fields: &str) -> Vec<Value> {
    let whole = list(
        app,
        &format!("{{ rows: {field} {{ {fields} {DURATIONS} }} }}"),
    )
    .await;
    let mut bare = whole.clone();
    for row in bare.iter_mut().filter_map(Value::as_object_mut) {
        row.remove("durationSeconds");
    }
    let counted = list(app, &format!("{{ rows: {field} {{ {fields} }} }}")).await;
    assert_eq!(counted, bare, "{field}");
    whole
}

/// The bars of `releaseHistogram` with these arguments.
async fn histogram(app: &TestApp, arguments: &str) -> Vec<Value> {
    let query = format!("{{ rows: releaseHistogram({arguments}) {{ value label {FIELDS} }} }}");
    list(app, &query).await
}

async fn list(app: &TestApp, query: &str) -> Vec<Value> {
    let mut data = app.query(query, json!({})).await;
    let Value::Array(rows) = data["rows"].take() else {
        panic!("{query} answers {data:#}");
    };
    rows
}

fn in_parentheses(arguments: &str) -> String {
    if arguments.is_empty() {
        String::new()
    } else {
        format!("({arguments})")
    }
}

/// The one error of a request, as code and message.
async fn refusal(app: &TestApp, query: &str) -> (String, String) {
    let errors = app.errors(query, json!({})).await;
    assert_eq!(errors.len(), 1, "{errors:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (
        text(&errors[0]["extensions"]["code"]),
        text(&errors[0]["message"]),
    )
}

/// How many there are in all.
fn total(row: &Value) -> u64 {
    row["counts"]["total"]["total"].as_u64().unwrap()
}

/// A field of the key of each row, and how many there are in all.
fn totals_by<'a>(rows: &'a [Value], dimension: &str) -> Vec<(Option<&'a str>, u64)> {
    let rows = rows.iter();
    rows.map(|row| (row["key"][dimension].as_str(), total(row)))
        .collect()
}
