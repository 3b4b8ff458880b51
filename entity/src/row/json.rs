//! Rows that come as JSON, in one text for all: a list of lists.

use std::fmt::{self, Formatter};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use super::rows::{Rows, Value};

/// How a value goes into JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is: a number or a text.
    AsIs,
    /// As a text in hexadecimal digits.
    Bytes,
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows = Self::default();
        deserializer.deserialize_seq(Lists(&mut rows))?;
        Ok(rows)
    }
}

/// Adds all rows.
struct Lists<'a>(&'a mut Rows);

/// Adds one row.
struct List<'a>(&'a mut Rows);

/// Adds one value.
struct Item<'a>(&'a mut Rows);

impl<'de> Visitor<'de> for Lists<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<(), A::Error> {
        while lists.next_element_seed(List(self.0))?.is_some() {}
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a list of values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let count = self.0.count();
        while items.next_element_seed(Item(self.0))?.is_some() {}
        self.0.end_row(count).map_err(A::Error::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, a truth value, a text or null")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push(Value::Null);
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.visit_i64(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.push(Value::Integer(value));
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_i64(value.try_into().map_err(E::custom)?)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.push(Value::Text(value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Result<Rows, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn lists_become_rows() {
        let rows = parsed(r#"[[1, "a\nb", null], [true, "", -2]]"#).unwrap();
        let mut expected = Rows::new(3);
        for value in [
            Value::Integer(1),
            Value::Text("a\nb"),
            Value::Null,
            Value::Integer(1),
            Value::Text(""),
            Value::Integer(-2),
        ] {
            expected.push(value);
        }
        assert_eq!(rows, expected);
        assert_eq!(parsed("[]").unwrap().iter().count(), 0);
    }

    #[test]
    fn anything_else_is_refused() {
        for json in ["{}", "[1]", "[[1], [1, 2]]", "[[]]", "[[0.5]]", "[[[]]]"] {
            assert!(parsed(json).is_err(), "{json}");
        }
    }
}
