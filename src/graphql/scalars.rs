//! The scalars of the API beside those of GraphQL itself.

use async_graphql::{Description, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use entity::Timestamp;

use crate::service::time;

/// An instant. Put out as RFC 3339 in UTC with milliseconds, e.g. `2026-03-03T15:30:00.000Z`.
///
/// Taken in are RFC 3339 with any offset (`2026-03-03T16:30:00+01:00`), a date or a date with a
/// time (`2026-03-03`, `2026-03-03 15:30`; read as UTC), and Unix seconds or milliseconds as a
/// number or as text (`1772551800`). Years 1970 to 9999; what is finer than a millisecond is cut
/// off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Description)]
pub struct DateTime(pub Timestamp);

#[Scalar(
    use_type_description,
    specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339"
)]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        read_time(&value).map(Self).map_err(InputValueError::custom)
    }

    /// Asked while the request is validated, so that an unreadable time refuses the request as a
    /// whole and the message names the place.
    fn is_valid(value: &Value) -> bool {
        read_time(value).is_ok()
    }

    fn to_value(&self) -> Value {
        Value::String(time::format(self.0))
    }
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl From<DateTime> for Timestamp {
    fn from(time: DateTime) -> Self {
        time.0
    }
}

fn read_time(value: &Value) -> Result<Timestamp, String> {
    match value {
        Value::String(text) => time::parse(text),
        Value::Number(number) => number
            .as_f64()
            .ok_or_else(|| format!("{number} is not a time"))
            .and_then(time::from_number),
        _ => Err("a time is a text or a number".to_owned()),
    }
}

/// A JSON object: names and values of any kind, e.g. `{ "ci": "jenkins", "build": 4711 }`. In a
/// document it is written as `{ ci: "jenkins", build: 4711 }`; names that are no GraphQL names
/// need a variable.
// What is no object is read all the same: to refuse it is up to the rule about the one input that
// holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Description)]
pub struct Json(pub serde_json::Value);

#[Scalar(name = "JSON", use_type_description)]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        value.into_json().map(Self).map_err(InputValueError::custom)
    }

    fn to_value(&self) -> Value {
        Value::from_json(self.0.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::Number;

    use super::*;

    #[test]
    fn times_are_read_from_texts_and_numbers() {
        for value in [
            Value::from("2026-03-03T16:30:00+01:00"),
            Value::from("1772551800"),
            Value::from(1_772_551_800),
            Value::Number(Number::from_f64(1_772_551_800_000.0).unwrap()),
        ] {
            assert!(DateTime::is_valid(&value), "{value}");
            let time = <DateTime as ScalarType>::parse(value).unwrap();
            assert_eq!(
                ScalarType::to_value(&time),
                Value::from("2026-03-03T15:30:00.000Z")
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for value in [
            Value::from("yesterday"),
            Value::from(true),
            Value::from(-1),
            Value::List(vec![]),
        ] {
            assert!(!DateTime::is_valid(&value), "{value}");
            assert!(<DateTime as ScalarType>::parse(value).is_err());
        }
    }

    #[test]
    fn json_comes_out_as_it_went_in() {
        let object = Value::from_json(serde_json::json!({ "a": [1, null, { "b": "c" }] })).unwrap();
        let json = <Json as ScalarType>::parse(object.clone()).unwrap();
        assert_eq!(ScalarType::to_value(&json), object);
    }
}
