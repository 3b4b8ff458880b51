//! Rows apart from the database that had them.

use sea_orm::DbErr;
use sea_orm::prelude::Uuid;

/// Rows of as many values each. What is in their texts is in one place for all of them, so that none
/// needs an allocation of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    width: usize,
    cells: Vec<Cell>,
    texts: String,
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Null.
    Null,
    /// A whole number; booleans are 0 and 1 too.
    Integer(i64),
    /// A text.
    Text(&'a str),
    /// An id.
    Id(Uuid),
}

/// A value of which the text is elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Null,
    Integer(i64),
    /// From where to where.
    Text(usize, usize),
    Id(Uuid),
}

/// One of the rows.
#[derive(Clone, Copy, Debug)]
pub struct RowOf<'a> {
    cells: &'a [Cell],
    texts: &'a str,
}

impl Rows {
    /// No rows yet, of `width` values each.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// Adds a value to the last row, or begins another one with it.
    pub fn push(&mut self, value: Value<'_>) {
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Integer(number) => Cell::Integer(number),
            Value::Id(id) => Cell::Id(id),
            Value::Text(text) => {
                let start = self.texts.len();
                self.texts.push_str(text);
                Cell::Text(start, self.texts.len())
            }
        };
        self.cells.push(cell);
    }

    /// The rows that are whole, in order.
    pub fn iter(&self) -> impl Iterator<Item = RowOf<'_>> {
        let rows = self.cells.chunks_exact(self.width.max(1));
        rows.map(|cells| RowOf {
            cells,
            texts: &self.texts,
        })
    }

    /// How many values there are.
    pub(super) const fn count(&self) -> usize {
        self.cells.len()
    }

    /// That a row ends which began after `count` values; the first one says how many each has.
    pub(super) fn end_row(&mut self, count: usize) -> Result<(), String> {
        let width = self.count() - count;
        if self.width == 0 {
            self.width = width;
        }
        if width > 0 && width == self.width {
            Ok(())
        } else {
            Err(format!(
                "a row of {width} values after one of {}",
                self.width
            ))
        }
    }
}

impl<'a> RowOf<'a> {
    /// The value at `place`, which is stored as it is; none when it is null.
    pub(super) fn get<T: FromValue>(self, place: usize) -> Result<Option<T>, DbErr> {
        let wrong = || DbErr::Type(format!("the value at {place} is missing or wrong"));
        match self.value(place).ok_or_else(wrong)? {
            Value::Null => Ok(None),
            // No bytes, which is also what nothing becomes in hexadecimal digits.
            Value::Text("") if T::IS_BYTES => Ok(None),
            value => T::from_value(value).map(Some).ok_or_else(wrong),
        }
    }

    fn value(self, place: usize) -> Option<Value<'a>> {
        Some(match *self.cells.get(place)? {
            Cell::Null => Value::Null,
            Cell::Integer(number) => Value::Integer(number),
            Cell::Text(start, end) => Value::Text(self.texts.get(start..end)?),
            Cell::Id(id) => Value::Id(id),
        })
    }
}

/// What a value may be.
pub trait FromValue: Sized {
    /// Whether it may come in hexadecimal digits.
    const IS_BYTES: bool = false;

    /// The value; none when it is something else.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

impl FromValue for i64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for i32 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        Some(i64::from_value(value)? != 0)
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.to_owned()),
            _ => None,
        }
    }
}

impl FromValue for Uuid {
    const IS_BYTES: bool = true;

    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Id(id) => Some(id),
            Value::Text(text) => Self::try_parse(text).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &Rows) -> Vec<Option<String>> {
        rows.iter().map(|row| row.get(0).unwrap()).collect()
    }

    #[test]
    fn texts_are_told_apart() {
        let mut rows = Rows::new(2);
        for value in ["a", "", "bc", "d"] {
            rows.push(Value::Text(value));
        }
        assert_eq!(texts(&rows), [Some("a".to_owned()), Some("bc".to_owned())]);
        // What is not whole is no row.
        rows.push(Value::Text("e"));
        assert_eq!(rows.iter().count(), 2);
    }

    #[test]
    fn a_value_is_what_is_wanted_or_an_error() {
        let mut rows = Rows::new(3);
        let id = Uuid::from_u128(1);
        for value in [Value::Null, Value::Integer(2), Value::Id(id)] {
            rows.push(value);
        }
        let row = rows.iter().next().unwrap();
        assert_eq!(row.get::<String>(0).unwrap(), None);
        assert_eq!(row.get::<i32>(1).unwrap(), Some(2));
        assert_eq!(row.get::<bool>(1).unwrap(), Some(true));
        assert_eq!(row.get::<Uuid>(2).unwrap(), Some(id));
        assert!(row.get::<String>(1).is_err());
        assert!(row.get::<i64>(2).is_err());
        assert!(row.get::<i64>(3).is_err());
    }
}
