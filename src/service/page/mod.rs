//! Pages of long lists.

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
    /// Whether there is more behind the last row. Going backwards it is only known that something
    /// was left out, by `before`.
    pub has_next_page: bool,
    /// Whether there is more before the first row. Going forwards it is only known that something
    /// was left out, by `after` or `offset`.
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
