//! The tables of settings and metrics in the documentation, which are written from the code:
//! `ORLO_UPDATE_DOCS=1 cargo test --test it tables` writes them anew.

use std::fmt::Write as _;
use std::fs;

use clap::CommandFactory as _;

use crate::app::TestApp;
use crate::database::Backend;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");

/// Holds what the document has between two marks against what it should have.
fn check(mark: &str, expected: &str) {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let (begin, end) = (
        format!("<!-- {mark} -->\n"),
        format!("<!-- end of {mark} -->"),
    );
    let (before, rest) = document.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if found == expected {
        return;
    }
    assert!(
        std::env::var_os("ORLO_UPDATE_DOCS").is_some(),
        "{mark} are out of date: run ORLO_UPDATE_DOCS=1 cargo test --test it tables"
    );
    fs::write(DOCUMENT, format!("{before}{begin}{expected}{end}{after}")).unwrap();
}

#[test]
fn every_setting_is_in_the_documentation() {
    let mut cli = orlo::cli::Cli::command();
    cli.build();
    let serve = cli.find_subcommand("serve").unwrap();
    let mut table = String::from("\n| flag | variable | default | |\n|---|---|---|---|\n");
    for setting in serve.get_arguments() {
        let Some(flag) = setting
            .get_long()
            .filter(|flag| !["help", "version"].contains(flag))
        else {
            continue;
        };
        let variable = setting
            .get_env()
            .unwrap_or_else(|| panic!("{flag} has no variable"));
        let defaults = setting.get_default_values().iter();
        let default: Vec<_> = defaults
            .map(|value| format!("`{}`", value.display()))
            .collect();
        let help = setting.get_help().unwrap().to_string().replace('|', "\\|");
        let (variable, default) = (variable.display(), default.join(", "));
        writeln!(table, "| `--{flag}` | `{variable}` | {default} | {help} |").unwrap();
    }
    check("settings", &format!("{table}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_in_the_documentation() {
    crate::app::run(Backend::Sqlite, |app: TestApp| async move {
        app.query("{ server { version } }", serde_json::json!({}))
            .await;
        let answer = app.get("/metrics").await;
        let mut table = String::from("\n| metric | kind | |\n|---|---|---|\n");
        let mut help = "";
        for line in answer.text().lines() {
            let mut words = line.splitn(4, ' ').skip(1);
            match (words.next(), words.next(), words.next()) {
                (Some("HELP"), Some(_), Some(text)) => help = text.trim_end_matches('.'),
                (Some("TYPE"), Some(name), Some(kind)) => {
                    let suffix = match kind {
                        "counter" => "_total",
                        "info" => "_info",
                        _ => "",
                    };
                    writeln!(table, "| `{name}{suffix}` | {kind} | {help} |").unwrap();
                }
                _ => {}
            }
        }
        check("metrics", &format!("{table}\n"));
    })
    .await;
}
