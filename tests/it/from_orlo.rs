//! The page for those who come from orlo 0.4: every operation on it is run, and answers what the
//! page says.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};

const PAGE: &str = include_str!("../../docs/from-orlo.md");

/// What stands in an answer for what differs from run to run.
const ANYTHING: &str = "*";

/// An operation of the page.
struct Operation {
    query: String,
    variables: Value,
    answer: Value,
}

/// A fenced block: what it is said to be written in, what stands before it, and its text.
struct Block {
    language: String,
    title: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut title = "";
    let mut open: Option<Block> = None;
    for line in PAGE.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    title: std::mem::take(&mut title).to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, None) if !line.is_empty() => title = line,
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the last block has no end");
    blocks
}

/// The operations in the order of the page. Each must have an answer; nothing else may be in a
/// block.
fn operations() -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut blocks = blocks().into_iter().peekable();
    while let Some(block) = blocks.next() {
        assert_eq!(block.language, "graphql", "nobody runs\n{}", block.text);
        let mut attached = |title: &str| {
            let block = blocks.next_if(|next| next.language == "json" && next.title == title)?;
            let parsed = serde_json::from_str(&block.text);
            Some(parsed.unwrap_or_else(|error| panic!("{error} in\n{}", block.text)))
        };
        let variables = attached("Variables:").unwrap_or_else(|| json!({}));
        let answer = attached("Answer:");
        let answer = answer.unwrap_or_else(|| panic!("without an answer:\n{}", block.text));
        operations.push(Operation {
            query: block.text,
            variables,
            answer,
        });
    }
    operations
}

/// The cells of the rows of the table whose head begins with these cells.
fn table(head: &str) -> Vec<Vec<String>> {
    let mut lines = PAGE.lines().skip_while(|line| !line.starts_with(head));
    lines.next().unwrap_or_else(|| panic!("no table {head}"));
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = |row: &str| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    rows.map(cells).collect()
}

/// The first text in backquotes.
fn quoted(cell: &str) -> &str {
    cell.split('`').nth(1).unwrap_or_default()
}

/// Runs the operations from the first up to the one of this name, which is returned.
async fn run_up_to(app: &TestApp, name: &str) -> Operation {
    for operation in operations() {
        if operation.query.contains(&format!(" {name}(")) {
            return operation;
        }
        app.query(&operation.query, operation.variables).await;
    }
    panic!("no operation {name}");
}

/// Puts what is taken for anything in its place.
fn fill(expected: &mut Value, answer: &Value) {
    match expected {
        Value::String(text) if text == ANYTHING && !answer.is_null() => {
            expected.clone_from(answer);
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                fill(value, &answer[name]);
            }
        }
        Value::Array(values) => {
            for (place, value) in values.iter_mut().enumerate() {
                fill(value, &answer[place]);
            }
        }
        _ => {}
    }
}

on_both_databases!(
    every_operation_answers_what_the_page_says,
    every_parameter_finds_what_the_page_says,
    every_unit_counts_what_the_page_says,
    every_unit_summarizes_to_what_the_page_says,
);

async fn every_operation_answers_what_the_page_says(app: TestApp) {
    let operations = operations();
    assert!(operations.len() > 30, "{} operations", operations.len());
    for Operation {
        query,
        variables,
        mut answer,
    } in operations
    {
        let said = app.query(&query, variables).await;
        fill(&mut answer, &said);
        assert_eq!(said, answer, "{query}\nanswers {said:#}");
    }
}

async fn every_parameter_finds_what_the_page_says(app: TestApp) {
    let operation = run_up_to(&app, "Releases").await;
    let rows = table("| parameter | in the variables");
    assert!(rows.len() > 25);
    for row in rows {
        let variables = serde_json::from_str(quoted(&row[1])).unwrap();
        let data = app.query(&operation.query, variables).await;
        let found = data["releases"]["nodes"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|it| it["externalId"].as_str().unwrap()).collect();
        assert_eq!(found.join(" "), row[2], "{row:?}");
    }
}

/// Buckets or bars with anything in them that is over: `label count, label count`.
fn counted(rows: &Value, label: impl Fn(&Value) -> String) -> String {
    let rows = rows.as_array().unwrap().iter();
    let counts = rows.filter_map(|row| {
        let outcomes = [
            "/normal/successful",
            "/normal/failed",
            "/rollback/successful",
            "/rollback/failed",
        ];
        let outcomes = outcomes.map(|path| row["counts"].pointer(path).unwrap().as_u64().unwrap());
        let count: u64 = outcomes.iter().sum();
        (count > 0).then(|| format!("{} {count}", label(row)))
    });
    counts.collect::<Vec<_>>().join(", ")
}

async fn every_unit_counts_what_the_page_says(app: TestApp) {
    let operation = run_up_to(&app, "ByDate").await;
    let rows = table("| `unit` | `$interval` |");
    let units: Vec<_> = rows.iter().map(|row| quoted(&row[0])).collect();
    assert_eq!(units, ["year", "month", "week", "iso", "day", "hour"]);
    for row in &rows {
        let interval = quoted(&row[1]);
        let variables = json!({"interval": interval});
        let data = app.query(&operation.query, variables).await;
        let length = if interval == "HOUR" { 13 } else { 10 };
        let start = |point: &Value| point["start"].as_str().unwrap()[..length].to_owned();
        assert_eq!(counted(&data["releaseSeries"], start), row[2], "{interval}");
    }
}

async fn every_unit_summarizes_to_what_the_page_says(app: TestApp) {
    let operation = run_up_to(&app, "Summarized").await;
    let rows = table("| `unit` | `$part` |");
    let units: Vec<_> = rows.iter().map(|row| quoted(&row[0])).collect();
    assert_eq!(units, ["year", "month", "week", "day", "hour"]);
    for row in &rows {
        let part = quoted(&row[1]);
        let data = app.query(&operation.query, json!({"part": part})).await;
        let value = |bar: &Value| bar["value"].to_string();
        assert_eq!(counted(&data["releaseHistogram"], value), row[2], "{part}");
    }
}

/// What callers of orlo 0.4.3 have to do with.
const OF_ORLO: [&str; 72] = [
    "POST /releases\n",
    "POST /releases/ID/packages\n",
    "POST /releases/ID/packages/ID/results",
    "POST /releases/ID/start",
    "POST /releases/ID/stop",
    "POST /releases/ID/packages/ID/start and stop",
    "POST /releases/ID/notes",
    "POST /releases/ID/metadata",
    "`POST /releases/import`",
    "`GET /releases/import`",
    "GET /releases\n",
    "GET /releases/ID\n",
    "GET /packages and /packages/ID",
    "GET /info/users",
    "/info/users/NAME",
    "GET /info/platforms",
    "/info/platforms/NAME",
    "GET /info/packages and /info/packages/list",
    "/info/packages/NAME",
    "GET /info/packages/versions",
    "GET /stats\n",
    "GET /stats/user, /stats/team, /stats/platform, /stats/package",
    "/stats/user/NAME",
    "GET /stats/by_date/release",
    "GET /stats/by_date/package",
    "`GET /`",
    "`GET /info`",
    "`GET /ping`",
    "`GET /version`",
    "`GET /internal/version`",
    "`GET /token`",
    "`note`",
    "`metadata`",
    "`success`",
    "`content`",
    "`asc=",
    "`limit=",
    "`offset=",
    "`latest=",
    "`user=",
    "`team=",
    "`platform=",
    "`reference=",
    "`stime_after=",
    "`stime_before=",
    "`ftime_after=",
    "`ftime_before=",
    "`status=",
    "`rollback=",
    "`duration_gt=",
    "`duration_lt=",
    "`package_name=",
    "`package_version=",
    "`package_status=",
    "`package_rollback=",
    "`package_duration_gt=",
    "`package_duration_lt=",
    "`package_stime_after=",
    "`package_diff_url=",
    "`id` and `package_id`",
    "`by_release`",
    "`stime` and `ftime`",
    "`stime`, `ftime`",
    "`duration`",
    "`diff_url`",
    "`release_id`",
    "`references`",
    "`notes`",
    "`platforms`",
    "`unit`",
    "`summarize_by_unit`",
    "`iso`",
];

#[test]
fn the_page_speaks_of_everything_that_orlo_has() {
    let missing: Vec<_> = OF_ORLO.iter().filter(|it| !PAGE.contains(**it)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}
