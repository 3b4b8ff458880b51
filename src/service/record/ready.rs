//! New releases made ready ahead of the transaction that stores them, so that the database waits for
//! nothing but itself.
//!
//! Most imports bring what is not there yet. Where something turns out to be there, what was made
//! ready is thrown away, and the releases take the long way.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction};
use uuid::Uuid;

use super::draft::Draft;
use super::packages::TakenKeys;
use super::{Row, RowOutcome, Told, store, take_back};
use crate::service::Service;
use crate::service::database::{Bulk, NewRows};
use crate::service::error::Result;
use crate::service::step::ReleaseOutcome;

/// Rows in the tables at most; a few releases may have a million.
const MAX_ROWS: usize = 200_000;

/// What stores releases if all of them are new.
#[derive(Debug)]
pub(super) struct Ready {
    rows: NewRows,
    ids: Vec<Uuid>,
    outcomes: Vec<RowOutcome>,
}

impl Ready {
    /// Makes `rows` ready; none when they must take the long way: when a release or a package is told
    /// twice, or a platform is not known yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make(service: &Service, rows: &[Row], told: Told<'_>) -> Result<Option<Self>> {
        if !are_apart(rows) {
            return Ok(None);
        }
        let drafted: Vec<_> = rows.iter().map(|row| row.draft(told)).collect();
        let drafts = || drafted.iter().map(|(draft, _)| draft);
        if drafts().map(weight).sum::<usize>() > MAX_ROWS {
            return Ok(None);
        }
        let names = || drafts().flat_map(|draft| &draft.platforms);
        if let Err(missing) = service.platforms.ids(names()) {
            let found = store::known_platforms(&service.reader(), missing.iter()).await?;
            service.platforms.learn(found);
        }
        let Ok(platforms) = service.platforms.ids(names()) else {
            return Ok(None);
        };
        let (mut ids, mut outcomes, mut drafts) = (Vec::new(), Vec::new(), Vec::new());
        for (draft, warnings) in drafted {
            ids.push(draft.release.id);
            outcomes.push(Ok(ReleaseOutcome {
                release: draft.release.clone(),
                created: true,
                warnings,
            }));
            drafts.push(draft);
        }
        let actor = told.caller.actor.as_deref();
        let backend = service.database.backend();
        let (first, rest) = store::statements(backend, drafts, &platforms, told.now, actor);
        let rows = NewRows {
            first,
            count: ids.len(),
            rest,
        };
        Ok(Some(Self {
            rows,
            ids,
            outcomes,
        }))
    }

    /// Stores all of the releases, which were made of `rows`, or none if one of them or of their
    /// packages is known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store(
        self,
        tx: &DatabaseTransaction,
        rows: &[Row],
    ) -> Result<Option<Vec<RowOutcome>>> {
        let packages = rows.iter().flat_map(|row| &row.input.packages);
        if !TakenKeys::of(tx, packages).await?.is_empty() {
            return Ok(None);
        }
        let mut stored = 0;
        for statement in self.rows.first {
            stored += tx.execute_raw(statement).await?.rows_affected();
        }
        if stored < self.rows.count as u64 {
            take_back(tx, self.ids).await?;
            return Ok(None);
        }
        for statement in self.rows.rest {
            tx.execute_raw(statement).await?;
        }
        Ok(Some(self.outcomes))
    }

    /// The same over `bulk`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn store_in_bulk(self, bulk: &mut Bulk) -> Result<Option<Vec<RowOutcome>>> {
        let stored = bulk.store(self.rows).await?;
        Ok(stored.then_some(self.outcomes))
    }
}

/// Whether all releases are different ones, and all packages.
fn are_apart(rows: &[Row]) -> bool {
    let releases = rows.iter().map(|row| row.input.external_id.as_ref());
    let packages = rows.iter().flat_map(|row| &row.input.packages);
    let packages = packages.map(|package| package.external_id.as_ref());
    are_different(releases) && are_different(packages)
}

/// Whether no key is there twice.
fn are_different<'a>(keys: impl Iterator<Item = Option<&'a String>>) -> bool {
    let mut known = HashSet::new();
    keys.flatten().all(|key| known.insert(key))
}

/// About how many rows there will be.
fn weight(draft: &Draft) -> usize {
    let packages = draft.packages.len();
    1 + packages * (2 + draft.platforms.len()) + draft.results.len() + draft.notes.len()
}
