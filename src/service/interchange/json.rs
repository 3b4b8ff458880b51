//! JSON as it was written: numbers keep their spelling, objects their order.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a document, not read yet.
pub type Fields = Vec<(String, Box<RawValue>)>;

/// A JSON value, read one level deep.
#[derive(Debug)]
pub(super) enum Shape<'a> {
    Null,
    Bool(bool),
    /// As it is spelled.
    Number(&'a str),
    Text(String),
    List(Vec<&'a RawValue>),
    Object(Object<'a>),
}

/// The fields of a JSON object. Where a key occurs twice, the last one counts.
#[derive(Debug, Default)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Shape<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// A sentence, when it is no JSON after all: a text may hold half a character.
    pub fn of(raw: &'a RawValue) -> Result<Self, String> {
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'n') => Ok(Self::Null),
            Some(b't') => Ok(Self::Bool(true)),
            Some(b'f') => Ok(Self::Bool(false)),
            Some(b'"') => parse(text).map(Self::Text),
            Some(b'[') => parse(text).map(Self::List),
            Some(b'{') => parse(text).map(Self::Object),
            _ => Ok(Self::Number(text)),
        }
    }
}

impl<'a> Object<'a> {
    /// The fields of a document.
    pub fn of(fields: &'a Fields) -> Self {
        let borrow = |(key, value): &'a (String, Box<RawValue>)| (key.as_str().into(), &**value);
        Self(fields.iter().map(borrow).collect())
    }

    /// The value of a key; none when it is missing or null.
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        let mut fields = self.0.iter().rev();
        let found = fields.find(|(name, _)| name == key);
        found
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }

    /// Whether it has any of these keys, be it with null.
    pub fn has_any(&self, keys: &[&str]) -> bool {
        self.keys().any(|key| keys.contains(&key))
    }

    /// The keys, as written.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| key.as_ref())
    }

    /// The keys with their values, as written.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(16);
        while let Some(Key(key)) = map.next_key()? {
            fields.push((key, map.next_value()?));
        }
        Ok(fields)
    }
}

/// A key, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads any JSON.
///
/// # Errors
/// A sentence about what is wrong.
pub(super) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {}", message(&error)))
}

/// What an error says, without the place in the text, which is told apart.
pub(super) fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}
