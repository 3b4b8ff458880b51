//! Rows that come as JSON, in one text for all.

use std::borrow::Cow;
use std::fmt::{self, Formatter};

use sea_orm::DbErr;
use sea_orm::prelude::Uuid;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// How a value goes into JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As it is: a number or a text.
    AsIs,
    /// As a text in hexadecimal digits.
    Bytes,
}

/// A value of a row in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json<'a> {
    /// Null.
    Null,
    /// A whole number; booleans are 0 and 1 too.
    Integer(i64),
    /// A text, or bytes in hexadecimal digits.
    Text(Cow<'a, str>),
}

impl<'a, 'de: 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number, a truth value, a text or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        let value = i64::try_from(value).map_err(E::custom)?;
        Ok(Json::Integer(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }
}

/// The value at `place`; none when it is null.
pub(super) fn get<T: FromJson>(values: &[Json<'_>], place: usize) -> Result<Option<T>, DbErr> {
    let wrong = || DbErr::Type(format!("the value at {place} is missing or wrong"));
    match values.get(place).ok_or_else(wrong)? {
        Json::Null => Ok(None),
        // No bytes, which is also what nothing becomes in hexadecimal digits.
        Json::Text(text) if T::IS_BYTES && text.is_empty() => Ok(None),
        value => T::from_json(value).map(Some).ok_or_else(wrong),
    }
}

/// What a value in JSON may be.
pub trait FromJson: Sized {
    /// Whether it comes in hexadecimal digits.
    const IS_BYTES: bool = false;

    /// The value; none when it is something else.
    fn from_json(value: &Json<'_>) -> Option<Self>;
}

impl FromJson for i64 {
    fn from_json(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

impl FromJson for i32 {
    fn from_json(value: &Json<'_>) -> Option<Self> {
        i64::from_json(value)?.try_into().ok()
    }
}

impl FromJson for bool {
    fn from_json(value: &Json<'_>) -> Option<Self> {
        Some(i64::from_json(value)? != 0)
    }
}

impl FromJson for String {
    fn from_json(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Text(text) => Some(text.as_ref().to_owned()),
            _ => None,
        }
    }
}

impl FromJson for Uuid {
    const IS_BYTES: bool = true;

    fn from_json(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Text(text) => Self::try_parse(text).ok(),
            _ => None,
        }
    }
}
