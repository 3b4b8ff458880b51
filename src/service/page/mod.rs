//! Pages of long lists.
//!
//! A cursor holds what its row is sorted by. The page behind it is found by comparing with those
//! values, which an index can do, rather than by counting rows; so a deep page costs what the
//! first one costs, and rows that come in meanwhile neither repeat nor hide others.

mod args;
mod bounds;
mod cursor;
mod each;
mod fetch;
mod grouped;
mod order;

pub(in crate::service) use cursor::{Value, decode, encode};
pub(in crate::service) use each::fetch_each;
pub(in crate::service) use fetch::{fetch, fetch_planned, search};
pub(in crate::service) use grouped::{Children, fetch_grouped};
pub(in crate::service) use order::{Key, Order, ValueKind};

/// Which part of a list is asked for, as the caller put it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PageArgs {
    /// This many from the beginning, or from behind `after`.
    pub first: Option<i64>,
    /// Only what comes behind this cursor.
    pub after: Option<String>,
    /// This many from the end, or from before `before`.
    pub last: Option<i64>,
    /// Only what comes before this cursor.
    pub before: Option<String>,
    /// How many to leave out first.
    pub offset: Option<i64>,
}

/// Part of a list, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<PageRow<T>>,
    /// Whether there is more behind the last row. Going backwards, that is taken from `before`: the
    /// row it stands for is behind the page.
    pub has_next_page: bool,
    /// Whether there is more before the first row. Going forwards, that is taken from `after` and
    /// `offset`: something was left out.
    pub has_previous_page: bool,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            has_next_page: false,
            has_previous_page: false,
        }
    }
}

/// A row and its place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRow<T> {
    /// The row.
    pub row: T,
    /// Its place, to go on from in either direction.
    pub cursor: String,
}

/// Which end of an order comes first. What has no value comes last either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Smallest, earliest first.
    Asc,
    /// Greatest, latest first.
    Desc,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Asc => Self::Desc,
            Self::Desc => Self::Asc,
        }
    }
}

impl<T> Page<T> {
    /// The page with every row made into something else.
    pub fn map<U>(self, make: impl Fn(T) -> U) -> Page<U> {
        let rows = self
            .rows
            .into_iter()
            .map(|PageRow { row, cursor }| PageRow {
                row: make(row),
                cursor,
            });
        Page {
            rows: rows.collect(),
            has_next_page: self.has_next_page,
            has_previous_page: self.has_previous_page,
        }
    }
}
