//! One build of Orlo: what it imports, and how it serves.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Program, usage};

/// How often it is looked whether something has happened.
const GLANCE: Duration = Duration::from_millis(2);

/// A program that was built from some version of Orlo.
#[derive(Clone)]
pub struct Build {
    pub program: PathBuf,
    /// What tells it from another one in the same run.
    pub label: &'static str,
}

/// What an import took.
pub struct Imported {
    pub duration: Duration,
    pub peak_bytes: u64,
}

impl Build {
    /// Imports a file of so many releases.
    ///
    /// # Errors
    /// When not all of them were recorded.
    pub fn import(&self, url: &str, file: &Path, size: u64) -> anyhow::Result<Imported> {
        let begin = Instant::now();
        let mut child = Command::new(&self.program)
            .arg("import")
            .arg(file)
            .args(["--format", "json", "--database-url", url])
            .env_clear()
            .env("ORLO_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let mut peak_bytes = 0;
        while child.try_wait()?.is_none() {
            peak_bytes = usage::memory(child.id()).map_or(peak_bytes, |(_, peak)| peak);
            sleep(GLANCE);
        }
        let duration = begin.elapsed();
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "the import failed");
        let counts: Value = serde_json::from_slice(&output.stdout)?;
        ensure!(counts["created"] == size, "the import says {counts}");
        Ok(Imported {
            duration,
            peak_bytes,
        })
    }

    /// Serves with the defaults, on a port that is free.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn serve(&self, url: &str, directory: &Path) -> anyhow::Result<Server> {
        let begin = Instant::now();
        let arguments = ["serve", "--bind", "127.0.0.1:0", "--database-url", url];
        let log = directory.join(format!("orlo-{}.log", self.label));
        let program = Program::start(&self.program, arguments, log, None)?;
        let address = loop {
            if let Some(address) = address(&program.log()) {
                break address;
            }
            program.ensure_runs().context("Orlo does not start")?;
            sleep(GLANCE);
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(1)))
            .build()
            .into();
        let mut server = Server {
            program,
            address,
            agent,
            start: Duration::ZERO,
        };
        while server.get("/readyz").is_err() {
            sleep(GLANCE);
        }
        server.start = begin.elapsed();
        Ok(server)
    }
}

/// Where it says that it listens.
fn address(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("http://")?;
    let (address, _) = rest.split_once("/graphiql")?;
    Some(address.to_owned())
}

/// `orlo serve`.
pub struct Server {
    program: Program,
    address: String,
    agent: ureq::Agent,
    /// How long it took from the command to the first `/readyz` that was good.
    pub start: Duration,
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut answer = self.agent.get(self.url(path)).call()?;
        ensure!(answer.status() == 200, "{path} answers {}", answer.status());
        Ok(answer.body_mut().read_to_string()?)
    }

    /// The `data` of an answer without errors.
    ///
    /// # Errors
    /// When it is another one.
    pub fn ask(&self, body: &str) -> anyhow::Result<Value> {
        let request = self.agent.post(self.url("/graphql"));
        let mut answer = request.content_type("application/json").send(body)?;
        let status = answer.status();
        // The bound of the library is for answers of strangers.
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 28)
            .read_to_string()?;
        let mut answer: Value = serde_json::from_str(&text)?;
        let is_good = status == 200 && answer.get("errors").is_none();
        ensure!(is_good, "{status}: {text:.300}");
        Ok(answer["data"].take())
    }

    /// The `data` of an answer to a question of the benchmark itself.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn query(&self, query: &str, variables: &Value) -> anyhow::Result<Value> {
        self.ask(&json!({ "query": query, "variables": variables }).to_string())
    }

    /// The sum over the lines of `/metrics` that begin like this and name all of these labels.
    ///
    /// # Errors
    /// When there are no metrics.
    pub fn metric(&self, name: &str, labels: &[&str]) -> anyhow::Result<f64> {
        let text = self.get("/metrics")?;
        let is_meant =
            |line: &&str| line.starts_with(name) && labels.iter().all(|label| line.contains(label));
        let value = |line: &str| line.rsplit_once(' ')?.1.parse::<f64>().ok();
        Ok(text.lines().filter(is_meant).filter_map(value).sum())
    }

    pub fn cpu_millis(&self) -> u64 {
        usage::cpu_millis(self.program.id)
    }

    /// Its resident memory in bytes: now, and at most so far.
    pub fn memory(&self) -> (u64, u64) {
        usage::memory(self.program.id).unwrap_or_default()
    }
}
