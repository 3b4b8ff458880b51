use sea_orm::entity::prelude::*;

use crate::{Timestamp, TokenScope};

/// A credential for callers. The secret itself is not here, only what it hashes to.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "token")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The actor of events; unique among tokens that are not revoked.
    pub name: String,
    pub scope: TokenScope,
    /// The user of releases that name none.
    pub person: Option<String>,
    /// The SHA-256 of the secret.
    #[sea_orm(unique)]
    pub digest: Vec<u8>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// Written now and then, so it may be a minute old.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
