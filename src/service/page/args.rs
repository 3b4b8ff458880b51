//! What callers ask for, checked.

use super::PageArgs;
use super::cursor::{Value, decode};
use super::order::Order;
use crate::service::{Error, Result, Settings};

/// Which part of a list to fetch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slice {
    /// From the end of the list rather than from its beginning.
    pub backwards: bool,
    /// How many rows.
    pub limit: u64,
    /// How many to leave out first.
    pub offset: u64,
    /// Only what comes behind these sort values.
    pub after: Option<Vec<Option<Value>>>,
    /// Only what comes before these sort values.
    pub before: Option<Vec<Option<Value>>>,
}

impl PageArgs {
    /// Checks the arguments for a list in this `order`.
    pub(super) fn check(&self, order: &Order, settings: &Settings) -> Result<Slice> {
        let Self {
            first,
            after,
            last,
            before,
            offset,
        } = self;
        let maximum = settings.max_page_size;
        let size = match (first, last) {
            (Some(_), Some(_)) => {
                return refuse("first and last cannot be given together");
            }
            (Some(first), None) => check_size("first", *first, maximum)?,
            (None, Some(last)) => check_size("last", *last, maximum)?,
            (None, None) => settings.default_page_size.min(maximum),
        };
        if last.is_some() && offset.is_some() {
            return refuse("offset goes with first; it cannot be given with last");
        }
        let offset = u64::try_from(offset.unwrap_or(0))
            .or_else(|_| refuse("offset must not be negative"))?;
        let cursor = |name, text: &Option<String>| {
            let decoded = text.as_deref().map(|text| decode(text, order, name));
            decoded.transpose()
        };
        Ok(Slice {
            backwards: last.is_some(),
            limit: u64::from(size),
            offset,
            after: cursor("after", after)?,
            before: cursor("before", before)?,
        })
    }
}

impl Slice {
    /// Cuts what was fetched, one row more than asked for if there are, to size, and puts it in
    /// the order of the list. Says whether there is a next and a previous page.
    pub fn cut<T>(&self, rows: &mut Vec<T>) -> (bool, bool) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        if self.backwards {
            rows.reverse();
            (self.before.is_some(), more || self.after.is_some())
        } else {
            let left_out = self.after.is_some() || self.offset > 0;
            (more || self.before.is_some(), left_out)
        }
    }
}

fn check_size(name: &str, size: i64, maximum: u32) -> Result<u32> {
    u32::try_from(size)
        .ok()
        .filter(|size| (1..=maximum).contains(size))
        .map_or_else(
            || refuse(&format!("{name} must be between 1 and {maximum}")),
            Ok,
        )
}

fn refuse<T>(message: &str) -> Result<T> {
    Err(Error::BadRequest(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::page::{Direction, Key};

    fn message(args: &PageArgs) -> String {
        let order = Order::new("things", [], Key::id("things", Direction::Asc));
        let refused = args.check(&order, &Settings::default());
        refused.expect_err("must be refused").to_string()
    }

    #[test]
    fn refusals_name_the_argument_and_its_limits() {
        let args = PageArgs::default;
        let both = PageArgs {
            first: Some(1),
            last: Some(1),
            ..args()
        };
        assert_eq!(message(&both), "first and last cannot be given together");
        for size in [i64::MIN, -1, 0, 1001, i64::MAX] {
            let first = PageArgs {
                first: Some(size),
                ..args()
            };
            assert_eq!(message(&first), "first must be between 1 and 1000");
            let last = PageArgs {
                last: Some(size),
                ..args()
            };
            assert_eq!(message(&last), "last must be between 1 and 1000");
        }
        let negative = PageArgs {
            offset: Some(-1),
            ..args()
        };
        assert_eq!(message(&negative), "offset must not be negative");
        let backwards = PageArgs {
            last: Some(1),
            offset: Some(1),
            ..args()
        };
        let expected = "offset goes with first; it cannot be given with last";
        assert_eq!(message(&backwards), expected);
    }
}
