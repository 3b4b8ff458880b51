//! Notes on releases.

use async_graphql::{ID, SimpleObject};
use entity::release_note;

use crate::graphql::scalars::DateTime;

/// A remark that somebody made on a release.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReleaseNote {
    /// The id of the note.
    pub id: ID,
    /// What was said, as it was given.
    pub text: String,
    /// Who said it; null when nobody was named.
    pub author: Option<String>,
    /// When Orlo heard of it.
    pub created_at: DateTime,
}

impl From<release_note::Model> for ReleaseNote {
    fn from(row: release_note::Model) -> Self {
        Self {
            id: row.id.into(),
            text: row.text,
            author: row.author,
            created_at: row.created_at.into(),
        }
    }
}
