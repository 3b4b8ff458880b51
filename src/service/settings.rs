//! The limits within which the service works.

use std::time::Duration;

/// Limits and defaults that an operator may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// After how long without news something in progress counts as stale.
    pub stale_after: Duration,
    /// Characters in a name, version, user, team, platform, metadata key or external id.
    pub max_name_length: usize,
    /// Characters in a reference or URL.
    pub max_reference_length: usize,
    /// Bytes in a note, result or description.
    pub max_text_bytes: usize,
    /// Bytes in a metadata value.
    pub max_metadata_bytes: usize,
    /// Platforms, references, notes, metadata keys or packages of one release, each.
    pub max_list_length: usize,
    /// Releases in one `importReleases`.
    pub max_import_length: usize,
    /// Records in a page when the caller does not say.
    pub default_page_size: u32,
    /// Records in a page at most.
    pub max_page_size: u32,
    /// Events that a subscriber may be behind before it is sent away.
    pub max_backlog: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_hours(24),
            max_name_length: 255,
            max_reference_length: 2_000,
            max_text_bytes: 1 << 20,
            max_metadata_bytes: 64 << 10,
            max_list_length: 1_000,
            max_import_length: 1_000,
            default_page_size: 100,
            max_page_size: 1_000,
            max_backlog: 10_000,
        }
    }
}
