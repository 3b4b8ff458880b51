//! `orlo-bench run`.

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::contest::{Contest, Entry};
use crate::knowledge::Knowledge;
use crate::load::Load;
use crate::machine;
use crate::process::{Build, Postgres, Workplace};
use crate::store::Kind;

/// What to measure.
#[derive(Args)]
pub struct Run {
    /// How many releases the databases hold
    #[arg(long, default_value_t = 20_000)]
    size: u64,
    /// Only these questions, e.g. `Q1,Q3`; all of them when absent
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only this database
    #[arg(long, value_enum)]
    database: Option<Kind>,
    /// How long each question is asked, after a warm-up of a quarter of that
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Another number of releases: databases of both sizes are measured in turn, A B A B
    #[arg(long, conflicts_with = "compare")]
    compare_size: Option<u64>,
    /// How often everything is measured; the figures are means. Twice when absent and something is compared, else once
    #[arg(long)]
    rounds: Option<u32>,
    /// A directory in which loaded databases stay, for the next run
    #[arg(long)]
    keep: Option<PathBuf>,
    /// The program to measure; the `orlo` beside this program when absent
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Another one: the two are measured in turn, A B A B
    #[arg(long)]
    compare: Option<PathBuf>,
    /// A setting of PostgreSQL, e.g. `shared_buffers=1GB`; may be given several times
    #[arg(long)]
    postgres_setting: Vec<String>,
}

impl Run {
    pub fn run(self) -> anyhow::Result<()> {
        let entries = self.entries()?;
        let workplace = Workplace::new()?;
        let directory = directory(self.keep.as_deref(), &workplace)?;
        say(&format!(
            "{}; commit {}",
            machine::describe(),
            machine::commit()
        ))?;
        for Entry { build, .. } in &entries {
            let (label, version) = (build.label, machine::version(build));
            say(&format!("{label}: {version} ({})", build.program.display()))?;
        }
        let load = Load::new(workplace.path(), self.seconds)?;
        let mut wrong = 0;
        for kind in Kind::ALL {
            if self.database.is_some_and(|only| only != kind) {
                continue;
            }
            let postgres = match kind {
                Kind::Postgres => Some(self.postgres(&directory, &workplace)?),
                Kind::Sqlite => None,
            };
            let contest = Contest {
                kind,
                load: &load,
                entries: &entries,
                directory: &directory,
                postgres: postgres.as_ref(),
                only: &self.only,
                rounds: self.rounds.unwrap_or(entries.len() as u32),
                workplace: workplace.path(),
                keeps: self.keep.is_some(),
            };
            wrong += contest.run()?;
        }
        ensure!(
            wrong == 0,
            "{wrong} questions were not answered as they should be"
        );
        Ok(())
    }

    /// What is measured: one or two builds, or one with databases of two sizes.
    fn entries(&self) -> anyhow::Result<Vec<Entry>> {
        let mut builds = builds(self.binary.as_deref(), self.compare.as_deref())?;
        let known = Rc::new(Knowledge::of(self.size));
        let mut databases = [(self.size, Rc::clone(&known)), (self.size, known)];
        if let Some(size) = self.compare_size {
            builds.push(Build {
                label: "b",
                ..builds[0].clone()
            });
            databases[1] = (size, Rc::new(Knowledge::of(size)));
        }
        let entry = |(build, (size, known))| Entry { build, size, known };
        Ok(builds.into_iter().zip(databases).map(entry).collect())
    }

    fn postgres(&self, directory: &Path, workplace: &Workplace) -> anyhow::Result<Postgres> {
        let socket = workplace.path().join("postgres");
        Postgres::start(&directory.join("cluster"), socket, &self.postgres_setting)
    }
}

/// Where the databases are.
pub fn directory(keep: Option<&Path>, workplace: &Workplace) -> anyhow::Result<PathBuf> {
    let Some(directory) = keep else {
        return Ok(workplace.path().to_owned());
    };
    fs::create_dir_all(directory)?;
    Ok(directory.canonicalize()?)
}

/// The programs to measure.
pub fn builds(binary: Option<&Path>, compare: Option<&Path>) -> anyhow::Result<Vec<Build>> {
    let beside = env::current_exe()?.with_file_name("orlo");
    let mut builds = Vec::new();
    for (label, program) in [("a", Some(binary.unwrap_or(&beside))), ("b", compare)] {
        let Some(program) = program else { continue };
        let program = program.canonicalize();
        builds.push(Build {
            program: program.context("there is no such program; `--binary` names another one")?,
            label,
        });
    }
    Ok(builds)
}

/// Says something on standard output.
pub fn say(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}
