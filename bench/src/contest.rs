//! One or two builds, or sizes, on one kind of database.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::knowledge::Knowledge;
use crate::load::{Cost, Load};
use crate::process::{Build, Postgres, Server};
use crate::questions::{self, Question};
use crate::report::{self, Row};
use crate::run::say;
use crate::store::{Kind, Store};
use crate::table::{memory, number};

/// A build, with a database of so many releases.
pub struct Entry {
    pub build: Build,
    pub size: u64,
    pub known: Rc<Knowledge>,
}

/// What is measured, and with what.
pub struct Contest<'a> {
    pub kind: Kind,
    pub load: &'a Load,
    pub entries: &'a [Entry],
    /// Where the databases are.
    pub directory: &'a Path,
    pub postgres: Option<&'a Postgres>,
    /// The names of the questions; all when there are none.
    pub only: &'a [String],
    pub rounds: u32,
    /// A directory for what is written meanwhile.
    pub workplace: &'a Path,
    /// Whether the databases are to stay as they are.
    pub keeps: bool,
}

/// One that serves, and the questions to it.
struct Candidate<'a> {
    build: &'a Build,
    server: Server,
    questions: Vec<Question>,
}

impl Contest<'_> {
    /// Measures everything, and says it. How many questions were not answered well.
    ///
    /// # Errors
    /// When something else than an answer is wrong.
    pub fn run(&self) -> anyhow::Result<usize> {
        say(&format!("\n{}\n", self.kind.name()))?;
        let mut urls = Vec::new();
        for entry in self.entries {
            urls.push(self.load_database(entry)?);
        }
        let mut rows = self.measure(&urls, |code| !questions::is_recording(code))?;
        if !self.keeps {
            rows.extend(self.measure(&urls, questions::is_recording)?);
        } else if self.wants("M1") {
            let copy = |entry| self.store(entry).copy(self.kind, &entry.build);
            let copies = self.entries.iter().map(copy);
            let copies = copies.collect::<Result<Vec<_>, _>>()?;
            rows.extend(self.measure(&copies, questions::is_recording)?);
            for entry in self.entries {
                self.store(entry).discard_copy(self.kind, &entry.build)?;
            }
        }
        ensure!(!rows.is_empty(), "no question has such a name");
        say(&format!("\n{}", report::table(&rows, self.entries.len())))?;
        Ok(rows
            .iter()
            .filter(|row| row.costs.len() < self.entries.len())
            .count())
    }

    fn store(&self, entry: &Entry) -> Store<'_> {
        Store {
            size: entry.size,
            directory: self.directory.to_owned(),
            postgres: self.postgres,
        }
    }

    fn load_database(&self, entry: &Entry) -> anyhow::Result<String> {
        let (store, build) = (self.store(entry), &entry.build);
        let (url, imported) = store.load(self.kind, build)?;
        let (label, bytes) = (build.label, store.bytes(self.kind, build)?);
        let label = format!("{label}: {} releases", entry.size);
        let Some(imported) = imported else {
            say(&format!("{label}, imported before, {}", memory(bytes)))?;
            return Ok(url);
        };
        let seconds = imported.duration.as_secs_f64();
        say(&format!(
            "{label}, imported in {} s, {} a second, with at most {} of memory; the database has {}",
            number(seconds),
            number(entry.size as f64 / seconds),
            memory(imported.peak_bytes),
            memory(bytes),
        ))?;
        Ok(url)
    }

    fn wants(&self, code: &str) -> bool {
        questions::is_wanted(code, self.only)
    }

    /// Measures some of the questions.
    fn measure(&self, urls: &[String], some: fn(&str) -> bool) -> anyhow::Result<Vec<Row>> {
        let wanted = |code: &str| some(code) && self.wants(code);
        let mut candidates = Vec::new();
        for (entry, url) in self.entries.iter().zip(urls) {
            let build = &entry.build;
            let server = build.serve(url, self.workplace)?;
            let mut questions = questions::all(&entry.known, &server)?;
            questions.retain(|question| wanted(question.code));
            candidates.push(Candidate {
                build,
                server,
                questions,
            });
        }
        let count = candidates.first().map_or(0, |first| first.questions.len());
        let mut rows = Vec::new();
        for place in 0..count {
            rows.push(self.measure_question(&candidates, place)?);
        }
        for Candidate { build, server, .. } in candidates.iter().filter(|_| count > 0) {
            let (now, peak) = server.memory();
            say(&format!(
                "{}: ready after {} ms; memory at the end {}, at most {}",
                build.label,
                server.start.as_millis(),
                memory(now),
                memory(peak),
            ))?;
        }
        Ok(rows)
    }

    /// A B A B, as many rounds as there are to be.
    fn measure_question(&self, candidates: &[Candidate<'_>], place: usize) -> anyhow::Result<Row> {
        let first = &candidates[0].questions[place];
        let mut row = Row {
            code: first.code,
            title: first.title,
            costs: Vec::new(),
        };
        let mut longest = Duration::ZERO;
        for candidate in candidates {
            let begin = Instant::now();
            let question = &candidate.questions[place];
            ensure!(
                !question.cases.is_empty(),
                "the data are too few to ask {}",
                row.code
            );
            if let Err(error) = question.check(&candidate.server) {
                say(&format!("{}: {error:#}", candidate.build.label))?;
                return Ok(row);
            }
            longest = longest.max(begin.elapsed() / question.cases.len() as u32);
        }
        let mut rounds = vec![Vec::new(); candidates.len()];
        for _ in 0..self.rounds {
            for (candidate, costs) in candidates.iter().zip(&mut rounds) {
                let question = &candidate.questions[place];
                let postgres = self.postgres;
                match self
                    .load
                    .measure(question, &candidate.server, postgres, longest)
                {
                    Ok(cost) => costs.push(cost),
                    Err(error) => {
                        say(&format!(
                            "{}: {}: {error:#}",
                            candidate.build.label, row.code
                        ))?;
                        return Ok(row);
                    }
                }
            }
        }
        row.costs = rounds.iter().map(|costs| Cost::mean(costs)).collect();
        Ok(row)
    }
}
