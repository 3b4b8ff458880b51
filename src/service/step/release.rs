//! Steps of a release: start, finish, notes and metadata.

use entity::{DeployStatus, EventType, Timestamp};
use serde_json::{Value, json};

use super::ReleaseOutcome;
use super::rule::{self, Finish, Progress, Start};
use crate::service::check::{Checker, TextKind};
use crate::service::contents;
use crate::service::error::{Path, Result, UserErrorCode, Warning, WarningCode};
use crate::service::held::Held;
use crate::service::history::{Fields, set_inferred};
use crate::service::reference::ReleaseRef;
use crate::service::{Caller, Service, derive};

/// A report that a release has started.
#[derive(Clone, Debug)]
pub struct StartRelease {
    /// Which release.
    pub release: ReleaseRef,
    /// When; now when not given.
    pub at: Option<Timestamp>,
}

/// A report that a release has finished.
#[derive(Clone, Debug)]
pub struct FinishRelease {
    /// Which release.
    pub release: ReleaseRef,
    /// When; now when not given.
    pub at: Option<Timestamp>,
    /// How it went; also decides over packages that are in progress.
    pub success: Option<bool>,
    /// A closing remark.
    pub note: Option<String>,
}

/// A remark on a release.
#[derive(Clone, Debug)]
pub struct AddNote {
    /// Which release.
    pub release: ReleaseRef,
    /// The remark.
    pub text: Option<String>,
    /// Who remarks.
    pub author: Option<String>,
}

/// How new metadata meets what is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataMode {
    /// Keys given are replaced, the others stay.
    #[default]
    Merge,
    /// Only the keys given are left.
    Replace,
}

/// Metadata for a release.
#[derive(Clone, Debug)]
pub struct SetMetadata {
    /// Which release.
    pub release: ReleaseRef,
    /// A JSON object.
    pub metadata: Value,
    /// How it meets what is there.
    pub mode: MetadataMode,
}

/// Starts a release. Reports may come late or twice.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release; or the database.
pub async fn start(
    service: &Service,
    caller: &Caller,
    input: StartRelease,
) -> Result<ReleaseOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    checker.time(&path.at("at"), input.at);
    let noted = checker.finish()?;
    let (reference, path, noted) = (&input.release, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, reference, &path.at("release")).await?;
            let mut warnings = noted.clone();
            apply_start(&mut held, input.at, now, &mut warnings);
            let release = held.save(&tx, caller, now).await?;
            Ok(ReleaseOutcome {
                release,
                created: false,
                warnings,
            })
        })
        .await
}

fn apply_start(
    held: &mut Held,
    at: Option<Timestamp>,
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) {
    let release = &mut held.release;
    let progress = progress(release);
    // An assumed start gives way to a told one.
    let is_running = progress.started_at.is_some();
    let (kind, started_at) = match rule::start(progress, is_running, at, false, now) {
        Start::Begin(at) | Start::Running(at) => (EventType::ReleaseStarted, at),
        Start::Retry(at) => {
            release.finished_at = None;
            set_inferred(&mut release.inferred_fields, "finishedAt", false);
            release.recorded = false;
            release.success = None;
            (EventType::ReleaseStarted, at)
        }
        Start::Late(at) => {
            warnings.push(late_start());
            (EventType::ReleaseStarted, at)
        }
        Start::AlreadyFinished => {
            warnings.push(already_finished("release"));
            return;
        }
    };
    let is_news = release.started_at != Some(started_at) || !release.start_told;
    release.started_at = Some(started_at);
    release.start_told = true;
    set_inferred(&mut release.inferred_fields, "startedAt", false);
    if is_news || at.is_some() {
        held.mark_release(kind, at.unwrap_or(now), Fields::new());
    }
}

/// Finishes a release. Reports may come late or twice.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release or the note cannot be stored;
/// or the database.
pub async fn finish(
    service: &Service,
    caller: &Caller,
    input: FinishRelease,
) -> Result<ReleaseOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    checker.time(&path.at("at"), input.at);
    let note = &checker.text(&path.at("note"), TextKind::Long, input.note);
    let noted = checker.finish()?;
    let limit = service.settings.max_list_length;
    let (reference, path, noted) = (&input.release, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, reference, &path.at("release")).await?;
            let mut warnings = noted.clone();
            let is_news = apply_finish(&mut held, input.at, input.success, now, &mut warnings);
            if let Some(text) = note
                && (is_news
                    || !contents::missing_notes(&tx, &held, std::slice::from_ref(text))
                        .await?
                        .is_empty())
            {
                contents::check_note_count(&tx, &held, 1, limit, &path.at("note")).await?;
                contents::add_note(&tx, &mut held, text, caller.person.clone(), now).await?;
            }
            let release = held.save(&tx, caller, now).await?;
            Ok(ReleaseOutcome {
                release,
                created: false,
                warnings,
            })
        })
        .await
}

/// Whether the report was news.
fn apply_finish(
    held: &mut Held,
    at: Option<Timestamp>,
    success: Option<bool>,
    now: Timestamp,
    warnings: &mut Vec<Warning>,
) -> bool {
    let release = &mut held.release;
    let known = release.success.or(match release.status {
        DeployStatus::Successful => Some(true),
        DeployStatus::Failed => Some(false),
        // It was finished without its outcome, and the packages do not tell.
        DeployStatus::NotStarted | DeployStatus::InProgress => None,
    });
    let same_outcome = success.is_none() || success == known;
    let mut progress = progress(release);
    if at.is_some() {
        // A finished record may lack the time that is told now.
        progress.finished_at = release.finished_at;
    }
    let at = match rule::finish(progress, same_outcome, at, now) {
        Finish::Done(at) => at,
        Finish::AlreadyFinished => {
            warnings.push(already_finished("release"));
            return false;
        }
        Finish::Late => {
            warnings.push(late_finish());
            let stored = release.success;
            let reported = json!({ "old": stored, "new": stored, "reported": success });
            let extra = Fields::from_iter([("success".to_owned(), reported)]);
            held.mark_release(EventType::ReleaseFinished, at.unwrap_or(now), extra);
            return true;
        }
    };
    if release.started_at.is_none() {
        warnings.push(start_unknown("release"));
    } else if derive::duration_ms(release.started_at, Some(at)).is_none() {
        warnings.push(finished_before_start());
    }
    release.finished_at = Some(at);
    release.success = success.or(release.success);
    set_inferred(&mut release.inferred_fields, "finishedAt", false);
    held.mark_release(EventType::ReleaseFinished, at, Fields::new());
    close_packages(held, success, at, warnings);
    true
}

/// What a release's finish means for packages that are not finished.
fn close_packages(
    held: &mut Held,
    success: Option<bool>,
    at: Timestamp,
    warnings: &mut Vec<Warning>,
) {
    let mut unfinished = Vec::new();
    let mut closed = Vec::new();
    for package in &mut held.packages {
        if package.status.is_finished() {
            continue;
        }
        unfinished.push(package.name.clone());
        if package.status == DeployStatus::InProgress
            && let Some(success) = success
        {
            package.status = derive::outcome(success);
            package.finished_at = Some(at);
            set_inferred(&mut package.inferred_fields, "status", true);
            set_inferred(&mut package.inferred_fields, "finishedAt", true);
            closed.push(package.id);
        }
    }
    for id in closed {
        held.mark_package(id, EventType::PackageFinished, at, Fields::new());
    }
    if !unfinished.is_empty() {
        let done = match success {
            Some(true) => "those in progress count as successful now",
            Some(false) => "those in progress count as failed now",
            None => "they stay as they are",
        };
        let message = format!("had not finished: {}; {done}", unfinished.join(", "));
        warnings.push(Path::default().warning(WarningCode::UnfinishedPackages, message));
    }
}

/// Adds a remark to a release.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release, or the text is blank or
/// cannot be stored; or the database.
pub async fn add_note(
    service: &Service,
    caller: &Caller,
    input: AddNote,
) -> Result<ReleaseOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    let text = checker.required(&path.at("text"), TextKind::Long, input.text);
    let author = checker.text(&path.at("author"), TextKind::Name, input.author);
    let warnings = checker.finish()?;
    let (text, author) = (&text, &author.or_else(|| caller.person.clone()));
    let limit = service.settings.max_list_length;
    let (reference, path) = (&input.release, &path);
    let release = service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, reference, &path.at("release")).await?;
            contents::check_note_count(&tx, &held, 1, limit, &path.at("text")).await?;
            contents::add_note(&tx, &mut held, text, author.clone(), now).await?;
            held.save(&tx, caller, now).await
        })
        .await?;
    Ok(ReleaseOutcome {
        release,
        created: false,
        warnings,
    })
}

/// Sets metadata of a release.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release or the metadata cannot be
/// stored; or the database.
pub async fn set_metadata(
    service: &Service,
    caller: &Caller,
    input: SetMetadata,
) -> Result<ReleaseOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    let metadata = checker.metadata(&path.at("metadata"), input.metadata);
    let warnings = checker.finish()?;
    let limit = service.settings.max_list_length;
    let (reference, path, metadata) = (&input.release, &path, &metadata);
    let release = service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, reference, &path.at("release")).await?;
            let before = contents::metadata(&tx, &held).await?;
            let mut after = metadata.clone();
            if input.mode == MetadataMode::Merge {
                for (key, value) in &before {
                    after.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            if after.len() > limit {
                let message = format!("leads to {} keys; {limit} are allowed", after.len());
                return Err(path.at("metadata").refuse(UserErrorCode::TooMany, message));
            }
            contents::set_metadata(&tx, &mut held, before, after, now).await?;
            held.save(&tx, caller, now).await
        })
        .await?;
    Ok(ReleaseOutcome {
        release,
        created: false,
        warnings,
    })
}

fn progress(release: &entity::release::Model) -> Progress {
    let is_over = derive::is_finished(release);
    let end = release
        .finished_at
        .or(release.started_at)
        .unwrap_or(release.created_at);
    Progress {
        started_at: release.started_at.filter(|_| release.start_told),
        finished_at: is_over.then_some(end),
        is_guess: release.finished_at.is_none(),
    }
}

pub(super) fn late_start() -> Warning {
    let message = "it had finished already; the start is kept where it is the earlier one";
    Path::default()
        .at("at")
        .warning(WarningCode::LateEventApplied, message)
}

pub(super) fn late_finish() -> Warning {
    let message = "a later report has another outcome, which stays; this one is in the events";
    Path::default()
        .at("at")
        .warning(WarningCode::LateEventApplied, message)
}

pub(super) fn already_finished(what: &str) -> Warning {
    let message = format!("the {what} had finished already; nothing changed");
    Path::default().warning(WarningCode::AlreadyFinished, message)
}

pub(super) fn start_unknown(what: &str) -> Warning {
    let message = format!("the {what} never started, so how long it took is not known");
    Path::default().warning(WarningCode::StartUnknown, message)
}

pub(super) fn finished_before_start() -> Warning {
    let message = "lies before the start; both times are kept, there is no duration";
    Path::default()
        .at("at")
        .warning(WarningCode::FinishedBeforeStart, message)
}
