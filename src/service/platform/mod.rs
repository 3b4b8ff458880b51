//! Platforms.

mod read;

pub use read::{PlatformSummary, by_ids, count, find, list, release_counts, summaries};
