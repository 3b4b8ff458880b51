//! Recording new releases: `createRelease`, `recordRelease`, `importReleases`.

pub(crate) mod draft;
mod existing;
mod fresh;
pub mod import;
pub mod input;
pub(crate) mod matching;
mod packages;
mod ready;
pub mod restore;
mod returned;
pub(crate) mod store;

use std::collections::{HashMap, HashSet};

use entity::{Timestamp, release};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use self::draft::{Draft, Telling};
use self::existing::Meeting;
use self::input::CheckedRelease;
pub use self::input::{ConflictPolicy, NewPackage, NewRelease};
use self::packages::{TakenKeys, taken_keys};
use self::restore::Restored;
use self::returned::Returned;
use super::check::Checker;
use super::error::{Error, Path, Result, UserError, Warning};
use super::step::ReleaseOutcome;
use super::{Caller, Service};

/// Records a release that is about to happen or happening (createRelease).
///
/// # Errors
/// [`Error::Refused`] when the input cannot be stored; or the database.
pub async fn create(
    service: &Service,
    caller: &Caller,
    input: NewRelease,
) -> Result<ReleaseOutcome> {
    record_one(service, caller, input, Telling::Live).await
}

/// Records a release that is over (recordRelease).
///
/// # Errors
/// [`Error::Refused`] when the input cannot be stored; or the database.
pub async fn record(
    service: &Service,
    caller: &Caller,
    input: NewRelease,
) -> Result<ReleaseOutcome> {
    record_one(service, caller, input, Telling::Finished).await
}

async fn record_one(
    service: &Service,
    caller: &Caller,
    input: NewRelease,
    telling: Telling,
) -> Result<ReleaseOutcome> {
    let now = service.now();
    let row = Row::check(service, input, None, Path::default())?;
    let told = Told {
        telling,
        always_remark: false,
        caller,
        now,
    };
    if let Some(outcome) = fresh::record(service, &row, told).await? {
        return Ok(outcome);
    }
    let row = &row;
    service
        .database
        .write(move |tx| async move {
            let outcomes = store(&tx, std::slice::from_ref(row), told).await?;
            let outcome = outcomes.into_iter().next();
            outcome
                .unwrap_or_else(|| Err(vec![]))
                .map_err(Error::Refused)
        })
        .await
}

/// A checked release on its way into the database.
#[derive(Debug)]
struct Row {
    /// The id of the release if it is new. Rows that are checked one after the other are in the order
    /// of their ids, however they are stored.
    id: Uuid,
    input: CheckedRelease,
    restored: Option<Restored>,
    warnings: Vec<Warning>,
    /// Packages or notes of a release at most, each.
    limit: usize,
    path: Path,
}

impl Row {
    fn check(
        service: &Service,
        input: NewRelease,
        restored: Option<Restored>,
        path: Path,
    ) -> Result<Self> {
        let mut checker = Checker::new(service);
        let input = input.check(&mut checker, &path);
        Ok(Self {
            id: Uuid::now_v7(),
            input,
            restored: restored.map(|restored| restored.check(&mut checker, &path)),
            warnings: checker.finish()?,
            limit: service.settings.max_list_length,
            path,
        })
    }

    /// The rows to store if the release is new, and what to remark on.
    fn draft(&self, told: Told<'_>) -> (Draft, Vec<Warning>) {
        let mut warnings = self.warnings.clone();
        let mut draft = Draft::new(
            self.id,
            &self.input,
            told.telling,
            told.caller,
            told.now,
            &self.path,
            &mut warnings,
        );
        if let Some(restored) = &self.restored {
            restored.apply(&mut draft, &self.input, told.now, &mut warnings);
        }
        (draft, warnings)
    }

    /// How it is told, seen from a record that is known.
    fn telling(&self, told: Told<'_>) -> Telling {
        let facts = self.restored.as_ref().and_then(|row| row.facts.as_ref());
        match facts {
            Some(facts) if !facts.recorded => Telling::Live,
            _ => told.telling,
        }
    }
}

/// How rows are told, by whom and when.
#[derive(Clone, Copy, Debug)]
struct Told<'a> {
    telling: Telling,
    /// Whether to remark on a known release even when nothing differs.
    always_remark: bool,
    caller: &'a Caller,
    now: Timestamp,
}

/// What became of one row; the mistakes when it was refused.
type RowOutcome = std::result::Result<ReleaseOutcome, Vec<UserError>>;

/// Stores rows: new releases all together, known ones one by one.
async fn store(tx: &DatabaseTransaction, rows: &[Row], told: Told<'_>) -> Result<Vec<RowOutcome>> {
    let packages = rows.iter().flat_map(|row| row.input.packages.iter());
    let mut keys = TakenKeys::of(tx, packages).await?;
    let mut outcomes = HashMap::new();
    let mut pending: Vec<usize> = (0..rows.len()).collect();
    while !pending.is_empty() {
        let freed = store_new(tx, rows, &pending, told, &mut keys, &mut outcomes).await?;
        // What a refused row would have taken is free for a later one.
        let is_freed = |index: &usize| {
            let key = rows[*index].input.external_id.as_ref();
            !outcomes.contains_key(index) && key.is_some_and(|key| freed.contains(key))
        };
        pending.retain(is_freed);
    }
    meet_known(tx, rows, told, outcomes).await
}

/// Stores those of the pending rows whose release is new; what became of them goes to `outcomes`.
/// Returns the external ids of those that were refused.
async fn store_new(
    tx: &DatabaseTransaction,
    rows: &[Row],
    pending: &[usize],
    told: Told<'_>,
    keys: &mut TakenKeys,
    outcomes: &mut HashMap<usize, RowOutcome>,
) -> Result<HashSet<String>> {
    let drafts: Vec<_> = pending
        .iter()
        .map(|index| rows[*index].draft(told))
        .collect();
    let releases = drafts.iter().map(|(draft, _)| draft.release.clone());
    let stored = store::insert_releases(tx, releases.collect()).await?;
    let (mut fresh, mut refused, mut freed) = (Vec::new(), Vec::new(), HashSet::new());
    for (index, (draft, warnings)) in pending.iter().zip(drafts) {
        let (row, id) = (&rows[*index], draft.release.id);
        if !stored.contains(&id) {
            continue;
        }
        let errors = taken_keys(keys, &row.input.packages, None, &row.path);
        if errors.is_empty() {
            keys.take(&row.input.packages, id);
            let outcome = ReleaseOutcome {
                release: draft.release.clone(),
                created: true,
                warnings,
            };
            outcomes.insert(*index, Ok(outcome));
            fresh.push(draft);
        } else {
            outcomes.insert(*index, Err(errors));
            refused.push(id);
            freed.extend(row.input.external_id.clone());
        }
    }
    take_back(tx, refused).await?;
    store::insert_contents(tx, fresh, told.now, told.caller.actor.as_deref()).await?;
    Ok(freed)
}

/// Deals with the rows whose release is known; the outcomes of the others are in `outcomes`.
async fn meet_known(
    tx: &DatabaseTransaction,
    rows: &[Row],
    told: Told<'_>,
    mut outcomes: HashMap<usize, RowOutcome>,
) -> Result<Vec<RowOutcome>> {
    let known = rows.iter().enumerate();
    let known = known.filter(|(index, _)| !outcomes.contains_key(index));
    let mut known: Vec<(usize, &Row)> = known.collect();
    let returned = Returned::of(tx, known.iter().map(|(_, row)| *row), told).await?;
    // Releases are locked in one order for all, so that two imports of the same ones do not wait
    // for each other in a circle. Rows of one release stay in their order.
    known.sort_by_key(|(_, row)| row.input.external_id.as_ref());
    for (index, row) in known {
        if let Some(outcome) = returned.outcome(row) {
            outcomes.insert(index, outcome);
            continue;
        }
        let meeting = Meeting {
            telling: row.telling(told),
            always_remark: told.always_remark,
            caller: told.caller,
            now: told.now,
            limit: row.limit,
            path: &row.path,
        };
        let outcome = match existing::meet(tx, &row.input, meeting, row.warnings.clone()).await {
            Ok(outcome) => Ok(outcome),
            Err(Error::Refused(errors)) => Err(errors),
            Err(error) => return Err(error),
        };
        outcomes.insert(index, outcome);
    }
    Ok((0..rows.len())
        .filter_map(|index| outcomes.remove(&index))
        .collect())
}

/// Removes releases of this transaction again, whose packages cannot be stored.
async fn take_back(tx: &DatabaseTransaction, ids: Vec<Uuid>) -> Result<()> {
    if !ids.is_empty() {
        release::Entity::delete_many()
            .filter(release::Column::Id.is_in(ids))
            .exec(tx)
            .await?;
    }
    Ok(())
}
