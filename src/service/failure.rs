//! Failures in production: trouble that a deployment caused, reported and resolved by callers.

use entity::{EventType, Timestamp, failure};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{Checker, TextKind};
use super::error::{Path, Result, UserErrorCode, Warning, WarningCode};
use super::held::Held;
use super::history::{self, Fields, NewEvent, change};
use super::reference::{self, Lock, Lookup, PackageRef, ReleaseRef};
use super::{Caller, Service, time};

/// Trouble that a deployment caused.
#[derive(Clone, Debug)]
pub struct ReportFailure {
    /// The release that caused it.
    pub release: ReleaseRef,
    /// The package of that release that caused it, where that is known.
    pub package: Option<PackageRef>,
    /// When it was noticed; now when not given.
    pub detected_at: Option<Timestamp>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// The release that mended it.
    pub resolved_by: Option<ReleaseRef>,
    /// A ticket or link.
    pub reference: Option<String>,
    /// What happened.
    pub description: Option<String>,
}

/// The end of trouble that was reported.
#[derive(Clone, Debug)]
pub struct ResolveFailure {
    /// The id of the failure.
    pub failure_id: String,
    /// When it was over; now when neither this nor `resolved_by` is given.
    pub resolved_at: Option<Timestamp>,
    /// The release that mended it.
    pub resolved_by: Option<ReleaseRef>,
}

/// What became of a report about a failure.
#[derive(Clone, Debug)]
pub struct FailureOutcome {
    /// The failure as it is now.
    pub failure: failure::Model,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}

/// Records trouble that a deployment caused.
///
/// # Errors
/// [`crate::service::Error::Refused`] when a record that is named is not there or a text cannot be
/// stored; or the database.
pub async fn report(
    service: &Service,
    caller: &Caller,
    input: ReportFailure,
) -> Result<FailureOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    checker.time(&path.at("detectedAt"), input.detected_at);
    checker.time(&path.at("resolvedAt"), input.resolved_at);
    let link = checker.text(
        &path.at("reference"),
        TextKind::Reference,
        input.reference.clone(),
    );
    let text = checker.text(
        &path.at("description"),
        TextKind::Long,
        input.description.clone(),
    );
    let warnings = checker.finish()?;
    let (input, path, link, text) = (&input, &path, &link, &text);
    let failure = service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, &input.release, &path.at("release")).await?;
            let row = failure::Model {
                id: Uuid::now_v7(),
                release_id: held.release.id,
                package_id: package_of(&tx, &held, input.package.as_ref(), path).await?,
                detected_at: input.detected_at.unwrap_or(now),
                resolved_at: input.resolved_at,
                resolved_by_id: resolver(&tx, input.resolved_by.as_ref(), path).await?,
                reference: link.clone(),
                description: text.clone(),
                created_at: now,
                updated_at: now,
            };
            row.clone()
                .into_active_model()
                .reset_all()
                .insert(&*tx)
                .await?;
            mark(
                &mut held,
                EventType::FailureReported,
                row.detected_at,
                None,
                &row,
            );
            held.save(&tx, caller, now).await?;
            Ok(row)
        })
        .await?;
    Ok(FailureOutcome { failure, warnings })
}

/// Records that trouble is over. A later report replaces what an earlier one said.
///
/// # Errors
/// [`crate::service::Error::Refused`] when a record that is named is not there; or the database.
pub async fn resolve(
    service: &Service,
    caller: &Caller,
    input: ResolveFailure,
) -> Result<FailureOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    checker.time(&path.at("resolvedAt"), input.resolved_at);
    let noted = checker.finish()?;
    let (input, path, noted) = (&input, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let (mut held, before) = hold(&tx, &input.failure_id, path).await?;
            let mut warnings = noted.clone();
            let resolver = resolver(&tx, input.resolved_by.as_ref(), path).await?;
            let is_silent = input.resolved_at.is_none() && resolver.is_none();
            if is_silent && (before.resolved_at.is_some() || before.resolved_by_id.is_some()) {
                let message = "the failure was resolved already; nothing changed";
                warnings.push(path.warning(WarningCode::AlreadyFinished, message));
                return Ok(FailureOutcome {
                    failure: before,
                    warnings,
                });
            }
            let mut after = before.clone();
            after.resolved_at = input.resolved_at.or(if is_silent {
                Some(now)
            } else {
                before.resolved_at
            });
            after.resolved_by_id = resolver.or(before.resolved_by_id);
            if after == before {
                return Ok(FailureOutcome {
                    failure: before,
                    warnings,
                });
            }
            after.updated_at = now;
            after
                .clone()
                .into_active_model()
                .reset_all()
                .update(&*tx)
                .await?;
            let at = after.resolved_at.unwrap_or(now);
            mark(
                &mut held,
                EventType::FailureResolved,
                at,
                Some(&before),
                &after,
            );
            held.save(&tx, caller, now).await?;
            Ok(FailureOutcome {
                failure: after,
                warnings,
            })
        })
        .await
}

/// Notes which release mended a failure that came back from an export, once both are there.
///
/// # Errors
/// When the database fails.
pub(crate) async fn link(
    tx: &DatabaseTransaction,
    caller: &Caller,
    failure_id: Uuid,
    resolved_by_id: Uuid,
    now: Timestamp,
) -> Result<()> {
    let path = Path::default();
    let (mut held, before) = hold(tx, &failure_id.to_string(), &path).await?;
    let mut after = before.clone();
    after.resolved_by_id = Some(resolved_by_id);
    after
        .clone()
        .into_active_model()
        .reset_all()
        .update(tx)
        .await?;
    let at = after.resolved_at.unwrap_or(now);
    mark(
        &mut held,
        EventType::FailureResolved,
        at,
        Some(&before),
        &after,
    );
    held.save(tx, caller, now).await?;
    Ok(())
}

/// Reads a failure and locks its release.
async fn hold(
    tx: &DatabaseTransaction,
    failure_id: &str,
    path: &Path,
) -> Result<(Held, failure::Model)> {
    let path = path.at("failureId");
    let missing = || path.refuse(UserErrorCode::NotFound, "there is no such failure");
    let id = Uuid::try_parse(failure_id).map_err(|_| missing())?;
    let failure = failure::Entity::find_by_id(id)
        .one(tx)
        .await?
        .ok_or_else(missing)?;
    let release = ReleaseRef::Id(failure.release_id.to_string());
    let held = Held::by_ref(tx, &release, &path).await?;
    // Read again: it may have changed before its release was locked.
    let failure = failure::Entity::find_by_id(id)
        .one(tx)
        .await?
        .ok_or_else(missing)?;
    Ok((held, failure))
}

/// The id of the package that is named, which must belong to the held release.
async fn package_of(
    tx: &DatabaseTransaction,
    held: &Held,
    package: Option<&PackageRef>,
    path: &Path,
) -> Result<Option<Uuid>> {
    let Some(package) = package else {
        return Ok(None);
    };
    let path = path.at("package");
    let (code, message) = match reference::package(tx, package, Lock::None).await? {
        Lookup::Found(package) if package.release_id == held.release.id => {
            return Ok(Some(package.id));
        }
        Lookup::Found(_) => (
            UserErrorCode::InvalidValue,
            "is a package of another release",
        ),
        Lookup::NotFound => (UserErrorCode::NotFound, "there is no such package"),
        Lookup::Deleted => (UserErrorCode::Deleted, "the package was deleted"),
        Lookup::Ambiguous => {
            let message = "several packages of the release fit; name the version or the id";
            (UserErrorCode::Ambiguous, message)
        }
    };
    Err(path.refuse(code, message))
}

/// The id of the release that mended it.
async fn resolver(
    tx: &DatabaseTransaction,
    release: Option<&ReleaseRef>,
    path: &Path,
) -> Result<Option<Uuid>> {
    let Some(release) = release else {
        return Ok(None);
    };
    let path = path.at("resolvedBy");
    match reference::release(tx, release, Lock::None).await? {
        Lookup::Found(release) => Ok(Some(release.id)),
        Lookup::Deleted => Err(path.refuse(UserErrorCode::Deleted, "the release was deleted")),
        Lookup::NotFound | Lookup::Ambiguous => {
            Err(path.refuse(UserErrorCode::NotFound, "there is no such release"))
        }
    }
}

fn mark(
    held: &mut Held,
    kind: EventType,
    at: Timestamp,
    before: Option<&failure::Model>,
    after: &failure::Model,
) {
    let told = change(before.map_or(Value::Null, fields), fields(after));
    held.mark_release(kind, at, Fields::from_iter([("failure".to_owned(), told)]));
}

/// The event that tells of a failure which came with its release.
pub(crate) fn reported(failure: &failure::Model) -> NewEvent {
    let told = change(Value::Null, fields(failure));
    NewEvent {
        kind: EventType::FailureReported,
        occurred_at: failure.detected_at,
        release_id: failure.release_id,
        package_id: None,
        changes: history::changes(Fields::from_iter([("failure".to_owned(), told)])),
    }
}

/// What an event says of a failure.
fn fields(failure: &failure::Model) -> Value {
    json!({
        "id": failure.id,
        "packageId": failure.package_id,
        "detectedAt": time::format(failure.detected_at),
        "resolvedAt": failure.resolved_at.map(time::format),
        "resolvedById": failure.resolved_by_id,
        "reference": failure.reference,
        "description": failure.description,
    })
}
