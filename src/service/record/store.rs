//! Storing the rows of new releases, any number of them in a fixed number of statements.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    Timestamp, deployment, event, failure, package, package_result, platform, release,
    release_metadata, release_note, release_platform, release_reference,
};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::draft::Draft;
use crate::service::error::Result;
use crate::service::history::NewEvent;
use crate::service::line;

/// Values in one statement at most; SQLite takes 32,766 and PostgreSQL 65,535.
const MAX_VALUES: usize = 30_000;

/// Stores releases, those that are new. Returns the ids of the ones that were stored; the others
/// have an external id that is taken. The database decides that, so that of two callers at the
/// same moment one stores and the other learns of it.
///
/// # Errors
/// When the database fails.
pub async fn insert_releases(
    tx: &DatabaseTransaction,
    mut releases: Vec<release::Model>,
) -> Result<HashSet<Uuid>> {
    // In one order for all, so that two imports of the same releases do not wait for each other in
    // a circle. Of two with the same external id the first stays the first.
    releases.sort_by(|one, other| one.external_id.cmp(&other.external_id));
    let ids: Vec<Uuid> = releases.iter().map(|release| release.id).collect();
    let expected = releases.len() as u64;
    let on_conflict = OnConflict::column(release::Column::ExternalId)
        .do_nothing()
        .to_owned();
    let inserted = insert_all(tx, actives(releases), Some(on_conflict)).await?;
    if inserted == expected {
        return Ok(ids.into_iter().collect());
    }
    let stored: Vec<Uuid> = release::Entity::find()
        .select_only()
        .column(release::Column::Id)
        .filter(release::Column::Id.is_in(ids))
        .into_tuple()
        .all(tx)
        .await?;
    Ok(stored.into_iter().collect())
}

/// Stores everything that hangs on new releases, the releases being there already.
///
/// # Errors
/// When the database fails.
pub async fn insert_contents(
    tx: &DatabaseTransaction,
    drafts: Vec<Draft>,
    now: Timestamp,
    actor: Option<&str>,
) -> Result<()> {
    let names = drafts
        .iter()
        .flat_map(|draft| draft.platforms.iter().cloned())
        .collect();
    let platform_ids = platform_ids(tx, names, now).await?;
    let mut rows = Rows::default();
    for draft in drafts {
        rows.add(draft, &platform_ids, now, actor);
    }
    insert_all(tx, rows.platforms, None).await?;
    insert_all(tx, rows.references, None).await?;
    insert_all(tx, rows.metadata, None).await?;
    insert_all(tx, rows.notes, None).await?;
    insert_all(tx, rows.packages, None).await?;
    insert_all(tx, rows.deployments, None).await?;
    insert_all(tx, rows.results, None).await?;
    insert_all(tx, rows.failures, None).await?;
    insert_all(tx, rows.events, None).await?;
    Ok(())
}

/// Stores events.
///
/// # Errors
/// When the database fails.
pub async fn insert_events(
    tx: &DatabaseTransaction,
    events: Vec<NewEvent>,
    now: Timestamp,
    actor: Option<&str>,
) -> Result<()> {
    let rows = events
        .into_iter()
        .map(|event| event.into_row(now, actor))
        .collect();
    insert_all(tx, rows, None).await?;
    Ok(())
}

/// The rows of many releases, table by table.
#[derive(Default)]
struct Rows {
    platforms: Vec<release_platform::ActiveModel>,
    references: Vec<release_reference::ActiveModel>,
    metadata: Vec<release_metadata::ActiveModel>,
    notes: Vec<release_note::ActiveModel>,
    packages: Vec<package::ActiveModel>,
    deployments: Vec<deployment::ActiveModel>,
    results: Vec<package_result::ActiveModel>,
    failures: Vec<failure::ActiveModel>,
    events: Vec<event::ActiveModel>,
}

impl Rows {
    fn add(
        &mut self,
        draft: Draft,
        platform_ids: &HashMap<String, Uuid>,
        now: Timestamp,
        actor: Option<&str>,
    ) {
        let id = draft.release.id;
        self.events.extend(
            draft
                .events()
                .into_iter()
                .map(|event| event.into_row(now, actor)),
        );
        let platforms = platform_rows(id, &draft.platforms, platform_ids);
        self.deployments
            .extend(actives(line::deployments(&draft.packages, &platforms)));
        self.platforms.extend(actives(platforms));
        self.references
            .extend(actives(reference_rows(id, draft.references)));
        self.metadata
            .extend(actives(metadata_rows(id, draft.metadata)));
        self.notes.extend(actives(draft.notes));
        self.packages.extend(actives(draft.packages));
        self.results.extend(actives(draft.results));
        self.failures.extend(actives(draft.failures));
    }
}

/// The rows that say which platforms a release names.
pub fn platform_rows(
    release_id: Uuid,
    names: &[String],
    ids: &HashMap<String, Uuid>,
) -> Vec<release_platform::Model> {
    let found = names.iter().filter_map(|name| ids.get(name));
    let row = |(position, id): (i32, &Uuid)| release_platform::Model {
        release_id,
        platform_id: *id,
        position,
    };
    (0..).zip(found).map(row).collect()
}

/// The rows of a release's references.
pub fn reference_rows(
    release_id: Uuid,
    references: impl IntoIterator<Item = String>,
) -> Vec<release_reference::Model> {
    let row = |(position, reference)| release_reference::Model {
        release_id,
        position,
        reference,
    };
    (0..).zip(references).map(row).collect()
}

/// The rows of a release's metadata.
pub fn metadata_rows(
    release_id: Uuid,
    metadata: impl IntoIterator<Item = (String, String)>,
) -> Vec<release_metadata::Model> {
    let row = |(key, value)| release_metadata::Model {
        release_id,
        key,
        value,
    };
    metadata.into_iter().map(row).collect()
}

/// The ids of platforms by name; those that are not there yet are made. Names go in sorted, so
/// that two callers naming the same new platforms wait for each other in the same order.
///
/// # Errors
/// When the database fails.
pub async fn platform_ids(
    tx: &DatabaseTransaction,
    names: BTreeSet<String>,
    now: Timestamp,
) -> Result<HashMap<String, Uuid>> {
    let mut known = known_platforms(tx, names.iter()).await?;
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !known.contains_key(*name))
        .collect();
    if missing.is_empty() {
        return Ok(known);
    }
    let row = |name: &&String| platform::Model {
        id: Uuid::now_v7(),
        name: (*name).clone(),
        created_at: now,
    };
    let rows = missing.iter().map(row).collect();
    let on_conflict = OnConflict::column(platform::Column::Name)
        .do_nothing()
        .to_owned();
    insert_all(tx, actives(rows), Some(on_conflict)).await?;
    known.extend(known_platforms(tx, missing.into_iter()).await?);
    Ok(known)
}

async fn known_platforms<'a>(
    tx: &DatabaseTransaction,
    names: impl Iterator<Item = &'a String> + Send,
) -> Result<HashMap<String, Uuid>> {
    let names: Vec<&String> = names.collect();
    let mut known = HashMap::new();
    for names in names.chunks(MAX_VALUES) {
        let found: Vec<(String, Uuid)> = platform::Entity::find()
            .select_only()
            .columns([platform::Column::Name, platform::Column::Id])
            .filter(platform::Column::Name.is_in(names.iter().map(|name| name.as_str())))
            .into_tuple()
            .all(tx)
            .await?;
        known.extend(found);
    }
    Ok(known)
}

/// Rows as sea-orm inserts them, every column set.
pub fn actives<M>(models: Vec<M>) -> Vec<<M::Entity as EntityTrait>::ActiveModel>
where
    M: sea_orm::ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
{
    models
        .into_iter()
        .map(|model| model.into_active_model().reset_all())
        .collect()
}

/// Inserts rows, as many to a statement as the databases take. Returns how many went in.
///
/// # Errors
/// When the database fails.
pub async fn insert_all<A>(
    tx: &DatabaseTransaction,
    mut rows: Vec<A>,
    on_conflict: Option<OnConflict>,
) -> Result<u64>
where
    A: ActiveModelTrait,
{
    let at_once = MAX_VALUES / <A::Entity as EntityTrait>::Column::iter().count();
    let mut inserted = 0;
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(at_once));
        let mut insert = A::Entity::insert_many(rows);
        if let Some(on_conflict) = &on_conflict {
            insert = insert.on_conflict(on_conflict.clone());
        }
        inserted += insert.exec_without_returning(tx).await?;
        rows = rest;
    }
    Ok(inserted)
}
