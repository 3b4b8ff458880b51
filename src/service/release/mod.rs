//! Releases.

mod order;
mod read;

pub use order::{ReleaseOrder, ReleaseOrderField};
pub use read::{
    by_ids, by_ids_even_deleted, count, failures, failures_by_ids, find, list, metadata, notes,
    of_platforms, platforms, references,
};
