//! A release held for a change: read and locked in a transaction, changed in memory, and written
//! back with everything that follows and the events that tell of it.

use std::collections::HashMap;

use entity::{EventType, Timestamp, package, package_result, release};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IdenStatic as _,
    IntoActiveModel, Iterable, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::error::{Path, Result, UserErrorCode};
use super::history::{self, Fields, NewEvent, PackageFields, ReleaseFields};
use super::insert::{IfTaken, insert_all};
use super::record::draft::added_event;
use super::record::store::insert_events;
use super::reference::{self, Lock, Lookup, ReleaseRef};
use super::{Caller, derive, line};

/// A release and its packages, locked until the transaction ends.
#[derive(Debug)]
pub(crate) struct Held {
    /// The release, to be changed in place.
    pub release: release::Model,
    /// Its living packages in their order, to be changed in place.
    pub packages: Vec<package::Model>,
    release_before: release::Model,
    packages_before: HashMap<Uuid, package::Model>,
    results: Vec<package_result::Model>,
    marks: Vec<Mark>,
}

/// An event to write when the change is stored.
#[derive(Debug)]
struct Mark {
    kind: EventType,
    occurred_at: Timestamp,
    package_id: Option<Uuid>,
    extra: Fields,
}

impl Held {
    /// Reads and locks the release that is named; `path` is where it stands in the input.
    ///
    /// # Errors
    /// `NOT_FOUND` or `DELETED` at `path`; or the database.
    pub async fn by_ref(
        tx: &DatabaseTransaction,
        release: &ReleaseRef,
        path: &Path,
    ) -> Result<Self> {
        match reference::release(tx, release, Lock::ForUpdate).await? {
            Lookup::Found(release) => Self::of(tx, release).await,
            Lookup::Deleted => Err(path.refuse(UserErrorCode::Deleted, "the release was deleted")),
            Lookup::NotFound | Lookup::Ambiguous => {
                Err(path.refuse(UserErrorCode::NotFound, "there is no such release"))
            }
        }
    }

    /// Reads the packages of a release that is locked already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(tx: &DatabaseTransaction, release: release::Model) -> Result<Self> {
        let packages = package::Entity::find()
            .filter(package::Column::ReleaseId.eq(release.id))
            .filter(package::Column::DeletedAt.is_null())
            .order_by_asc(package::Column::Position)
            .all(tx)
            .await?;
        Ok(Self {
            release_before: release.clone(),
            packages_before: packages.iter().map(|row| (row.id, row.clone())).collect(),
            release,
            packages,
            results: Vec::new(),
            marks: Vec::new(),
        })
    }

    /// The place of a package in [`Held::packages`].
    pub fn index_of(&self, package_id: Uuid) -> Option<usize> {
        self.packages
            .iter()
            .position(|package| package.id == package_id)
    }

    /// Adds a package with its output; its position must be free.
    pub fn add_package(&mut self, package: package::Model, results: Vec<package_result::Model>) {
        self.packages.push(package);
        self.results.extend(results);
    }

    /// Adds output of a package.
    pub fn add_results(&mut self, results: Vec<package_result::Model>) {
        self.results.extend(results);
    }

    /// The first position that no stored package has, be it deleted or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_position(&self, tx: &DatabaseTransaction) -> Result<usize> {
        let last = package::Entity::find()
            .filter(package::Column::ReleaseId.eq(self.release.id))
            .order_by_desc(package::Column::Position)
            .one(tx)
            .await?;
        let next = last.map_or(0, |package| package.position + 1);
        Ok(usize::try_from(next).unwrap_or_default())
    }

    /// Has the release's change told as `kind`, with `extra` beside what differs in its row.
    pub fn mark_release(&mut self, kind: EventType, occurred_at: Timestamp, extra: Fields) {
        self.marks.push(Mark {
            kind,
            occurred_at,
            package_id: None,
            extra,
        });
    }

    /// Has a package's change told as `kind`, with `extra` beside what differs in its row.
    pub fn mark_package(
        &mut self,
        package_id: Uuid,
        kind: EventType,
        occurred_at: Timestamp,
        extra: Fields,
    ) {
        self.marks.push(Mark {
            kind,
            occurred_at,
            package_id: Some(package_id),
            extra,
        });
    }

    /// Writes back what changed, with the derived columns and the events. A release that changed
    /// without a mark is told as updated. Nothing marked and nothing changed writes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save(
        mut self,
        tx: &DatabaseTransaction,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<release::Model> {
        self.mark_silent_change(now);
        let events = self.events();
        if events.is_empty() {
            return Ok(self.release_before);
        }
        derive::settle(&mut self.release, &mut self.packages);
        self.release.updated_at = now;
        update_changed(tx, &self.release_before, &self.release).await?;
        // The database has just done so with all packages of the release, which change no further.
        for package in self.packages_before.values_mut() {
            if package.release_started_at == self.release_before.started_at {
                package.release_started_at = self.release.started_at;
            }
        }
        let moves_lines = self.moves_lines();
        let mut news = Vec::new();
        for mut package in self.packages {
            let before = self.packages_before.get(&package.id);
            if before == Some(&package) {
                continue;
            }
            if before.is_some() {
                package.updated_at = now;
            }
            news.push(package);
        }
        upsert_packages(tx, news).await?;
        if moves_lines {
            line::renew(tx, self.release.id).await?;
        }
        insert_all(tx, self.results, IfTaken::Fail).await?;
        insert_events(tx, events, now, caller.actor.as_deref()).await?;
        Ok(self.release)
    }

    /// Whether a package enters a line, leaves it, or stands elsewhere on it.
    fn moves_lines(&self) -> bool {
        self.packages.iter().any(|package| {
            let before = self.packages_before.get(&package.id);
            line::standing(package) != before.and_then(line::standing)
        })
    }

    /// A step of a package may change its release too; the history must know.
    fn mark_silent_change(&mut self, now: Timestamp) {
        let is_marked = self.marks.iter().any(|mark| mark.package_id.is_none());
        if !is_marked && self.release != self.release_before {
            self.mark_release(EventType::ReleaseUpdated, now, Fields::new());
        }
    }

    /// The events in the order in which they were marked, new packages first.
    fn events(&self) -> Vec<NewEvent> {
        let is_new = |package: &&package::Model| !self.packages_before.contains_key(&package.id);
        let added = self.packages.iter().filter(is_new);
        let added = added.map(|package| added_event(package, &self.results));
        let mut told = Vec::new();
        let marked = self.marks.iter().map(|mark| {
            // Two marks on one record tell its change once.
            let changes = if told.contains(&mark.package_id) {
                Fields::new()
            } else {
                told.push(mark.package_id);
                self.changes_of(mark.package_id)
            };
            NewEvent {
                kind: mark.kind,
                occurred_at: mark.occurred_at,
                release_id: self.release.id,
                package_id: mark.package_id,
                changes: history::changes(changes.into_iter().chain(mark.extra.clone()).collect()),
            }
        });
        added.chain(marked).collect()
    }

    fn changes_of(&self, package_id: Option<Uuid>) -> Fields {
        let Some(id) = package_id else {
            return history::difference(
                &ReleaseFields::from(&self.release_before),
                &ReleaseFields::from(&self.release),
            );
        };
        let after = self.packages.iter().find(|package| package.id == id);
        match (self.packages_before.get(&id), after) {
            (Some(before), Some(after)) => {
                history::difference(&PackageFields::from(before), &PackageFields::from(after))
            }
            _ => Fields::new(),
        }
    }
}

/// Stores packages, be they new or changed, any number of them in a fixed number of statements.
async fn upsert_packages(tx: &DatabaseTransaction, packages: Vec<package::Model>) -> Result<()> {
    let if_taken = IfTaken::Replace(package::Column::Id.as_str());
    insert_all(tx, packages, if_taken).await?;
    Ok(())
}

/// Updates only the columns that differ.
async fn update_changed<M>(tx: &DatabaseTransaction, before: &M, after: &M) -> Result<()>
where
    M: sea_orm::ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + Sync,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let mut changed = before.clone().into_active_model();
    let mut is_changed = false;
    for column in <M::Entity as EntityTrait>::Column::iter() {
        let value = after.get(column);
        if before.get(column) != value {
            changed.set(column, value);
            is_changed = true;
        }
    }
    if is_changed {
        M::Entity::update(changed)
            .validate()?
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}
