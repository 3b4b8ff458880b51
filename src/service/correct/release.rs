//! Correcting and deleting releases.

use entity::{EventType, Timestamp, package, release};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{put, refuse_both, require_free, told_reason};
use crate::service::check::{Checker, TextKind};
use crate::service::error::{Path, Result};
use crate::service::held::Held;
use crate::service::history::{self, set_inferred};
use crate::service::reference::ReleaseRef;
use crate::service::step::ReleaseOutcome;
use crate::service::{Caller, Service, contents, line};

/// A field of a release that can be emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearableReleaseField {
    /// Who released.
    User,
    /// For which team.
    Team,
    /// The platforms.
    Platforms,
    /// The references.
    References,
    /// When it started.
    StartedAt,
    /// When it finished.
    FinishedAt,
    /// The caller's own key.
    ExternalId,
}

/// What to correct in a release. Fields that are `None` stay as they are.
#[derive(Clone, Debug)]
pub struct UpdateRelease {
    /// Which release.
    pub release: ReleaseRef,
    /// Who released.
    pub user: Option<String>,
    /// For which team.
    pub team: Option<String>,
    /// All its platforms.
    pub platforms: Option<Vec<String>>,
    /// All its references.
    pub references: Option<Vec<String>>,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
    /// The caller's own key.
    pub external_id: Option<String>,
    /// Fields to empty.
    pub clear: Vec<ClearableReleaseField>,
    /// Why, for the history.
    pub reason: Option<String>,
}

/// Corrects a release.
///
/// # Errors
/// [`crate::service::Error::Refused`] when there is no such release or the input cannot be stored;
/// or the database.
pub async fn update_release(
    service: &Service,
    caller: &Caller,
    input: UpdateRelease,
) -> Result<ReleaseOutcome> {
    let (now, path) = (service.now(), Path::default());
    let mut checker = Checker::new(service);
    let input = check(input, &mut checker, &path);
    let noted = checker.finish()?;
    let (input, path, noted) = (&input, &path, &noted);
    service
        .database
        .write(move |tx| async move {
            let mut held = Held::by_ref(&tx, &input.release, &path.at("release")).await?;
            apply(&tx, &mut held, input, now).await?;
            let mut checker = Checker::new(service);
            checker.check_order(path, held.release.started_at, held.release.finished_at);
            let mut warnings = noted.clone();
            warnings.extend(checker.finish()?);
            let release = held.save(&tx, caller, now).await?;
            Ok(ReleaseOutcome {
                release,
                created: false,
                warnings,
            })
        })
        .await
}

fn check(input: UpdateRelease, checker: &mut Checker<'_>, path: &Path) -> UpdateRelease {
    use ClearableReleaseField as Field;
    let both = [
        ("user", input.user.is_some(), Field::User),
        ("team", input.team.is_some(), Field::Team),
        ("platforms", input.platforms.is_some(), Field::Platforms),
        ("references", input.references.is_some(), Field::References),
        ("startedAt", input.started_at.is_some(), Field::StartedAt),
        ("finishedAt", input.finished_at.is_some(), Field::FinishedAt),
        ("externalId", input.external_id.is_some(), Field::ExternalId),
    ];
    for (name, given, field) in both {
        refuse_both(checker, name, given, input.clear.contains(&field));
    }
    let (platforms, references) = (path.at("platforms"), path.at("references"));
    UpdateRelease {
        user: checker.text(&path.at("user"), TextKind::Name, input.user),
        team: checker.text(&path.at("team"), TextKind::Name, input.team),
        platforms: input
            .platforms
            .map(|names| checker.distinct(&platforms, TextKind::Name, names)),
        references: input
            .references
            .map(|texts| checker.distinct(&references, TextKind::Reference, texts)),
        started_at: checker.time(&path.at("startedAt"), input.started_at),
        finished_at: checker.time(&path.at("finishedAt"), input.finished_at),
        external_id: checker.text(&path.at("externalId"), TextKind::Name, input.external_id),
        reason: checker.text(&path.at("reason"), TextKind::Long, input.reason),
        ..input
    }
}

async fn apply(
    tx: &DatabaseTransaction,
    held: &mut Held,
    input: &UpdateRelease,
    now: Timestamp,
) -> Result<()> {
    use ClearableReleaseField as Field;
    let (key, id) = (release::Column::ExternalId, release::Column::Id);
    let given = input.external_id.as_ref();
    require_free::<release::Entity>(tx, key, id, given, held.release.id).await?;
    let before = held.release.clone();
    put_fields(&mut held.release, input);
    let mut extra = history::Fields::new();
    let clears = |field| input.clear.contains(&field);
    let none = Vec::new();
    let platforms = input
        .platforms
        .as_ref()
        .or_else(|| clears(Field::Platforms).then_some(&none));
    if let Some(platforms) = platforms {
        extra.extend(contents::set_platforms(tx, held, platforms, now).await?);
    }
    let references = input
        .references
        .as_ref()
        .or_else(|| clears(Field::References).then_some(&none));
    if let Some(references) = references {
        extra.extend(contents::set_references(tx, held, references).await?);
    }
    if held.release != before || !extra.is_empty() {
        extra.extend(told_reason(input.reason.as_ref()));
        held.mark_release(EventType::ReleaseUpdated, now, extra);
    }
    Ok(())
}

fn put_fields(row: &mut release::Model, input: &UpdateRelease) {
    use ClearableReleaseField as Field;
    let clears = |field| input.clear.contains(&field);
    put(&mut row.user, input.user.clone(), clears(Field::User));
    put(&mut row.team, input.team.clone(), clears(Field::Team));
    put(
        &mut row.external_id,
        input.external_id.clone(),
        clears(Field::ExternalId),
    );
    put(
        &mut row.started_at,
        input.started_at,
        clears(Field::StartedAt),
    );
    put(
        &mut row.finished_at,
        input.finished_at,
        clears(Field::FinishedAt),
    );
    let touched = [
        ("user", input.user.is_some() || clears(Field::User)),
        (
            "startedAt",
            input.started_at.is_some() || clears(Field::StartedAt),
        ),
        (
            "finishedAt",
            input.finished_at.is_some() || clears(Field::FinishedAt),
        ),
    ];
    for (field, _) in touched.iter().filter(|(_, touched)| *touched) {
        set_inferred(&mut row.inferred_fields, field, false);
    }
    if input.started_at.is_some() || clears(Field::StartedAt) {
        row.start_told = input.started_at.is_some();
    }
}

/// Deletes a release and, with it, its packages. Returns its id.
pub(super) async fn delete(
    tx: &DatabaseTransaction,
    caller: &Caller,
    reference: &ReleaseRef,
    reason: Option<&String>,
    now: Timestamp,
) -> Result<Uuid> {
    let mut held = Held::by_ref(tx, reference, &Path::default().at("release")).await?;
    let id = held.release.id;
    held.release.deleted_at = Some(now);
    held.mark_release(EventType::ReleaseDeleted, now, told_reason(reason));
    held.save(tx, caller, now).await?;
    // Past `save`, for which they still count: what the release was stays as it was.
    package::Entity::update_many()
        .col_expr(package::Column::DeletedAt, Expr::value(now))
        .col_expr(package::Column::UpdatedAt, Expr::value(now))
        .filter(package::Column::ReleaseId.eq(id))
        .filter(package::Column::DeletedAt.is_null())
        .exec(tx)
        .await?;
    line::renew(tx, id).await?;
    Ok(id)
}
