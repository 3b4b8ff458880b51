//! Platforms.

mod known;
mod read;

pub use known::Known;
pub use read::{PlatformSummary, by_ids, count, find, list, release_counts, summaries};
