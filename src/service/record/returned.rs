//! Known releases that are returned as they are, many with one look-up.

use std::collections::HashMap;

use entity::release;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::existing::already_recorded;
use super::{ConflictPolicy, Row, RowOutcome, Told};
use crate::service::error::{Result, UserErrorCode};
use crate::service::step::ReleaseOutcome;

/// External ids in one statement at most.
const KEYS: usize = 10_000;

/// The stored releases that rows name.
#[derive(Debug, Default)]
pub(super) struct Returned(HashMap<String, release::Model>);

impl Returned {
    /// Looks up the releases of those of `rows` that are returned whatever they hold; asks nothing
    /// when there are none.
    pub async fn of<'a>(
        tx: &DatabaseTransaction,
        rows: impl Iterator<Item = &'a Row>,
        told: Told<'_>,
    ) -> Result<Self> {
        let keys: Vec<&str> = rows
            .filter(|row| told.always_remark && is_returned(row))
            .filter_map(|row| row.input.external_id.as_deref())
            .collect();
        let mut known = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(KEYS) {
            let found = release::Entity::find()
                .filter(release::Column::ExternalId.is_in(keys.iter().copied()))
                .all(tx)
                .await?;
            let keyed = |release: release::Model| Some((release.external_id.clone()?, release));
            known.extend(found.into_iter().filter_map(keyed));
        }
        Ok(Self(known))
    }

    /// What became of a row; none when it is not for here.
    pub fn outcome(&self, row: &Row) -> Option<RowOutcome> {
        if !is_returned(row) {
            return None;
        }
        let release = self.0.get(row.input.external_id.as_ref()?)?;
        let path = row.path.at("externalId");
        if release.deleted_at.is_some() {
            let error = path.error(UserErrorCode::Deleted, "the release was deleted");
            return Some(Err(vec![error]));
        }
        let mut warnings = row.warnings.clone();
        warnings.push(already_recorded(&path));
        Some(Ok(ReleaseOutcome {
            release: release.clone(),
            created: false,
            warnings,
        }))
    }
}

fn is_returned(row: &Row) -> bool {
    row.input.on_conflict == ConflictPolicy::ReturnExisting
}
