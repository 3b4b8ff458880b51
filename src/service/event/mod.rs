//! Events: the history of everything.

mod read;

pub use read::{EventFilter, count, counts, cursor, list, of_releases, sequence_of};
