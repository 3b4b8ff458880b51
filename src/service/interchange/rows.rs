//! Picking the documents out of JSON while it is read, without ever holding all of it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::json::Fields;
use super::stream::Row;

/// Where in a file is being read.
#[derive(Debug)]
pub(super) struct Position {
    /// The line, from 1.
    pub line: Cell<u64>,
    /// How many bytes the current document may still have.
    pub room: Cell<usize>,
    /// How many any document may have.
    limit: usize,
}

impl Position {
    /// The beginning of a line, where a document of at most `limit` bytes may begin.
    pub const fn new(line: u64, limit: usize) -> Self {
        Self {
            line: Cell::new(line),
            room: Cell::new(limit),
            limit,
        }
    }
}

/// Hands on every document of a JSON value.
pub(super) struct Rows<'r, 'p> {
    /// Takes a document; false ends the reading.
    pub take: &'r mut dyn FnMut(Row) -> bool,
    pub position: &'p Position,
    /// Set when `take` wants no more.
    pub is_stopped: &'r mut bool,
    /// What the value stands in.
    pub level: Level,
}

/// What a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Nothing: a document, a list of documents, or an object that holds such a list.
    Top,
    /// The value of `releases`: a list of documents, or a single one.
    Releases,
    /// A list: a document.
    List,
}

impl Rows<'_, '_> {
    fn inside(&mut self, level: Level) -> Rows<'_, '_> {
        Rows {
            take: self.take,
            position: self.position,
            is_stopped: self.is_stopped,
            level,
        }
    }

    fn emit<E: serde::de::Error>(self, line: u64, fields: Result<Fields, String>) -> Result<(), E> {
        self.position.room.set(self.position.limit);
        if (self.take)(Row { line, fields }) {
            return Ok(());
        }
        *self.is_stopped = true;
        Err(E::custom("stopped"))
    }

    fn refuse<E: serde::de::Error>(self) -> Result<(), E> {
        let line = self.position.line.get();
        self.emit(line, Err("must be a JSON object".to_owned()))
    }
}

impl<'de> DeserializeSeed<'de> for Rows<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a release, a list of releases or an object that holds such a list")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let line = self.position.line.get();
        let mut fields = Fields::with_capacity(16);
        let mut is_wrapper = false;
        while let Some(key) = map.next_key::<String>()? {
            if self.level == Level::Top && key == "releases" {
                is_wrapper = true;
                map.next_value_seed(self.inside(Level::Releases))?;
            } else if is_wrapper {
                map.next_value::<IgnoredAny>()?;
            } else {
                fields.push((key, map.next_value::<Box<RawValue>>()?));
            }
        }
        if is_wrapper {
            Ok(())
        } else {
            self.emit(line, Ok(fields))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        if self.level == Level::List {
            let line = self.position.line.get();
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return self.emit(line, Err("must be a JSON object".to_owned()));
        }
        while list.next_element_seed(self.inside(Level::List))?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        if self.level == Level::Releases {
            return Ok(());
        }
        self.refuse()
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.refuse()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.refuse()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.refuse()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.refuse()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.refuse()
    }
}
