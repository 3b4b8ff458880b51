//! Files for `orlo import`.

use serde_json::{Map, Value, json};

use super::choices::{Choices, choices};
use super::values::odd;
use super::{seed, try_out};
use crate::app::{TestApp, on_both_databases};
use crate::command::{export, import};

/// Lines in a file.
const LINES: usize = 50;

on_both_databases!(lines_are_read_or_refused);

async fn lines_are_read_or_refused(app: TestApp) {
    files(&app, 4).await;
}

/// The same, for `make torture`: 10,000 lines each.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make torture"]
async fn many_lines_are_read_or_refused() {
    for backend in [
        crate::database::Backend::Sqlite,
        crate::database::Backend::Postgres,
    ] {
        crate::app::run(backend, async |app| files(&app, 200).await).await;
    }
}

/// Lines of every form, in which something is odd, missing or not JSON.
async fn files(app: &TestApp, count: u32) {
    seed(app).await;
    let exported = export(app.database_url());
    let of_orlo = json!({
        "id": "r", "user": "ann", "platforms": ["web"], "stime": "2015-12-17T17:02:04Z",
        "ftime": "2015-12-17T17:02:24Z", "duration": 20, "references": "['a']", "metadata": {"k": "v"},
        "packages": [{"id": "p", "name": "api", "version": "1.0", "status": "SUCCESSFUL",
            "stime": "2015-12-17T17:02:05Z", "rollback": false, "diff_url": null}],
    });
    let mut forms: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    forms.push(of_orlo);
    let lines = proptest::collection::vec(choices(), LINES);
    try_out(count, lines, async |made| {
        let lines = made.into_iter().enumerate().map(|(number, made)| {
            let mut choices = Choices::from(made);
            let mut form = choices.pick(&forms).clone();
            form["externalId"] = json!(format!("line-{number}"));
            line(form, &mut choices)
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        let said = import(
            app.database_url(),
            &["--format", "json", "--verbose"],
            &text,
        );
        assert!([0, 1].contains(&said.code), "{said:?}");
        assert!(!said.err.contains("panicked"), "{said:?}");
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{said:?}"));
        assert!(report["created"].is_u64(), "{report}");
        assert!(!said.out.contains("database failure"), "{report}");
    });
}

fn line(mut form: Value, choices: &mut Choices) -> String {
    for _ in 0..=choices.below(4) {
        change(&mut form, choices);
    }
    let mut text = form.to_string();
    if choices.once_in(8) {
        let mut at = choices.below(text.len());
        at = text.floor_char_boundary(at);
        text.truncate(at);
    }
    text
}

/// Changes `value`, or something in it.
fn change(value: &mut Value, choices: &mut Choices) {
    let goes_deeper = !choices.once_in(4);
    match value {
        Value::Object(fields) if goes_deeper && !fields.is_empty() => {
            let index = choices.below(fields.len());
            change(fields.values_mut().nth(index).unwrap(), choices);
        }
        Value::Array(items) if goes_deeper && !items.is_empty() => {
            let index = choices.below(items.len());
            change(&mut items[index], choices);
        }
        Value::Object(fields) if choices.once_in(2) => change_key(fields, choices),
        value => *value = odd(choices).json(),
    }
}

fn change_key(fields: &mut Map<String, Value>, choices: &mut Choices) {
    let Some(name) = fields
        .keys()
        .nth(choices.below(fields.len().max(1)))
        .cloned()
    else {
        return;
    };
    let value = fields.remove(&name).unwrap();
    if choices.once_in(2) {
        fields.insert(format!("{name}x"), value);
    }
}
