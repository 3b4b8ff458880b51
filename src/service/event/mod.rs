//! Events: the history of everything.

mod horizon;
mod lookup;
mod read;

pub use horizon::horizon;
pub use lookup::by_ids;
pub use read::{EventFilter, count, counts, cursor, list, of_releases, sequence_of};
