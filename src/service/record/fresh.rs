//! New releases in one statement.
//!
//! Most releases are new, and nothing of them needs to be looked up. On PostgreSQL they go in with a
//! single statement. Where that fails because something is known already, nothing has happened, and
//! the release takes the long way.

use sea_orm::{DbBackend, SqlErr};

use super::{ConflictPolicy, Row, Told, store};
use crate::service::Service;
use crate::service::error::{Error, Result};
use crate::service::step::ReleaseOutcome;

/// Records the release of `row` if it is new and small, and its platforms are known.
///
/// # Errors
/// When the database fails.
pub(super) async fn record(
    service: &Service,
    row: &Row,
    told: Told<'_>,
) -> Result<Option<ReleaseOutcome>> {
    // Who wants to update expects the release to be known.
    let is_known = row.input.on_conflict == ConflictPolicy::Update;
    if is_known || service.database.backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let (draft, warnings) = row.draft(told);
    let names = || draft.platforms.iter();
    if let Err(missing) = service.platforms.ids(names()) {
        let found = store::known_platforms(service.database.writer(), missing.iter()).await?;
        service.platforms.learn(found);
    }
    let Ok(platforms) = service.platforms.ids(names()) else {
        return Ok(None);
    };
    let release = draft.release.clone();
    let actor = told.caller.actor.as_deref();
    let Some(inserts) = store::whole(draft, &platforms, told.now, actor) else {
        return Ok(None);
    };
    match service.database.insert(inserts).await {
        Ok(()) => Ok(Some(ReleaseOutcome {
            release,
            created: true,
            warnings,
        })),
        Err(Error::Database(error)) if error.sql_err().is_some() => {
            if matches!(
                error.sql_err(),
                Some(SqlErr::ForeignKeyConstraintViolation(_))
            ) {
                service.platforms.forget();
            }
            Ok(None)
        }
        Err(error) if error.is_transient() => Ok(None),
        Err(error) => Err(error),
    }
}
