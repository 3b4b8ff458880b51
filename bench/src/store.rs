//! The loaded databases.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::generate;
use crate::process::{Build, Imported, Postgres};

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Where databases of one size are.
pub struct Store<'a> {
    pub size: u64,
    /// Where SQLite files and the data to import are.
    pub directory: PathBuf,
    pub postgres: Option<&'a Postgres>,
}

impl Store<'_> {
    /// The URL of a database that this build has loaded, and what that took unless it had been
    /// done before.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn load(&self, kind: Kind, build: &Build) -> anyhow::Result<(String, Option<Imported>)> {
        let name = format!("bench_{}_{}", self.size, build.label);
        let done = self.directory.join(format!("{name}.{kind:?}.loaded"));
        let url = self.url(kind, &name)?;
        if done.exists() {
            return Ok((url, None));
        }
        let file = self.data()?;
        self.discard(kind, &name)?;
        if let (Kind::Postgres, Some(postgres)) = (kind, self.postgres) {
            postgres.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        }
        let imported = build.import(&url, &file, self.size)?;
        if let (Kind::Postgres, Some(postgres)) = (kind, self.postgres) {
            postgres.sql(&name, "VACUUM ANALYZE")?;
            postgres.sql(&name, "CHECKPOINT")?;
        }
        File::create(done)?;
        Ok((url, Some(imported)))
    }

    /// The URL of a copy that may be written to.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, kind: Kind, build: &Build) -> anyhow::Result<String> {
        let name = format!("bench_{}_{}", self.size, build.label);
        let copy = format!("{name}_copy");
        self.discard(kind, &copy)?;
        match self.postgres {
            Some(postgres) if kind == Kind::Postgres => {
                let create = format!("CREATE DATABASE {copy} TEMPLATE {name}");
                postgres.sql("postgres", &create)?;
                postgres.sql(&copy, "CHECKPOINT")?;
            }
            _ => {
                fs::copy(self.file(&name, ""), self.file(&copy, ""))?;
            }
        }
        self.url(kind, &copy)
    }

    /// Removes the copy.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn discard_copy(&self, kind: Kind, build: &Build) -> anyhow::Result<()> {
        self.discard(kind, &format!("bench_{}_{}_copy", self.size, build.label))
    }

    /// How many bytes the database has.
    ///
    /// # Errors
    /// When it is not there.
    pub fn bytes(&self, kind: Kind, build: &Build) -> anyhow::Result<u64> {
        let name = format!("bench_{}_{}", self.size, build.label);
        match self.postgres {
            Some(postgres) if kind == Kind::Postgres => {
                let size = format!("SELECT pg_database_size('{name}')");
                Ok(postgres.sql("postgres", &size)?.parse()?)
            }
            _ => Ok(fs::metadata(self.file(&name, ""))?.len()),
        }
    }

    fn file(&self, name: &str, suffix: &str) -> PathBuf {
        self.directory.join(format!("{name}.db{suffix}"))
    }

    fn url(&self, kind: Kind, name: &str) -> anyhow::Result<String> {
        match kind {
            Kind::Sqlite => Ok(format!("sqlite://{}", self.file(name, "").display())),
            Kind::Postgres => Ok(self.postgres.context("PostgreSQL does not run")?.url(name)),
        }
    }

    fn discard(&self, kind: Kind, name: &str) -> anyhow::Result<()> {
        if let (Kind::Postgres, Some(postgres)) = (kind, self.postgres) {
            postgres.sql("postgres", &format!("DROP DATABASE IF EXISTS {name}"))?;
        } else {
            for suffix in ["", "-wal", "-shm"] {
                remove(&self.file(name, suffix))?;
            }
        }
        Ok(())
    }

    /// The file that is imported, written when it is not there.
    fn data(&self) -> anyhow::Result<PathBuf> {
        let file = self.directory.join(format!("{}.jsonl", self.size));
        if !file.exists() {
            let draft = file.with_extension("draft");
            let mut out = File::create(&draft)?;
            generate::write(self.size, &mut out)?;
            out.flush()?;
            fs::rename(draft, &file)?;
        }
        Ok(file)
    }
}

fn remove(file: &Path) -> anyhow::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
