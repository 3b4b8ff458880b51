//! Recording new releases: `createRelease`, `recordRelease`, `importReleases`.

pub(crate) mod draft;
mod existing;
pub mod import;
pub mod input;
mod packages;
pub mod restore;
mod returned;
pub(crate) mod store;

use std::collections::HashMap;

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
    input: CheckedRelease,
    restored: Option<Restored>,
    warnings: Vec<Warning>,
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
            input,
            restored: restored.map(|restored| restored.check(&mut checker, &path)),
            warnings: checker.finish()?,
            path,
        })
    }

    /// The rows to store if the release is new, and what to remark on.
    fn draft(&self, told: Told<'_>) -> (Draft, Vec<Warning>) {
        let mut warnings = self.warnings.clone();
        let mut draft = Draft::new(
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
    let drafts: Vec<_> = rows.iter().map(|row| row.draft(told)).collect();
    let releases = drafts
        .iter()
        .map(|(draft, _)| draft.release.clone())
        .collect();
    let packages = rows.iter().flat_map(|row| row.input.packages.iter());
    let mut keys = TakenKeys::of(tx, packages).await?;
    let stored = store::insert_releases(tx, releases).await?;
    let mut outcomes: HashMap<usize, RowOutcome> = HashMap::new();
    let (mut fresh, mut refused) = (Vec::new(), Vec::new());
    for (index, (draft, warnings)) in drafts.into_iter().enumerate() {
        let (row, id) = (&rows[index], draft.release.id);
        if !stored.contains(&id) {
            continue;
        }
        let errors = taken_keys(&keys, &row.input.packages, None, &row.path);
        if errors.is_empty() {
            keys.take(&row.input.packages, id);
            let release = draft.release.clone();
            outcomes.insert(
                index,
                Ok(ReleaseOutcome {
                    release,
                    created: true,
                    warnings,
                }),
            );
            fresh.push(draft);
        } else {
            outcomes.insert(index, Err(errors));
            refused.push(id);
        }
    }
    take_back(tx, refused).await?;
    store::insert_contents(tx, fresh, told.now, told.caller.actor.as_deref()).await?;
    meet_known(tx, rows, told, outcomes).await
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
    let returned = Returned::of(tx, known.map(|(_, row)| row), told).await?;
    let mut all = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        if let Some(outcome) = outcomes.remove(&index).or_else(|| returned.outcome(row)) {
            all.push(outcome);
            continue;
        }
        let meeting = Meeting {
            telling: row.telling(told),
            always_remark: told.always_remark,
            caller: told.caller,
            now: told.now,
            path: &row.path,
        };
        match existing::meet(tx, &row.input, meeting, row.warnings.clone()).await {
            Ok(outcome) => all.push(Ok(outcome)),
            Err(Error::Refused(errors)) => all.push(Err(errors)),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
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
