//! Finding the token that a caller sends.

use entity::token;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use subtle::ConstantTimeEq as _;

use super::{Secret, Token};
use crate::service::{Result, Service};

/// The token that `text` is the secret of; none when there is none, or it is revoked or expired.
/// Costs one statement, and none when the text cannot be a secret.
///
/// # Errors
/// When the database fails.
pub async fn find(service: &Service, text: &str) -> Result<Option<Token>> {
    let Some(secret) = Secret::parse(text) else {
        return Ok(None);
    };
    let digest = secret.digest();
    let found = token::Entity::find()
        .filter(token::Column::Digest.eq(digest.to_vec()))
        .one(&service.reader())
        .await?;
    // The database compares as it likes; what it found is compared in constant time.
    let found = found.filter(|token| token.digest.as_slice().ct_eq(&digest).into());
    Ok(found.filter(|token| is_living(service, token)))
}

/// Whether a token works: it is neither revoked nor expired.
#[must_use]
pub fn is_living(service: &Service, token: &Token) -> bool {
    let is_expired = token.expires_at.is_some_and(|end| end.0 <= service.now().0);
    token.revoked_at.is_none() && !is_expired
}
