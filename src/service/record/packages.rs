//! External ids of packages: each may be used once.

use std::collections::HashMap;

use entity::package;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::input::CheckedPackage;
use crate::service::error::{Path, Result, UserError, UserErrorCode};

/// Which external ids of packages are taken, and by the packages of which releases.
#[derive(Debug, Default)]
pub(super) struct TakenKeys(HashMap<String, Uuid>);

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
            let found: Vec<(String, Uuid)> = package::Entity::find()
                .select_only()
                .columns([package::Column::ExternalId, package::Column::ReleaseId])
                .filter(package::Column::ExternalId.is_in(keys.iter().copied()))
                .into_tuple()
                .all(tx)
                .await?;
            taken.extend(found);
        }
        Ok(Self(taken))
    }

    /// Takes the external ids of `packages` for a release.
    pub fn take(&mut self, packages: &[CheckedPackage], release_id: Uuid) {
        let keys = packages
            .iter()
            .filter_map(|package| package.external_id.clone());
        self.0.extend(keys.map(|key| (key, release_id)));
    }
}

/// The mistakes of using keys of other releases' packages; `release_id` is the release that may use
/// its own, `path` the place of the release.
pub(super) fn taken_keys(
    keys: &TakenKeys,
    packages: &[CheckedPackage],
    release_id: Option<Uuid>,
    path: &Path,
) -> Vec<UserError> {
    let path = path.at("packages");
    let is_taken = |package: &CheckedPackage| {
        let owner = package.external_id.as_ref().and_then(|key| keys.0.get(key));
        owner.is_some_and(|owner| Some(*owner) != release_id)
    };
    let taken = packages
        .iter()
        .enumerate()
        .filter(|(_, package)| is_taken(package));
    let mistake = |index| {
        let message = "is the external id of a package of another release";
        path.at(index)
            .at("externalId")
            .error(UserErrorCode::Conflict, message)
    };
    taken.map(|(index, _)| mistake(index)).collect()
}
