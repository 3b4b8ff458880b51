//! Conditions on single values.

use async_graphql::{ID, InputObject};

use super::convert_all;
use crate::graphql::enums::DeployStatus;
use crate::graphql::scalars::DateTime;
use crate::service::filter;

/// Conditions on a text; all that are given must hold, e.g. `{ eq: "shop" }` or
/// `{ startsWith: "web-", ignoreCase: true }`. Texts are taken literally: `%`, `_` and `*` stand
/// for themselves.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringFilter {
    /// Equal to this text.
    pub eq: Option<String>,
    /// Not equal to this text; records without a value are kept.
    pub ne: Option<String>,
    /// Equal to one of these texts; an empty list matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<String>>,
    /// Equal to none of these texts; records without a value are kept.
    pub not_in: Option<Vec<String>>,
    /// Has this text anywhere in it.
    pub contains: Option<String>,
    /// Begins with this text.
    pub starts_with: Option<String>,
    /// Ends with this text.
    pub ends_with: Option<String>,
    /// Whether upper and lower case are the same to every other condition of this object.
    #[graphql(default_with = "Some(false)")]
    pub ignore_case: Option<bool>,
    /// True: there is no value. False: there is one.
    pub is_null: Option<bool>,
}

impl From<StringFilter> for filter::StringFilter {
    fn from(input: StringFilter) -> Self {
        let StringFilter {
            eq,
            ne,
            is_in,
            not_in,
            contains,
            starts_with,
            ends_with,
            ignore_case,
            is_null,
        } = input;
        Self {
            eq,
            ne,
            is_in,
            not_in,
            contains,
            starts_with,
            ends_with,
            ignore_case: ignore_case.unwrap_or(false),
            is_null,
        }
    }
}

/// Conditions on a list of texts; all that are given must hold, e.g. `{ has: "web" }`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StringListFilter {
    /// Some element equals this text.
    pub has: Option<String>,
    /// Some element equals one of these texts; an empty list matches nothing.
    pub has_any: Option<Vec<String>>,
    /// For each of these texts some element equals it; an empty list matches everything.
    pub has_all: Option<Vec<String>>,
    /// Some element has this text anywhere in it.
    pub contains: Option<String>,
    /// True: the list has no elements. False: it has some.
    pub is_empty: Option<bool>,
}

impl From<StringListFilter> for filter::StringListFilter {
    fn from(input: StringListFilter) -> Self {
        let StringListFilter {
            has,
            has_any,
            has_all,
            contains,
            is_empty,
        } = input;
        Self {
            has,
            has_any,
            has_all,
            contains,
            is_empty,
        }
    }
}

/// Conditions on a time; all that are given must hold, e.g.
/// `{ gte: "2026-03-01", lt: "2026-04-01" }` for March. Comparisons never match records without a
/// value.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DateTimeFilter {
    /// At this very millisecond.
    pub eq: Option<DateTime>,
    /// After this time.
    pub gt: Option<DateTime>,
    /// At this time or after it.
    pub gte: Option<DateTime>,
    /// Before this time.
    pub lt: Option<DateTime>,
    /// At this time or before it.
    pub lte: Option<DateTime>,
    /// True: there is no time. False: there is one.
    pub is_null: Option<bool>,
}

impl From<DateTimeFilter> for filter::DateTimeFilter {
    fn from(input: DateTimeFilter) -> Self {
        let DateTimeFilter {
            eq,
            gt,
            gte,
            lt,
            lte,
            is_null,
        } = input;
        Self {
            eq: eq.map(Into::into),
            gt: gt.map(Into::into),
            gte: gte.map(Into::into),
            lt: lt.map(Into::into),
            lte: lte.map(Into::into),
            is_null,
        }
    }
}

/// Conditions on a number; all that are given must hold, e.g. `{ gt: 90.5 }`. Comparisons never
/// match records without a value.
#[derive(Clone, Debug, Default, InputObject)]
pub struct FloatFilter {
    /// Equal to this number.
    pub eq: Option<f64>,
    /// Greater than this number.
    pub gt: Option<f64>,
    /// This number or greater.
    pub gte: Option<f64>,
    /// Less than this number.
    pub lt: Option<f64>,
    /// This number or less.
    pub lte: Option<f64>,
    /// True: there is no value. False: there is one.
    pub is_null: Option<bool>,
}

impl From<FloatFilter> for filter::FloatFilter {
    fn from(input: FloatFilter) -> Self {
        let FloatFilter {
            eq,
            gt,
            gte,
            lt,
            lte,
            is_null,
        } = input;
        Self {
            eq,
            gt,
            gte,
            lt,
            lte,
            is_null,
        }
    }
}

/// Conditions on something that is true or false, e.g. `{ eq: true }`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct BooleanFilter {
    /// Equal to this.
    pub eq: Option<bool>,
    /// The opposite of this.
    pub ne: Option<bool>,
}

impl From<BooleanFilter> for filter::BooleanFilter {
    fn from(input: BooleanFilter) -> Self {
        let BooleanFilter { eq, ne } = input;
        Self { eq, ne }
    }
}

/// Conditions on a status; all that are given must hold, e.g. `{ in: [FAILED, IN_PROGRESS] }`.
#[derive(Clone, Debug, Default, InputObject)]
pub struct StatusFilter {
    /// This status.
    pub eq: Option<DeployStatus>,
    /// Any status but this.
    pub ne: Option<DeployStatus>,
    /// One of these; an empty list matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<DeployStatus>>,
    /// None of these.
    pub not_in: Option<Vec<DeployStatus>>,
}

impl From<StatusFilter> for filter::StatusFilter {
    fn from(input: StatusFilter) -> Self {
        let StatusFilter {
            eq,
            ne,
            is_in,
            not_in,
        } = input;
        Self {
            eq: eq.map(Into::into),
            ne: ne.map(Into::into),
            is_in: convert_all(is_in),
            not_in: convert_all(not_in),
        }
    }
}

/// Conditions on the id of a record; all that are given must hold. A text that is no UUID is the
/// id of nothing.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "IDFilter")]
pub struct IdFilter {
    /// This record.
    pub eq: Option<ID>,
    /// One of these records; an empty list matches nothing.
    #[graphql(name = "in")]
    pub is_in: Option<Vec<ID>>,
    /// None of these records.
    pub not_in: Option<Vec<ID>>,
}

impl From<IdFilter> for filter::IdFilter {
    fn from(input: IdFilter) -> Self {
        let IdFilter { eq, is_in, not_in } = input;
        Self {
            eq: eq.map(Into::into),
            is_in: convert_all(is_in),
            not_in: convert_all(not_in),
        }
    }
}

/// A condition on one key of the metadata, e.g. `{ key: "region", value: { eq: "eu" } }`.
#[derive(Clone, Debug, InputObject)]
pub struct MetadataFilter {
    /// The key that must be there.
    pub key: String,
    /// What must hold for its value; nothing more when absent.
    pub value: Option<StringFilter>,
}

impl From<MetadataFilter> for filter::MetadataFilter {
    fn from(input: MetadataFilter) -> Self {
        let MetadataFilter { key, value } = input;
        Self {
            key,
            value: value.map(Into::into),
        }
    }
}
