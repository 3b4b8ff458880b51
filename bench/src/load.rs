//! Load on a server, and what it cost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::process::{Postgres, Server};
use crate::questions::{Question, UNIQUE};

const SCRIPT: &str = include_str!("load.lua");
const CONNECTIONS: u32 = 8;
/// How many requests, one after the other, each question has time for at least.
const ANSWERS_AT_LEAST: u32 = 20;
/// Numbers for requests begin anew every so many.
const NUMBERS: u64 = 100_000_000;

/// What one question costs.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub per_second: f64,
    pub p50_millis: f64,
    pub p99_millis: f64,
    /// For each request.
    pub server_millis: f64,
    /// For each request, where the database has processes of its own.
    pub database_millis: Option<f64>,
    pub statements: f64,
}

impl Cost {
    /// The means over several runs.
    pub fn mean(costs: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| costs.iter().map(of).sum::<f64>() / costs.len() as f64;
        let has_database = costs.iter().all(|cost| cost.database_millis.is_some());
        let database_millis = mean(|cost| cost.database_millis.unwrap_or(0.0));
        Self {
            per_second: mean(|cost| cost.per_second),
            p50_millis: mean(|cost| cost.p50_millis),
            p99_millis: mean(|cost| cost.p99_millis),
            server_millis: mean(|cost| cost.server_millis),
            database_millis: has_database.then_some(database_millis),
            statements: mean(|cost| cost.statements),
        }
    }

    /// Of the server and the database together.
    pub fn cpu_millis(self) -> f64 {
        self.server_millis + self.database_millis.unwrap_or(0.0)
    }
}

/// What `load.lua` says.
#[derive(Deserialize)]
struct Report {
    requests: u64,
    micros: u64,
    failed: u64,
    p50: u64,
    p99: u64,
}

/// Something that sends requests.
pub struct Load {
    script: PathBuf,
    bodies: PathBuf,
    seconds: u64,
    /// How often it has sent anything.
    runs: AtomicU64,
}

/// What has been used so far.
struct Meter {
    server: f64,
    database: f64,
    statements: f64,
    answered: f64,
    failed: f64,
}

impl Load {
    /// # Errors
    /// When the directory cannot be written.
    pub fn new(directory: &Path, seconds: u64) -> anyhow::Result<Self> {
        let script = directory.join("load.lua");
        fs::write(&script, SCRIPT)?;
        Ok(Self {
            script,
            bodies: directory.join("bodies"),
            seconds,
            runs: AtomicU64::new(1),
        })
    }

    /// Warms the server up and measures what a question costs. One that takes long `alone` is
    /// asked for longer.
    ///
    /// # Errors
    /// When a request fails.
    pub fn measure(
        &self,
        question: &Question,
        server: &Server,
        postgres: Option<&Postgres>,
        alone: Duration,
    ) -> anyhow::Result<Cost> {
        let lines: Vec<_> = question
            .cases
            .iter()
            .map(|case| case.body.as_str())
            .collect();
        fs::write(&self.bodies, lines.join("\n"))?;
        let seconds = self.seconds.max((ANSWERS_AT_LEAST * alone).as_secs());
        self.send(server, seconds.div_ceil(4))?;
        let before = Meter::read(question, server, postgres)?;
        let report = self.send(server, seconds)?;
        let after = Meter::read(question, server, postgres)?;
        let failed = after.failed - before.failed;
        ensure!(
            report.failed == 0 && failed == 0.0,
            "requests failed: {} as wrk says, {failed} as Orlo says",
            report.failed
        );
        ensure!(report.requests > 0, "nothing was answered in {seconds} s");
        let answered = after.answered - before.answered;
        Ok(Cost {
            per_second: report.requests as f64 * 1e6 / report.micros as f64,
            p50_millis: report.p50 as f64 / 1e3,
            p99_millis: report.p99 as f64 / 1e3,
            server_millis: (after.server - before.server) / answered,
            database_millis: postgres.map(|_| (after.database - before.database) / answered),
            statements: (after.statements - before.statements) / answered,
        })
    }

    fn send(&self, server: &Server, seconds: u64) -> anyhow::Result<Report> {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let output = Command::new("wrk")
            .args(["--threads", "1", "--timeout", "60", "--script"])
            .arg(&self.script)
            .args(["--connections", &CONNECTIONS.to_string()])
            .args(["--duration", &seconds.to_string()])
            .arg(server.url("/graphql"))
            .env("BENCH_BODIES", &self.bodies)
            .env("BENCH_UNIQUE", UNIQUE)
            .env("BENCH_FIRST", (run * NUMBERS).to_string())
            .output()
            .context("cannot run wrk; Debian, Ubuntu: apt-get install wrk")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let report = said.lines().rev().find(|line| line.starts_with('{'));
        let report = report.with_context(|| {
            format!(
                "wrk says:\n{said}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        Ok(serde_json::from_str(report)?)
    }
}

impl Meter {
    fn read(
        question: &Question,
        server: &Server,
        postgres: Option<&Postgres>,
    ) -> anyhow::Result<Self> {
        let operation = format!("operation=\"{}\"", question.code);
        let requests = |outcome: &str| {
            let outcome = format!("outcome=\"{outcome}\"");
            server.metric("orlo_requests_total", &[&operation, &outcome])
        };
        let mut failed = 0.0;
        for outcome in ["Errors", "Refused", "Busy", "Timeout"] {
            failed += requests(outcome)?;
        }
        Ok(Self {
            server: server.cpu_millis() as f64,
            database: postgres.map_or(0, Postgres::cpu_millis) as f64,
            statements: server.metric("orlo_database_statements_total", &[])?,
            // Those that wrk leaves at its end have had half of their time on average.
            answered: requests("Ok")? + requests("Left")? / 2.0,
            failed,
        })
    }
}
