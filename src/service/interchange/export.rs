//! Writing every release as a document that an import restores.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::document;
use super::load;
use crate::service::error::{Error, Result};

/// Releases read at once.
const PAGE: u64 = 1_000;
/// Bytes of notes and output read at once, where one release does not have more by itself.
const PAGE_BYTES: u64 = 32 << 20;

/// Reads every release that is not deleted, in the order of their ids, which is the order in which
/// they were recorded.
#[derive(Debug)]
pub struct Exporter<'c, C> {
    connection: &'c C,
    last: Uuid,
}

impl<'c, C: ConnectionTrait> Exporter<'c, C> {
    /// Begins. For releases that agree with each other, `connection` must be a transaction that
    /// sees one state of the database.
    pub const fn new(connection: &'c C) -> Self {
        Self {
            connection,
            last: Uuid::nil(),
        }
    }

    /// Appends the next documents to `text`, one per line, and says how many; none: the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&mut self, text: &mut Vec<u8>) -> Result<usize> {
        let mut page = load::page(self.connection, self.last, PAGE).await?;
        let weights = load::weights(self.connection, &page).await?;
        let mut bytes = 0;
        let fitting = page.iter().take_while(|release| {
            bytes += weights.get(&release.id).copied().unwrap_or_default();
            bytes <= PAGE_BYTES
        });
        let length = fitting.count().max(1);
        page.truncate(length);
        let Some(last) = page.last() else {
            return Ok(0);
        };
        self.last = last.id;
        let mut contents = load::contents(self.connection, &page).await?;
        for release in &page {
            let document = document::of(release, &mut contents);
            serde_json::to_writer(&mut *text, &document)
                .map_err(|error| Error::Corrupt(format!("{}: {error}", release.id)))?;
            text.push(b'\n');
        }
        Ok(page.len())
    }
}
