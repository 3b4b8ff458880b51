//! `orlo-bench plans`.

use std::path::PathBuf;

use clap::Args;

use crate::knowledge::Knowledge;
use crate::process::{Postgres, Workplace};
use crate::questions::{self, Question};
use crate::run::{self, say};
use crate::store::{Kind, Store};

/// What makes PostgreSQL write down how it executed each statement.
const SETTINGS: [&str; 5] = [
    "session_preload_libraries=auto_explain",
    "auto_explain.log_min_duration=0",
    "auto_explain.log_analyze=on",
    "auto_explain.log_buffers=on",
    "log_line_prefix=",
];

/// Of what to show the plans.
#[derive(Args)]
pub struct Plans {
    /// How many releases the database holds
    #[arg(long, default_value_t = 20_000)]
    size: u64,
    /// Only these questions, e.g. `Q1,Q3`; all of them when absent
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// A directory in which the loaded database stays, for the next run
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The program that asks; the `orlo` beside this program when absent
    #[arg(long)]
    binary: Option<PathBuf>,
    /// A setting of PostgreSQL, e.g. `shared_buffers=1GB`; may be given several times
    #[arg(long)]
    postgres_setting: Vec<String>,
}

impl Plans {
    pub fn run(self) -> anyhow::Result<()> {
        let builds = run::builds(self.binary.as_deref(), None)?;
        let workplace = Workplace::new()?;
        let directory = run::directory(self.keep.as_deref(), &workplace)?;
        let settings = SETTINGS.map(str::to_owned);
        let settings: Vec<_> = settings.into_iter().chain(self.postgres_setting).collect();
        let socket = workplace.path().join("postgres");
        let postgres = Postgres::start(&directory.join("cluster"), socket, &settings)?;
        let store = Store {
            size: self.size,
            directory,
            postgres: Some(&postgres),
        };
        let (url, _) = store.load(Kind::Postgres, &builds[0])?;
        let server = builds[0].serve(&url, workplace.path())?;
        for question in questions::all(&Knowledge::of(self.size), &server)? {
            let Question { code, title, cases } = &question;
            let wanted = questions::is_wanted(code, &self.only);
            let Some(case) = cases.first().filter(|_| wanted) else {
                continue;
            };
            if questions::is_recording(code) {
                continue;
            }
            // What is shown is how it goes when it has gone before.
            server.ask(&case.body)?;
            let before = postgres.log().len();
            server.ask(&case.body)?;
            say(&format!(
                "==== {code} {title}\n{}",
                &postgres.log()[before..]
            ))?;
        }
        Ok(())
    }
}
