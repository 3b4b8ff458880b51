//! External ids of packages: each may be used once.

use std::collections::HashMap;

use entity::{Timestamp, package};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::input::CheckedPackage;
use crate::service::error::{Path, Result, UserError, UserErrorCode};

/// Which external ids of packages are taken, and by whom.
#[derive(Debug, Default)]
pub(super) struct TakenKeys(HashMap<String, Owner>);

/// The package that has an external id.
#[derive(Clone, Copy, Debug)]
struct Owner {
    release_id: Uuid,
    is_deleted: bool,
}

impl TakenKeys {
    /// Looks up the external ids of `packages`; asks nothing when none has one.
    pub async fn of<'a>(
        tx: &DatabaseTransaction,
        packages: impl Iterator<Item = &'a CheckedPackage>,
    ) -> Result<Self> {
        let keys: Vec<&str> = packages
            .filter_map(|package| package.external_id.as_deref())
            .collect();
        let mut taken = HashMap::new();
        for keys in keys.chunks(10_000) {
            let found: Vec<(String, Uuid, Option<Timestamp>)> = package::Entity::find()
                .select_only()
                .columns([
                    package::Column::ExternalId,
                    package::Column::ReleaseId,
                    package::Column::DeletedAt,
                ])
                .filter(package::Column::ExternalId.is_in(keys.iter().copied()))
                .into_tuple()
                .all(tx)
                .await?;
            taken.extend(found.into_iter().map(|(key, release_id, deleted_at)| {
                let is_deleted = deleted_at.is_some();
                (
                    key,
                    Owner {
                        release_id,
                        is_deleted,
                    },
                )
            }));
        }
        Ok(Self(taken))
    }

    /// Whether none is taken.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the external ids of `packages` for a release.
    pub fn take(&mut self, packages: &[CheckedPackage], release_id: Uuid) {
        let keys = packages
            .iter()
            .filter_map(|package| package.external_id.clone());
        let owner = Owner {
            release_id,
            is_deleted: false,
        };
        self.0.extend(keys.map(|key| (key, owner)));
    }
}

/// The mistakes of using keys of other releases' packages, or of deleted ones; `release_id` is the
/// release that may use its own, `path` the place of the release.
pub(super) fn taken_keys(
    keys: &TakenKeys,
    packages: &[CheckedPackage],
    release_id: Option<Uuid>,
    path: &Path,
) -> Vec<UserError> {
    let path = path.at("packages");
    let mistake = |(index, package): (usize, &CheckedPackage)| {
        let owner = keys.0.get(package.external_id.as_ref()?)?;
        let (code, message) = if Some(owner.release_id) != release_id {
            let message = "is the external id of a package of another release";
            (UserErrorCode::Conflict, message)
        } else if owner.is_deleted {
            (
                UserErrorCode::Deleted,
                "the package with this external id was deleted",
            )
        } else {
            return None;
        };
        Some(path.at(index).at("externalId").error(code, message))
    };
    packages.iter().enumerate().filter_map(mistake).collect()
}
