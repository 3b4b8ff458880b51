//! What hangs on a release beside its packages: platforms, references, notes and metadata. Read
//! and changed for a held release; every change is told in its history.

use std::collections::{BTreeMap, HashSet};

use entity::{
    EventType, Timestamp, package_result, platform, release_metadata, release_note,
    release_platform, release_reference,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, JoinType, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, RelationTrait,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::{Path, Result, UserErrorCode};
use super::held::Held;
use super::history::{Fields, change};
use super::insert::{IfTaken, insert_all};
use super::line;
use super::record::draft::{draft_note, note_fields};
use super::record::store::{metadata_rows, platform_ids, platform_rows, reference_rows};

/// The names of a held release's platforms, in their order.
pub(crate) async fn platforms(tx: &DatabaseTransaction, held: &Held) -> Result<Vec<String>> {
    let names = release_platform::Entity::find()
        .select_only()
        .column(platform::Column::Name)
        .join(
            JoinType::InnerJoin,
            release_platform::Relation::Platform.def(),
        )
        .filter(release_platform::Column::ReleaseId.eq(held.release.id))
        .order_by_asc(release_platform::Column::Position)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(names)
}

/// Makes `after` the platforms of a held release, to be told with the release's change. Returns
/// what to tell, where it differs.
pub(crate) async fn set_platforms(
    tx: &DatabaseTransaction,
    held: &Held,
    after: &[String],
    now: Timestamp,
) -> Result<Fields> {
    let before = platforms(tx, held).await?;
    if before == after {
        return Ok(Fields::new());
    }
    let id = held.release.id;
    release_platform::Entity::delete_many()
        .filter(release_platform::Column::ReleaseId.eq(id))
        .exec(tx)
        .await?;
    let ids = platform_ids(tx, after.iter().cloned().collect(), now).await?;
    insert_all(tx, platform_rows(id, after, &ids), IfTaken::Fail).await?;
    line::renew(tx, id).await?;
    Ok(Fields::from_iter([(
        "platforms".to_owned(),
        change(before, after),
    )]))
}

/// The references of a held release, in their order.
pub(crate) async fn references(tx: &DatabaseTransaction, held: &Held) -> Result<Vec<String>> {
    let texts = release_reference::Entity::find()
        .select_only()
        .column(release_reference::Column::Reference)
        .filter(release_reference::Column::ReleaseId.eq(held.release.id))
        .order_by_asc(release_reference::Column::Position)
        .into_tuple()
        .all(tx)
        .await?;
    Ok(texts)
}

/// Makes `after` the references of a held release, to be told with the release's change. Returns
/// what to tell, where it differs.
pub(crate) async fn set_references(
    tx: &DatabaseTransaction,
    held: &Held,
    after: &[String],
) -> Result<Fields> {
    let before = references(tx, held).await?;
    if before == after {
        return Ok(Fields::new());
    }
    let id = held.release.id;
    release_reference::Entity::delete_many()
        .filter(release_reference::Column::ReleaseId.eq(id))
        .exec(tx)
        .await?;
    insert_all(tx, reference_rows(id, after.to_vec()), IfTaken::Fail).await?;
    Ok(Fields::from_iter([(
        "references".to_owned(),
        change(before, after),
    )]))
}

/// Those of `texts` that a held release has no remark of, each once.
pub(crate) async fn missing_notes(
    tx: &DatabaseTransaction,
    held: &Held,
    texts: &[String],
) -> Result<Vec<String>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let known: Vec<String> = release_note::Entity::find()
        .select_only()
        .column(release_note::Column::Text)
        .filter(release_note::Column::ReleaseId.eq(held.release.id))
        .filter(release_note::Column::Text.is_in(texts))
        .into_tuple()
        .all(tx)
        .await?;
    let mut seen: HashSet<&String> = known.iter().collect();
    let missing = texts.iter().filter(|text| seen.insert(text));
    Ok(missing.cloned().collect())
}

/// Refuses remarks beyond the limit, before any is stored. `path` is where they stand in the
/// input.
pub(crate) async fn check_note_count(
    tx: &DatabaseTransaction,
    held: &Held,
    adding: usize,
    limit: usize,
    path: &Path,
) -> Result<()> {
    if adding == 0 {
        return Ok(());
    }
    let stored = release_note::Entity::find()
        .filter(release_note::Column::ReleaseId.eq(held.release.id))
        .count(tx)
        .await?;
    let total = usize::try_from(stored)
        .unwrap_or(usize::MAX)
        .saturating_add(adding);
    if total > limit {
        let message = format!("leads to {total} notes of the release; {limit} are allowed");
        return Err(path.refuse(UserErrorCode::TooMany, message));
    }
    Ok(())
}

/// Those of `results` (packages with output) that are not stored yet, each once.
pub(crate) async fn missing_results(
    tx: &DatabaseTransaction,
    results: Vec<(Uuid, &String)>,
) -> Result<Vec<(Uuid, String)>> {
    let mut seen = HashSet::new();
    for some in results.chunks(10_000) {
        let known: Vec<(Uuid, String)> = package_result::Entity::find()
            .select_only()
            .columns([
                package_result::Column::PackageId,
                package_result::Column::Content,
            ])
            .filter(package_result::Column::PackageId.is_in(some.iter().map(|(id, _)| *id)))
            .filter(package_result::Column::Content.is_in(some.iter().map(|(_, text)| *text)))
            .into_tuple()
            .all(tx)
            .await?;
        seen.extend(known);
    }
    let results = results.into_iter().map(|(id, text)| (id, text.clone()));
    Ok(results
        .filter(|result| seen.insert(result.clone()))
        .collect())
}

/// Stores a remark on a held release and has it told.
pub(crate) async fn add_note(
    tx: &DatabaseTransaction,
    held: &mut Held,
    text: &str,
    author: Option<String>,
    now: Timestamp,
) -> Result<()> {
    let note = draft_note(held.release.id, text, author, now);
    let extra = Fields::from_iter([("note".to_owned(), change(Value::Null, note_fields(&note)))]);
    held.mark_release(EventType::NoteAdded, now, extra);
    insert_all(tx, vec![note], IfTaken::Fail).await?;
    Ok(())
}

/// The metadata of a held release.
pub(crate) async fn metadata(
    tx: &DatabaseTransaction,
    held: &Held,
) -> Result<BTreeMap<String, String>> {
    let rows = release_metadata::Entity::find()
        .filter(release_metadata::Column::ReleaseId.eq(held.release.id))
        .all(tx)
        .await?;
    Ok(rows.into_iter().map(|row| (row.key, row.value)).collect())
}

/// Makes `after` the metadata of a held release and has it told, where it differs.
pub(crate) async fn set_metadata(
    tx: &DatabaseTransaction,
    held: &mut Held,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    now: Timestamp,
) -> Result<()> {
    if before == after {
        return Ok(());
    }
    let id = held.release.id;
    let stale = before
        .iter()
        .filter(|(key, value)| after.get(*key) != Some(value));
    release_metadata::Entity::delete_many()
        .filter(release_metadata::Column::ReleaseId.eq(id))
        .filter(release_metadata::Column::Key.is_in(stale.map(|(key, _)| key.as_str())))
        .exec(tx)
        .await?;
    let news = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value));
    let rows = metadata_rows(id, news.map(|(key, value)| (key.clone(), value.clone())));
    insert_all(tx, rows, IfTaken::Fail).await?;
    let extra = Fields::from_iter([("metadata".to_owned(), change(json!(before), json!(after)))]);
    held.mark_release(EventType::MetadataSet, now, extra);
    Ok(())
}
