//! Adding a package to a release.

use entity::{DeployStatus, Timestamp, package};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::PackageOutcome;
use super::package::{settle_package, start_release_with};
use crate::service::check::Checker;
use crate::service::error::{Path, Result, UserErrorCode, WarningCode};
use crate::service::held::Held;
use crate::service::record::draft::{PackageDefaults, Telling, draft_package, draft_results};
use crate::service::record::input::{CheckedPackage, NewPackage};
use crate::service::record::matching;
use crate::service::reference::ReleaseRef;
use crate::service::{Caller, Service, contents};

/// A package for a release that is recorded already.
#[derive(Clone, Debug)]
pub struct AddPackage {
    /// Which release.
    pub release: ReleaseRef,
    /// The package.
    pub package: NewPackage,
    /// Whether it starts at once.
    pub start: bool,
}

/// Adds a package to a release. One with an external id that the release has already is returned
/// as it is.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release or the package cannot be stored; or the
/// database.
pub async fn add(service: &Service, caller: &Caller, input: AddPackage) -> Result<PackageOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    let given = input.package.check(&mut checker, &path.at("package"));
    let warnings = checker.finish()?;
    let mut package = given.clone();
    if input.start {
        start_at_once(&mut package, now);
    }
    let limit = service.settings.max_list_length;
    let (reference, path, warnings) = (&input.release, &path, &warnings);
    let (given, package) = (&given, &package);
    service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, reference, &path.at("release")).await?;
            if let Some(known) = known_package(&tx, &held, package, path).await? {
                let mut warnings = warnings.clone();
                if is_news(&tx, &held, known, given).await? {
                    let message =
                        "a package with this external id is there already and is returned as it is";
                    let path = path.at("package").at("externalId");
                    warnings.push(path.warning(WarningCode::AlreadyRecorded, message));
                }
                return settle_package(held, &tx, caller, now, known, false, warnings).await;
            }
            if held.packages.len() >= limit {
                let message = format!("the release has {limit} packages, which is the limit");
                return Err(path.at("package").refuse(UserErrorCode::TooMany, message));
            }
            let defaults = PackageDefaults {
                telling: Telling::Live,
                success: None,
                now,
            };
            let position = held.next_position(&tx).await?;
            let id = add_to(&mut held, package, position, defaults);
            settle_package(held, &tx, caller, now, id, true, warnings.clone()).await
        })
        .await
}

/// What `start: true` means for a package that is over already: nothing.
fn start_at_once(package: &mut CheckedPackage, now: Timestamp) {
    let is_over =
        package.finished_at.is_some() || package.status.is_some_and(DeployStatus::is_finished);
    if !is_over {
        package.started_at = package.started_at.or(Some(now));
        package.status = Some(DeployStatus::InProgress);
    }
}

/// Whether a package tells anything that the stored one with its external id does not.
async fn is_news(
    tx: &DatabaseTransaction,
    held: &Held,
    known: uuid::Uuid,
    given: &CheckedPackage,
) -> Result<bool> {
    let stored = held.packages.iter().find(|package| package.id == known);
    if stored.is_none_or(|stored| matching::differs(stored, given, None)) {
        return Ok(true);
    }
    let results = given.results.iter().map(|content| (known, content));
    Ok(!contents::missing_results(tx, results.collect())
        .await?
        .is_empty())
}

/// Makes the row of a new package in a held release, at a free position. Returns its id.
pub(crate) fn add_to(
    held: &mut Held,
    package: &CheckedPackage,
    position: usize,
    defaults: PackageDefaults,
) -> uuid::Uuid {
    let row = draft_package(package, held.release.id, position, defaults);
    let id = row.id;
    let results = draft_results(id, &package.results, defaults.now);
    start_release_with(held, row.started_at);
    held.add_package(row, results);
    id
}

/// The package of this release that has the external id already.
async fn known_package(
    tx: &DatabaseTransaction,
    held: &Held,
    package: &CheckedPackage,
    path: &Path,
) -> Result<Option<uuid::Uuid>> {
    let Some(external_id) = &package.external_id else {
        return Ok(None);
    };
    let path = path.at("package").at("externalId");
    let known = package::Entity::find()
        .filter(package::Column::ExternalId.eq(external_id))
        .one(tx)
        .await?;
    match known {
        None => Ok(None),
        Some(known) if known.deleted_at.is_some() => Err(path.refuse(
            UserErrorCode::Deleted,
            "the package with this key was deleted",
        )),
        Some(known) if known.release_id == held.release.id => Ok(Some(known.id)),
        Some(_) => Err(path.refuse(
            UserErrorCode::Conflict,
            "is the key of a package of another release",
        )),
    }
}
