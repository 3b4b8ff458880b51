//! The server itself.

use async_graphql::SimpleObject;

use crate::graphql::scalars::DateTime;

/// The server and its limits.
#[derive(Clone, Debug, SimpleObject)]
pub struct ServerInfo {
    /// The version of Orlo, e.g. `1.4.0`.
    pub version: String,
    /// The time of the server's clock.
    pub time: DateTime,
    /// The name that events will carry for what you record; null when you are not known by name.
    pub actor: Option<String>,
    /// Whether you may record anything.
    pub can_write: bool,
    /// The most records that one page of a list holds, for `first` and `last`.
    pub max_page_size: u32,
    /// The most releases that one `importReleases` takes.
    pub max_import_size: usize,
    /// After how many seconds without news something in progress counts as stale.
    pub stale_after_seconds: u64,
}
