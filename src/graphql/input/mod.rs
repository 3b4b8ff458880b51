//! Input objects of questions: filters, orders and references to records. An absent value and an
//! explicit null mean the same everywhere.

mod condition;
mod dora;
mod order;
mod package_filter;
mod reference;
mod release_filter;
mod version;

pub use condition::{
    BooleanFilter, DateTimeFilter, FloatFilter, IdFilter, MetadataFilter, StatusFilter,
    StringFilter, StringListFilter,
};
pub use dora::DoraInput;
pub use order::{Order, PackageOrder, ReleaseOrder, SummaryOrder};
pub use package_filter::{PackageFilter, PackageListFilter};
pub use reference::{PackageInReleaseRef, PackageRef, ReleaseRef};
pub use release_filter::ReleaseFilter;
pub use version::{VersionPoint, moment};

/// Converts the values of a list that may be absent.
fn convert_all<T, U: From<T>>(values: Option<Vec<T>>) -> Option<Vec<U>> {
    values.map(|values| values.into_iter().map(U::from).collect())
}

/// Converts a boxed value that may be absent.
fn convert_boxed<T, U: From<T>>(value: Option<Box<T>>) -> Option<Box<U>> {
    value.map(|value| Box::new(U::from(*value)))
}
