//! Recording many finished releases at once: `importReleases` and the import command.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use entity::{Timestamp, release};
use sea_orm::DatabaseTransaction;

use super::draft::Telling;
use super::ready::Ready;
use super::restore::Restored;
use super::{NewRelease, Row, RowOutcome, Told, store};
use crate::service::database::{Bulk, Verdict};
use crate::service::error::{Error, Path, Result, UserError, UserErrorCode, Warning};
use crate::service::step::ReleaseOutcome;
use crate::service::{Caller, Service};

/// How an import treats rows that are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportMode {
    /// Nothing is kept when one row is refused.
    pub atomic: bool,
    /// Nothing is kept at all; only told what would have happened.
    pub dry_run: bool,
}

/// What became of an import.
#[derive(Clone, Debug, Default)]
pub struct ImportOutcome {
    /// How many releases were made (or would have been).
    pub created_count: usize,
    /// How many were recorded before.
    pub existing_count: usize,
    /// How many were refused.
    pub failed_count: usize,
    /// Every row in its order.
    pub rows: Vec<ImportRow>,
}

/// What became of one row of an import.
#[derive(Clone, Debug)]
pub struct ImportRow {
    /// Its place in the list, from 0.
    pub index: usize,
    /// The release; none when it was refused or nothing was kept.
    pub release: Option<release::Model>,
    /// Whether it was made by this call (or would have been).
    pub created: bool,
    /// Why it was refused.
    pub user_errors: Vec<UserError>,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}

/// Records finished releases, each on its own; see [`ImportMode`].
///
/// # Errors
/// [`Error::Refused`] when there are too many rows; or the database. A refused row is told in the
/// outcome.
pub async fn import(
    service: &Service,
    caller: &Caller,
    releases: Vec<NewRelease>,
    mode: ImportMode,
) -> Result<ImportOutcome> {
    let path = Path::default().at("releases");
    let limit = service.settings.max_import_length;
    if releases.len() > limit {
        let message = format!("has {} entries; {limit} are allowed", releases.len());
        return Err(path.refuse(UserErrorCode::TooMany, message));
    }
    let rows = releases.into_iter().enumerate();
    let rows = rows.map(|(index, release)| BatchRow {
        release,
        restored: None,
        path: path.at(index),
    });
    let batch = Batch::check(service, rows);
    let batch = &batch;
    service
        .database
        .write_or_undo(move |tx| async move {
            let mut outcome = batch.store(&tx, caller, service.now()).await?;
            let undo = mode.dry_run || (mode.atomic && outcome.failed_count > 0);
            if undo {
                outcome.forget(mode);
                return Ok(Verdict::Undo(outcome));
            }
            Ok(Verdict::Keep(outcome))
        })
        .await
}

/// A release to import.
#[derive(Clone, Debug)]
pub struct BatchRow {
    /// The release, as the caller gave it.
    pub release: NewRelease,
    /// What an export knows of it beside.
    pub restored: Option<Restored>,
    /// Its place in the input.
    pub path: Path,
}

/// Releases to import, checked.
#[derive(Debug)]
pub struct Batch {
    rows: Vec<Row>,
    /// The index of each of `rows`.
    indexes: Vec<usize>,
    refused: HashMap<usize, Vec<UserError>>,
    ready: Mutex<Option<Ready>>,
}

impl Batch {
    /// Checks releases.
    pub fn check(service: &Service, rows: impl IntoIterator<Item = BatchRow>) -> Self {
        let mut batch = Self {
            rows: Vec::new(),
            indexes: Vec::new(),
            refused: HashMap::new(),
            ready: Mutex::default(),
        };
        for (index, row) in rows.into_iter().enumerate() {
            let path = row.path.clone();
            match Row::check(service, row.release, row.restored, row.path) {
                Ok(row) => {
                    batch.rows.push(row);
                    batch.indexes.push(index);
                }
                Err(Error::Refused(errors)) => {
                    batch.refused.insert(index, errors);
                }
                Err(_) => {
                    let error = path.error(UserErrorCode::Internal, "could not be checked");
                    batch.refused.insert(index, vec![error]);
                }
            }
        }
        batch
    }

    /// The external ids that the releases and their packages are told with.
    #[must_use]
    pub fn keys(&self) -> Keys {
        let releases = self.rows.iter();
        let releases = releases.filter_map(|row| row.input.external_id.clone());
        let packages = self.rows.iter().flat_map(|row| &row.input.packages);
        let packages = packages.filter_map(|package| package.external_id.clone());
        Keys {
            releases: releases.collect(),
            packages: packages.collect(),
        }
    }

    /// Makes ready for [`Batch::store`] what can be, ahead of its transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prepare(&self, service: &Service, caller: &Caller) -> Result<()> {
        let ready = Ready::make(service, &self.rows, told(caller, service.now())).await?;
        *self.ready() = ready;
        Ok(())
    }

    /// Whether it was made ready and not stored yet.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready().is_some()
    }

    fn ready(&self) -> MutexGuard<'_, Option<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn store_rows(
        &self,
        tx: &DatabaseTransaction,
        told: Told<'_>,
    ) -> Result<Vec<RowOutcome>> {
        // Once: what is stored again, because another transaction got in the way, takes the long way.
        let ready = self.ready().take();
        if let Some(ready) = ready
            && let Some(stored) = ready.store(tx, &self.rows).await?
        {
            return Ok(stored);
        }
        store(tx, &self.rows, told).await
    }

    /// Stores what was not refused and tells of every row.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store(
        &self,
        tx: &DatabaseTransaction,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<ImportOutcome> {
        let stored = self.store_rows(tx, told(caller, now)).await?;
        Ok(self.outcome(stored))
    }

    /// Stores what was not refused over `bulk`, if it was made ready and all of it is new, and tells of
    /// every row; otherwise stores nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store_in_bulk(&self, bulk: &mut Bulk) -> Result<Option<ImportOutcome>> {
        let ready = self.ready().take();
        let Some(ready) = ready else {
            return Ok(None);
        };
        let stored = ready.store_in_bulk(bulk).await?;
        Ok(stored.map(|stored| self.outcome(stored)))
    }

    /// What became of every row, of which those that were not refused are `stored`.
    fn outcome(&self, stored: Vec<RowOutcome>) -> ImportOutcome {
        let mut outcomes: Vec<(usize, RowOutcome)> =
            self.indexes.iter().copied().zip(stored).collect();
        outcomes.extend(
            self.refused
                .iter()
                .map(|(index, errors)| (*index, Err(errors.clone()))),
        );
        outcomes.sort_by_key(|(index, _)| *index);
        let mut total = ImportOutcome::default();
        for (index, outcome) in outcomes {
            total.add(index, outcome);
        }
        total
    }
}

const fn told(caller: &Caller, now: Timestamp) -> Told<'_> {
    Told {
        telling: Telling::Finished,
        always_remark: true,
        caller,
        now,
    }
}

/// What releases and packages are known by.
#[derive(Debug)]
pub struct Keys {
    releases: HashSet<String>,
    packages: HashSet<String>,
}

impl Keys {
    /// Whether one is in both, so that it matters who comes first.
    #[must_use]
    pub fn meet(&self, others: &Self) -> bool {
        !self.releases.is_disjoint(&others.releases) || !self.packages.is_disjoint(&others.packages)
    }
}

impl ImportOutcome {
    fn add(&mut self, index: usize, outcome: RowOutcome) {
        let row = match outcome {
            Ok(ReleaseOutcome {
                release,
                created,
                warnings,
            }) => {
                if created {
                    self.created_count += 1;
                } else {
                    self.existing_count += 1;
                }
                ImportRow {
                    index,
                    release: Some(release),
                    created,
                    user_errors: vec![],
                    warnings,
                }
            }
            Err(user_errors) => {
                self.failed_count += 1;
                ImportRow {
                    index,
                    release: None,
                    created: false,
                    user_errors,
                    warnings: vec![],
                }
            }
        };
        self.rows.push(row);
    }

    /// Says that nothing was kept. A dry run still counts what would have happened.
    fn forget(&mut self, mode: ImportMode) {
        for row in &mut self.rows {
            row.release = None;
            row.created &= mode.dry_run && !(mode.atomic && self.failed_count > 0);
        }
        if mode.atomic && self.failed_count > 0 {
            self.created_count = 0;
            self.existing_count = 0;
        }
    }
}
