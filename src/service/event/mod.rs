//! Events: the history of everything.

mod horizon;
mod lookup;
mod read;

pub use horizon::{horizon, last_drawn, newest};
pub use lookup::by_ids;
pub use read::{EventFilter, between, count, counts, cursor, list, of_releases, sequence_of};
