//! Conditions on records, as callers put them, and what they mean in the database.
//!
//! A field that is `None` is no condition; several fields of one filter must all hold. Every
//! condition is either true or false, never unknown, so that `not` is its exact complement.

mod input;

pub use input::{
    BooleanFilter, DateTimeFilter, FloatFilter, IdFilter, MetadataFilter, PackageFilter,
    PackageListFilter, ReleaseFilter, StatusFilter, StringFilter, StringListFilter,
};
