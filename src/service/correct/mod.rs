//! Corrections: what was recorded wrongly is mended, what never happened is deleted. Both leave
//! what was there before in the history.

mod package;
mod release;

use entity::Timestamp;
use sea_orm::DatabaseTransaction;
use serde_json::Value;
use uuid::Uuid;

pub use self::package::{ClearablePackageField, UpdatePackage, update_package};
pub use self::release::{ClearableReleaseField, UpdateRelease, update_release};
use super::check::{Checker, TextKind};
use super::error::{Path, Result, UserErrorCode, Warning};
use super::history::{Fields, change};
use super::reference::{PackageRef, ReleaseRef};
use super::{Caller, Service};

/// What became of a deletion.
#[derive(Clone, Debug)]
pub struct DeleteOutcome {
    /// The id of what was deleted.
    pub id: Uuid,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}

/// Deletes a release with everything in it: no question finds it any more.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release; or the database.
pub async fn delete_release(
    service: &Service,
    caller: &Caller,
    release: ReleaseRef,
    reason: Option<String>,
) -> Result<DeleteOutcome> {
    let (now, reason, warnings) = check_reason(service, reason)?;
    let (reference, reason) = (&release, reason.as_ref());
    let id = service
        .database
        .write(move |tx| async move { release::delete(&tx, caller, reference, reason, now).await })
        .await?;
    Ok(DeleteOutcome { id, warnings })
}

/// Deletes a package of a release: no question finds it any more.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such package; or the database.
pub async fn delete_package(
    service: &Service,
    caller: &Caller,
    package: PackageRef,
    reason: Option<String>,
) -> Result<DeleteOutcome> {
    let (now, reason, warnings) = check_reason(service, reason)?;
    let (reference, reason) = (&package, reason.as_ref());
    let id = service
        .database
        .write(move |tx| async move { package::delete(&tx, caller, reference, reason, now).await })
        .await?;
    Ok(DeleteOutcome { id, warnings })
}

fn check_reason(
    service: &Service,
    reason: Option<String>,
) -> Result<(Timestamp, Option<String>, Vec<Warning>)> {
    let mut checker = Checker::new(service);
    let reason = checker.text(&Path::default().at("reason"), TextKind::Long, reason);
    Ok((service.now(), reason, checker.finish()?))
}

/// What the history says of why something was corrected.
fn told_reason(reason: Option<&String>) -> Fields {
    let told = |reason: &String| ("reason".to_owned(), change(Value::Null, reason.as_str()));
    reason.map(told).into_iter().collect()
}

/// Notes a field that is both given and to be emptied.
fn refuse_both(checker: &mut Checker<'_>, field: &'static str, given: bool, cleared: bool) {
    if given && cleared {
        let message = "is given and named in clear; choose one";
        let path = Path::default().at(field);
        checker.error(&path, UserErrorCode::InvalidValue, message);
    }
}

/// Puts a given value in place, or empties the field.
fn put<T>(stored: &mut Option<T>, given: Option<T>, cleared: bool) {
    if cleared {
        *stored = None;
    } else if given.is_some() {
        *stored = given;
    }
}

/// Refuses an external id that another record has.
async fn require_free<E>(
    tx: &DatabaseTransaction,
    column: E::Column,
    id_column: E::Column,
    external_id: Option<&String>,
    id: Uuid,
) -> Result<()>
where
    E: sea_orm::EntityTrait,
    E::Model: Send + Sync,
{
    use sea_orm::{ColumnTrait, QueryFilter};
    let Some(external_id) = external_id else {
        return Ok(());
    };
    let other = E::find()
        .filter(column.eq(external_id.as_str()))
        .filter(id_column.ne(id))
        .one(tx)
        .await?;
    if other.is_none() {
        return Ok(());
    }
    let path = Path::default().at("externalId");
    Err(path.refuse(
        UserErrorCode::Conflict,
        "another record has this external id",
    ))
}
