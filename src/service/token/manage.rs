//! Creating, listing and revoking tokens.

use std::time::Duration;

use chrono::TimeDelta;
use entity::{Timestamp, TokenScope, token};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, SqlErr,
};
use uuid::Uuid;

use super::{Secret, Token};
use crate::service::check::{Checker, TextKind};
use crate::service::{Error, Path, Result, Service, UserErrorCode};

/// A token to create.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is called, e.g. `jenkins`: the actor of what is recorded with it. Unique among the
    /// tokens that are not revoked.
    pub name: String,
    /// What it allows.
    pub scope: TokenScope,
    /// Who is behind it: the user of releases that name none.
    pub person: Option<String>,
    /// For how long it works; for ever when none.
    pub lifetime: Option<Duration>,
}

/// Creates a token. Its secret cannot be had again.
///
/// # Errors
/// [`Error::Refused`] when the name is taken, a text cannot be stored, or the end lies too far
/// ahead.
pub async fn create(service: &Service, new: NewToken) -> Result<(Token, Secret)> {
    let now = service.now();
    let path = Path::default();
    let mut checker = Checker::new(service);
    let name = checker.required(&path.at("name"), TextKind::Name, Some(new.name));
    let person = checker.text(&path.at("person"), TextKind::Name, new.person);
    for (field, text) in [("name", Some(&name)), ("person", person.as_ref())] {
        if text.is_some_and(|text| text.chars().any(char::is_control)) {
            let message = "may not contain control characters";
            checker.error(&path.at(field), UserErrorCode::InvalidValue, message);
        }
    }
    if Uuid::try_parse(&name).is_ok() {
        let message = "may not look like an id";
        checker.error(&path.at("name"), UserErrorCode::InvalidValue, message);
    }
    let expires_at = match new.lifetime {
        None => None,
        Some(lifetime) => {
            let end = end(now, lifetime);
            if end.is_none() {
                let message = "must be longer than nothing and end before the year 10000";
                checker.error(&path.at("lifetime"), UserErrorCode::InvalidValue, message);
            }
            end
        }
    };
    checker.finish()?;
    let secret = Secret::generate()?;
    let row = token::ActiveModel {
        id: Set(Uuid::now_v7()),
        name: Set(name),
        scope: Set(new.scope),
        person: Set(person),
        digest: Set(secret.digest().to_vec()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        last_used_at: Set(None),
        revoked_at: Set(None),
    };
    let stored = row.insert(service.database.writer()).await;
    Ok((stored.map_err(|error| taken(&path, error))?, secret))
}

/// When what begins now and lasts this long ends.
fn end(now: Timestamp, lifetime: Duration) -> Option<Timestamp> {
    use chrono::Datelike as _;
    let lifetime = TimeDelta::from_std(lifetime).ok()?;
    let end = now.0.checked_add_signed(lifetime)?;
    let end = crate::service::clock::to_millis(end);
    (end.0 > now.0 && end.0.year() < 10_000).then_some(end)
}

fn taken(path: &Path, error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => {
            let message = "is the name of a token that is not revoked";
            path.at("name").refuse(UserErrorCode::Conflict, message)
        }
        _ => error.into(),
    }
}

/// All tokens, those that do not work any more included, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(service: &Service) -> Result<Vec<Token>> {
    let tokens = token::Entity::find()
        .order_by_asc(token::Column::Id)
        .all(&service.reader())
        .await?;
    Ok(tokens)
}

/// Revokes the token that is called `name_or_id`, or has it as its id. It stops working at once.
///
/// # Errors
/// [`Error::Refused`] when there is none, or only such as are revoked.
pub async fn revoke(service: &Service, name_or_id: &str) -> Result<Token> {
    let mut chosen = Condition::any().add(token::Column::Name.eq(name_or_id));
    if let Ok(id) = Uuid::try_parse(name_or_id) {
        chosen = chosen.add(token::Column::Id.eq(id));
    }
    let revoked = token::Entity::update_many()
        .col_expr(token::Column::RevokedAt, Expr::value(service.now()))
        .filter(chosen)
        .filter(token::Column::RevokedAt.is_null())
        .exec_with_returning(service.database.writer())
        .await?;
    revoked.into_iter().next().ok_or_else(|| {
        let message = "there is no such token that is not revoked";
        Path::default().refuse(UserErrorCode::NotFound, message)
    })
}
