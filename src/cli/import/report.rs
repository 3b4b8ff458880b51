//! Telling what became of an import: what is wrong at once, the counts at the end.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use indicatif::{HumanCount, ProgressBar};
use serde_json::json;

use super::Format;
use crate::service::error::UserError;
use crate::service::interchange::stream::ReadError;
use crate::service::record::import::{ImportMode, ImportRow};

/// How many keys that were not understood are told apart.
const MAX_IGNORED: usize = 50;

/// What became of an import so far.
#[derive(Debug)]
pub struct Report {
    mode: ImportMode,
    is_verbose: bool,
    progress: ProgressBar,
    created: u64,
    existing: u64,
    refused: u64,
    /// Whether the file could not be read to its end.
    is_cut_off: bool,
    warnings: BTreeMap<&'static str, u64>,
    /// In how many releases there were keys that are not understood.
    ignored: BTreeMap<String, u64>,
}

impl Report {
    /// A report of nothing yet. What is written goes above the progress bar.
    pub const fn new(mode: ImportMode, is_verbose: bool, progress: ProgressBar) -> Self {
        Self {
            mode,
            is_verbose,
            progress,
            created: 0,
            existing: 0,
            refused: 0,
            is_cut_off: false,
            warnings: BTreeMap::new(),
            ignored: BTreeMap::new(),
        }
    }

    /// Tells of a release that is refused.
    pub fn refused(&mut self, line: u64, errors: &[UserError]) {
        self.refused += 1;
        for error in errors {
            self.say(&place(line, &error.field, &error.message));
        }
    }

    /// Tells what became of a release that could be read.
    pub fn row(&mut self, line: u64, row: &ImportRow) {
        if !row.user_errors.is_empty() || row.release.is_none() {
            return self.refused(line, &row.user_errors);
        }
        if row.created {
            self.created += 1;
        } else {
            self.existing += 1;
        }
        for warning in &row.warnings {
            let code = warning.code.name();
            *self.warnings.entry(code).or_default() += 1;
            if self.is_verbose {
                let message = format!("{} ({code})", warning.message);
                self.say(&place(line, &warning.field, &message));
            }
        }
    }

    /// Notes keys that are not understood.
    pub fn ignored(&mut self, keys: &[String]) {
        for key in keys {
            if let Some(count) = self.ignored.get_mut(key) {
                *count += 1;
            } else if self.ignored.len() < MAX_IGNORED {
                self.ignored.insert(key.clone(), 1);
            }
        }
    }

    /// Notes the end of the file.
    pub fn end(&mut self, end: Result<(), ReadError>) {
        if let Err(error) = end {
            self.is_cut_off = true;
            self.say(&format!("{error}; nothing after this was read"));
        }
        self.progress.finish_and_clear();
    }

    /// Notes that the reading broke off without a word.
    pub fn cut_off(&mut self) {
        self.is_cut_off = true;
        self.progress.finish_and_clear();
        self.say(&"the reading of the file broke off");
    }

    /// Whether anything in the file is not recorded.
    pub const fn has_refused(&self) -> bool {
        self.refused > 0 || self.is_cut_off
    }

    /// 1 when anything was refused.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(u8::from(self.has_refused()))
    }

    /// Whether an atomic import kept nothing.
    const fn is_undone(&self) -> bool {
        self.mode.atomic && self.has_refused()
    }

    /// Whether what was created is there now.
    const fn is_kept(&self) -> bool {
        !(self.mode.dry_run || self.is_undone())
    }

    /// Prints the counts.
    pub fn print(&self, format: Format) {
        let text = match format {
            Format::Text => self.text(),
            Format::Json => self.json(),
        };
        // Where nobody reads it, the exit code still tells.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    fn text(&self) -> String {
        let mut text = format!(
            "created {}, existing {}, refused {}",
            HumanCount(self.created_count()),
            HumanCount(self.existing_count()),
            HumanCount(self.refused),
        );
        if self.mode.dry_run {
            text.push_str(" (dry run: nothing was kept)");
        } else if !self.is_kept() {
            text.push_str(" (atomic: nothing was kept)");
        }
        for (title, counts) in [
            ("warnings", listed(&self.warnings)),
            ("ignored fields", listed(&self.ignored)),
        ] {
            if !counts.is_empty() {
                text.extend(["\n", title, ": ", &counts]);
            }
        }
        text
    }

    fn json(&self) -> String {
        json!({
            "created": self.created_count(),
            "existing": self.existing_count(),
            "refused": self.refused,
            "kept": self.is_kept(),
            "complete": !self.is_cut_off,
            "warnings": self.warnings,
            "ignoredFields": self.ignored,
        })
        .to_string()
    }

    /// Counts as importReleases does: an atomic import that failed made nothing.
    const fn created_count(&self) -> u64 {
        if self.is_undone() { 0 } else { self.created }
    }

    const fn existing_count(&self) -> u64 {
        if self.is_undone() { 0 } else { self.existing }
    }

    fn say(&self, line: &dyn Display) {
        // Where nobody reads it, the exit code still tells.
        self.progress.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{line}");
        });
    }
}

fn place(line: u64, field: &[String], message: &str) -> String {
    if field.is_empty() {
        format!("line {line}: {message}")
    } else {
        format!("line {line}: {}: {message}", field.join("."))
    }
}

fn listed(counts: &BTreeMap<impl Display, u64>) -> String {
    let counts = counts.iter();
    let listed: Vec<_> = counts
        .map(|(name, count)| format!("{name} {}", HumanCount(*count)))
        .collect();
    listed.join(", ")
}
