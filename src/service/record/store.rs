//! Storing the rows of new releases, any number of them in a fixed number of statements.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    Timestamp, deployment, event, failure, package, package_result, platform, release,
    release_metadata, release_note, release_platform, release_reference,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, IdenStatic as _,
    QueryFilter, QuerySelect, Statement,
};
use uuid::Uuid;

use super::draft::Draft;
use crate::service::error::Result;
use crate::service::history::NewEvent;
use crate::service::insert::{self, IfTaken, Inserts, insert_all};
use crate::service::line;

/// Names that are looked up in one statement at most.
const MAX_NAMES: usize = 30_000;

/// What happens to a release whose external id is taken.
const IF_KNOWN: IfTaken = IfTaken::Keep("external_id");

/// Stores releases, those that are new. Returns the ids of the ones that were stored; the others
/// have an external id that is taken. The database decides that, so that of two callers at the
/// same moment one stores and the other learns of it.
///
/// # Errors
/// When the database fails.
pub async fn insert_releases(
    tx: &DatabaseTransaction,
    releases: Vec<release::Model>,
) -> Result<HashSet<Uuid>> {
    let releases = in_order(releases);
    let ids: Vec<Uuid> = releases.iter().map(|release| release.id).collect();
    let expected = releases.len() as u64;
    let inserted = insert_all(tx, releases, IF_KNOWN).await?;
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

/// In one order for all, so that two imports of the same releases do not wait for each other in a
/// circle. Of two with the same external id the first stays the first.
fn in_order(mut releases: Vec<release::Model>) -> Vec<release::Model> {
    releases.sort_by(|one, other| one.external_id.cmp(&other.external_id));
    releases
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
    let rows = Rows::of(drafts, &platform_ids, now, actor);
    let mut inserts = Inserts::default();
    inserts.add(tx, rows.platforms).await?;
    inserts.add(tx, rows.references).await?;
    inserts.add(tx, rows.metadata).await?;
    inserts.add(tx, rows.notes).await?;
    inserts.add(tx, rows.packages).await?;
    inserts.add(tx, rows.deployments).await?;
    inserts.add(tx, rows.results).await?;
    inserts.add(tx, rows.failures).await?;
    inserts.add(tx, rows.events).await?;
    inserts.finish(tx).await
}

/// What stores a new release with everything that hangs on it, on platforms that are all known;
/// none when that is too much for one statement.
pub fn whole(
    draft: Draft,
    platform_ids: &HashMap<String, Uuid>,
    now: Timestamp,
    actor: Option<&str>,
) -> Option<Inserts> {
    let mut inserts = Inserts::default();
    let release = vec![draft.release.clone()];
    let rows = Rows::of(vec![draft], platform_ids, now, actor);
    let has_room = inserts.try_add(release).is_none()
        && inserts.try_add(rows.platforms).is_none()
        && inserts.try_add(rows.references).is_none()
        && inserts.try_add(rows.metadata).is_none()
        && inserts.try_add(rows.notes).is_none()
        && inserts.try_add(rows.packages).is_none()
        && inserts.try_add(rows.deployments).is_none()
        && inserts.try_add(rows.results).is_none()
        && inserts.try_add(rows.failures).is_none()
        && inserts.try_add(rows.events).is_none();
    has_room.then_some(inserts)
}

/// What stores releases that are new, and then what stores everything that hangs on them, on platforms
/// that are all known.
pub fn statements(
    backend: DbBackend,
    drafts: Vec<Draft>,
    platform_ids: &HashMap<String, Uuid>,
    now: Timestamp,
    actor: Option<&str>,
) -> (Vec<Statement>, Vec<Statement>) {
    let releases = drafts.iter().map(|draft| draft.release.clone());
    let releases = in_order(releases.collect());
    let rows = Rows::of(drafts, platform_ids, now, actor);
    let contents = insert::repeated(backend, rows.platforms, IfTaken::Fail)
        .chain(insert::repeated(backend, rows.references, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.metadata, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.notes, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.packages, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.deployments, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.results, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.failures, IfTaken::Fail))
        .chain(insert::repeated(backend, rows.events, IfTaken::Fail));
    let releases = insert::repeated(backend, releases, IF_KNOWN);
    (releases.collect(), contents.collect())
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
    insert_all(tx, rows, IfTaken::Fail).await?;
    Ok(())
}

/// The rows of many releases, table by table.
#[derive(Default)]
struct Rows {
    platforms: Vec<release_platform::Model>,
    references: Vec<release_reference::Model>,
    metadata: Vec<release_metadata::Model>,
    notes: Vec<release_note::Model>,
    packages: Vec<package::Model>,
    deployments: Vec<deployment::Model>,
    results: Vec<package_result::Model>,
    failures: Vec<failure::Model>,
    events: Vec<event::ActiveModel>,
}

impl Rows {
    fn of(
        drafts: Vec<Draft>,
        platform_ids: &HashMap<String, Uuid>,
        now: Timestamp,
        actor: Option<&str>,
    ) -> Self {
        let mut rows = Self::default();
        for draft in drafts {
            rows.add(draft, platform_ids, now, actor);
        }
        rows
    }

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
            .extend(line::deployments(&draft.packages, &platforms));
        self.platforms.extend(platforms);
        self.references.extend(reference_rows(id, draft.references));
        self.metadata.extend(metadata_rows(id, draft.metadata));
        self.notes.extend(draft.notes);
        self.packages.extend(draft.packages);
        self.results.extend(draft.results);
        self.failures.extend(draft.failures);
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
    let if_taken = IfTaken::Keep(platform::Column::Name.as_str());
    insert_all(tx, rows, if_taken).await?;
    known.extend(known_platforms(tx, missing.into_iter()).await?);
    Ok(known)
}

/// The ids of those of the platforms that are there.
///
/// # Errors
/// When the database fails.
pub async fn known_platforms<'a>(
    connection: &impl ConnectionTrait,
    names: impl Iterator<Item = &'a String> + Send,
) -> Result<HashMap<String, Uuid>> {
    let names: Vec<&String> = names.collect();
    let mut known = HashMap::new();
    for names in names.chunks(MAX_NAMES) {
        let found: Vec<(String, Uuid)> = platform::Entity::find()
            .select_only()
            .columns([platform::Column::Name, platform::Column::Id])
            .filter(platform::Column::Name.is_in(names.iter().map(|name| name.as_str())))
            .into_tuple()
            .all(connection)
            .await?;
        known.extend(found);
    }
    Ok(known)
}
