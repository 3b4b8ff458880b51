//! Steps of a package: start, finish and output.

use entity::{DeployStatus, EventType, Timestamp, package};
use sea_orm::{DatabaseTransaction, EntityTrait};
use serde_json::json;

use super::PackageOutcome;
use super::release::{
    already_finished, finished_before_start, late_finish, late_start, start_unknown,
};
use super::rule::{self, Finish, Progress, Start};
use crate::service::check::{Checker, TextKind};
use crate::service::error::{Error, Path, Result, UserErrorCode, Warning};
use crate::service::held::Held;
use crate::service::history::{Fields, change, set_inferred};
use crate::service::record::draft::{draft_results, result_fields};
use crate::service::reference::{self, Lock, Lookup, PackageRef, ReleaseRef};
use crate::service::{Caller, Service, contents, derive};

/// A report that deploying a package has started.
#[derive(Clone, Debug)]
pub struct StartPackage {
    /// Which package.
    pub package: PackageRef,
    /// When; now when not given.
    pub at: Option<Timestamp>,
    /// Whether it is another attempt at one that had finished.
    pub retry: bool,
}

/// A report that deploying a package has finished.
#[derive(Clone, Debug)]
pub struct FinishPackage {
    /// Which package.
    pub package: PackageRef,
    /// How it went.
    pub success: bool,
    /// When; now when not given.
    pub at: Option<Timestamp>,
    /// Its output.
    pub result: Option<String>,
}

/// Output of deploying a package.
#[derive(Clone, Debug)]
pub struct AddResult {
    /// Which package.
    pub package: PackageRef,
    /// The output.
    pub content: Option<String>,
}

/// Starts a package. Reports may come late or twice.
///
/// # Errors
/// [`Error::Refused`] when there is no such package; or the database.
pub async fn start(
    service: &Service,
    caller: &Caller,
    input: StartPackage,
) -> Result<PackageOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    checker.time(&path.at("at"), input.at);
    let noted = checker.finish()?;
    let (reference, path, noted) = (&input.package, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let (mut held, index) = hold(&tx, reference, &path.at("package")).await?;
            let id = held.packages[index].id;
            let mut warnings = noted.clone();
            apply_start(&mut held, index, input.at, input.retry, now, &mut warnings);
            settle_package(held, &tx, caller, now, id, false, warnings).await
        })
        .await
}

fn apply_start(
    held: &mut Held,
    index: usize,
    at: Option<Timestamp>,
    retry: bool,
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) {
    let package = &mut held.packages[index];
    let is_running = package.status == DeployStatus::InProgress;
    let before = package.clone();
    match rule::start(progress(package), is_running, at, retry, now) {
        Start::Begin(at) | Start::Running(at) => {
            package.started_at = Some(at);
            package.status = DeployStatus::InProgress;
        }
        Start::Retry(at) => {
            package.started_at = Some(at);
            package.finished_at = None;
            set_inferred(&mut package.inferred_fields, "finishedAt", false);
            package.status = DeployStatus::InProgress;
        }
        Start::Late(at) => {
            package.started_at = Some(at);
            warnings.push(late_start());
        }
        Start::AlreadyFinished => {
            warnings.push(already_finished("package"));
            return;
        }
    }
    if package.status != before.status {
        set_inferred(&mut package.inferred_fields, "status", false);
    }
    let (id, started_at, is_news) = (package.id, package.started_at, *package != before);
    if is_news || at.is_some() {
        held.mark_package(
            id,
            EventType::PackageStarted,
            at.unwrap_or(now),
            Fields::new(),
        );
        start_release_with(held, started_at);
    }
}

/// A release that nobody said had started starts with its first package.
pub(super) fn start_release_with(held: &mut Held, started_at: Option<Timestamp>) {
    let release = &mut held.release;
    let Some(start) = started_at.filter(|_| !release.start_told) else {
        return;
    };
    // Another attempt, after the release was over, is not how the release started.
    if release.finished_at.is_some_and(|end| end.0 < start.0) {
        return;
    }
    if release.started_at.is_none_or(|assumed| start.0 < assumed.0) {
        release.started_at = Some(start);
        set_inferred(&mut release.inferred_fields, "startedAt", true);
    }
}

/// Finishes a package. Reports may come late or twice.
///
/// # Errors
/// [`Error::Refused`] when there is no such package or the result cannot be stored; or the
/// database.
pub async fn finish(
    service: &Service,
    caller: &Caller,
    input: FinishPackage,
) -> Result<PackageOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    checker.time(&path.at("at"), input.at);
    let result = &checker.text(&path.at("result"), TextKind::Long, input.result);
    let noted = checker.finish()?;
    let (reference, path, noted) = (&input.package, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let (mut held, index) = hold(&tx, reference, &path.at("package")).await?;
            let id = held.packages[index].id;
            let mut warnings = noted.clone();
            let is_news = apply_finish(
                &mut held,
                index,
                input.at,
                input.success,
                now,
                &mut warnings,
            );
            if let Some(content) = result
                && (is_news
                    || !contents::missing_results(&tx, vec![(id, content)])
                        .await?
                        .is_empty())
            {
                insert_result(&mut held, id, content, now);
            }
            settle_package(held, &tx, caller, now, id, false, warnings).await
        })
        .await
}

/// Whether the report was news.
fn apply_finish(
    held: &mut Held,
    index: usize,
    at: Option<Timestamp>,
    success: bool,
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) -> bool {
    let package = &mut held.packages[index];
    let (id, status) = (package.id, derive::outcome(success));
    let mut progress = progress(package);
    if at.is_some() && package.status.is_finished() {
        // A finished record may lack the time that is told now.
        progress.finished_at = package.finished_at;
    }
    let at = match rule::finish(progress, package.status == status, at, now) {
        Finish::Done(at) => at,
        Finish::AlreadyFinished => {
            warnings.push(already_finished("package"));
            return false;
        }
        Finish::Late => {
            warnings.push(late_finish());
            let known = derive::outcome(package.status == DeployStatus::Successful);
            let name = |status| sea_orm::ActiveEnum::to_value(&status);
            let reported = json!({
                "old": name(known), "new": name(known), "reported": name(status),
            });
            let extra = Fields::from_iter([("status".to_owned(), reported)]);
            held.mark_package(id, EventType::PackageFinished, at.unwrap_or(now), extra);
            return true;
        }
    };
    if package.started_at.is_none() {
        warnings.push(start_unknown("package"));
    } else if derive::duration_ms(package.started_at, Some(at)).is_none() {
        warnings.push(finished_before_start());
    }
    package.status = status;
    package.finished_at = Some(at);
    set_inferred(&mut package.inferred_fields, "status", false);
    set_inferred(&mut package.inferred_fields, "finishedAt", false);
    held.mark_package(id, EventType::PackageFinished, at, Fields::new());
    true
}

/// Adds output to a package.
///
/// # Errors
/// [`Error::Refused`] when there is no such package, or the output is blank or cannot be stored;
/// or the database.
pub async fn add_result(
    service: &Service,
    caller: &Caller,
    input: AddResult,
) -> Result<PackageOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    let content = checker.required(&path.at("content"), TextKind::Long, input.content);
    let warnings = checker.finish()?;
    let (reference, path, content, warnings) = (&input.package, &path, &content, &warnings);
    service
        .database
        .write(move |tx| async move {
            let (mut held, index) = hold(&tx, reference, &path.at("package")).await?;
            let id = held.packages[index].id;
            insert_result(&mut held, id, content, now);
            settle_package(held, &tx, caller, now, id, false, warnings.clone()).await
        })
        .await
}

/// Adds output to a package of a held release and has it told.
pub(crate) fn insert_result(held: &mut Held, id: uuid::Uuid, content: &str, now: Timestamp) {
    let results = draft_results(id, &[content.to_owned()], now);
    for result in &results {
        let added = change(serde_json::Value::Null, result_fields(result));
        let extra = Fields::from_iter([("result".to_owned(), added)]);
        held.mark_package(id, EventType::ResultAdded, now, extra);
    }
    held.add_results(results);
}

/// Locks the release of the package that is named, and finds the package in it.
pub(crate) async fn hold(
    tx: &DatabaseTransaction,
    package: &PackageRef,
    path: &Path,
) -> Result<(Held, usize)> {
    let refuse = |code, message: &str| Err(path.refuse(code, message));
    let package = match reference::package(tx, package, Lock::None).await? {
        Lookup::Found(package) => package,
        Lookup::Deleted => return refuse(UserErrorCode::Deleted, "the package was deleted"),
        Lookup::NotFound => return refuse(UserErrorCode::NotFound, "there is no such package"),
        Lookup::Ambiguous => {
            let message = "several packages of the release fit; name the version or the id";
            return refuse(UserErrorCode::Ambiguous, message);
        }
    };
    let release = ReleaseRef::Id(package.release_id.to_string());
    let held = Held::by_ref(tx, &release, path).await?;
    // It was found before its release was locked, so it may be gone by now.
    match held.index_of(package.id) {
        Some(index) => Ok((held, index)),
        None => refuse(UserErrorCode::Deleted, "the package was deleted"),
    }
}

/// Stores a held change and tells what became of one package.
pub(crate) async fn settle_package(
    held: Held,
    tx: &DatabaseTransaction,
    caller: &Caller,
    now: Timestamp,
    id: uuid::Uuid,
    created: bool,
    warnings: Vec<Warning>,
) -> Result<PackageOutcome> {
    let release = held.save(tx, caller, now).await?;
    let package = package::Entity::find_by_id(id).one(tx).await?;
    let package = package.ok_or_else(|| Error::Corrupt(format!("package {id} vanished")))?;
    Ok(PackageOutcome {
        package,
        release,
        created,
        warnings,
    })
}

fn progress(package: &package::Model) -> Progress {
    Progress {
        is_guess: package.finished_at.is_none(),
        started_at: package.started_at,
        finished_at: package
            .status
            .is_finished()
            .then(|| package.finished_at.unwrap_or(package.effective_at)),
    }
}
