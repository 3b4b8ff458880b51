//! Packages.

mod order;
mod read;

pub use order::{PackageOrder, PackageOrderField};
pub use read::{
    by_ids, by_ids_even_deleted, count, find, list, name_counts, of_names, of_releases, result,
    result_counts, results, results_by_ids,
};
