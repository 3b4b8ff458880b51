//! Conditions on records, as callers put them, and what they mean in the database.
//!
//! A field that is `None` is no condition; several fields of one filter must all hold. A condition
//! on something that is missing does not hold, unless it says so, and `not` is the exact
//! complement of what it negates.

mod indexed;
mod input;
mod lead;
mod list;
mod record;
mod scope;
mod text;
mod value;

pub use input::{
    BooleanFilter, DateTimeFilter, FloatFilter, IdFilter, MetadataFilter, PackageFilter,
    PackageListFilter, ReleaseFilter, StatusFilter, StringFilter, StringListFilter,
};
pub use lead::LEAD;
pub use scope::FilterContext;
