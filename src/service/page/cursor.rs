//! Cursors: what a row is sorted by, wrapped up so that nobody depends on what is inside.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sea_query::Expr;
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use super::order::{Key, Order, ValueKind};
use crate::service::{Error, Result};

/// A value that rows are sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(in crate::service) enum Value {
    Integer(i64),
    Text(String),
    Id(Uuid),
}

impl From<&Value> for Expr {
    fn from(value: &Value) -> Self {
        match value {
            Value::Integer(integer) => Self::val(*integer),
            Value::Text(text) => Self::val(text.as_str()),
            Value::Id(id) => Self::val(*id),
        }
    }
}

/// The cursor of a row with these sort values in a list of this order.
pub(in crate::service) fn encode(order: &Order, values: &[Option<Value>]) -> String {
    let mut cursor = Vec::with_capacity(128);
    // Neither writing to memory nor the values can fail.
    let _ = serde_json::to_writer(&mut cursor, &(order.list, &order.signature, values));
    URL_SAFE_NO_PAD.encode(cursor)
}

/// The sort values in a cursor of a list of this order, which was given as `argument`.
pub(in crate::service) fn decode(
    cursor: &str,
    order: &Order,
    argument: &str,
) -> Result<Vec<Option<Value>>> {
    let refuse = |reason: &str| {
        Err(Error::BadRequest(format!(
            "the cursor in {argument} {reason}"
        )))
    };
    let Some((list, signature, values)) = unwrap(cursor) else {
        return refuse("is damaged");
    };
    if list != order.list {
        return refuse("is from another list");
    }
    if signature != order.signature {
        return refuse("is from a list in another order");
    }
    let read: std::result::Result<Vec<_>, Damaged> = order
        .keys
        .iter()
        .zip(&values)
        .map(|(key, value)| read(key, value))
        .collect();
    match read {
        Ok(read) if values.len() == order.keys.len() => Ok(read),
        _ => refuse("is damaged"),
    }
}

fn unwrap(cursor: &str) -> Option<(String, String, Vec<Json>)> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    serde_json::from_slice(&json).ok()
}

/// A cursor holds something that a row cannot be sorted by.
struct Damaged;

/// The value of `key` in a cursor.
fn read(key: &Key, value: &Json) -> std::result::Result<Option<Value>, Damaged> {
    if value.is_null() && key.nullable {
        return Ok(None);
    }
    let text = value.as_str().filter(|text| !text.contains('\0'));
    let value = match key.kind {
        ValueKind::Integer => value.as_i64().map(Value::Integer),
        ValueKind::Text => text.map(|text| Value::Text(text.to_owned())),
        ValueKind::Id => text.and_then(|text| text.parse().ok().map(Value::Id)),
    };
    value.map(Some).ok_or(Damaged)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::page::Direction;

    fn order(direction: Direction) -> Order {
        let user = Key::column("things", "user", ValueKind::Text, Direction::Asc);
        let time = Key::column("things", "time", ValueKind::Integer, direction);
        let id = Key::id("things", Direction::Asc);
        Order::new("things", [user.nullable(), time], id)
    }

    fn wrap(cursor: &Json) -> String {
        URL_SAFE_NO_PAD.encode(cursor.to_string())
    }

    #[test]
    fn a_cursor_gives_back_what_was_put_in() {
        let order = order(Direction::Desc);
        for user in [None, Some(Value::Text("Zoë \"%_".to_owned()))] {
            let values = vec![
                user,
                Some(Value::Integer(-5)),
                Some(Value::Id(Uuid::from_u128(7))),
            ];
            let cursor = encode(&order, &values);
            assert_eq!(decode(&cursor, &order, "after").expect("good"), values);
        }
    }

    #[test]
    fn what_is_no_cursor_of_the_list_is_refused() {
        let order_ = order(Direction::Desc);
        let id = Uuid::from_u128(7).to_string();
        let signature = "user+,time-,id-";
        let damaged = [
            String::new(),
            "?".to_owned(),
            "aGVsbG8".to_owned(),
            wrap(&json!({})),
            wrap(&json!(["things", signature])),
            wrap(&json!(["things", signature, []])),
            wrap(&json!(["things", signature, ["a", 1]])),
            wrap(&json!(["things", signature, ["a", 1, id, 1]])),
            wrap(&json!(["things", signature, [1, 1, id]])),
            wrap(&json!(["things", signature, ["a", "1", id]])),
            wrap(&json!(["things", signature, ["a", 1.5, id]])),
            wrap(&json!(["things", signature, ["a", null, id]])),
            wrap(&json!([
                "things",
                signature,
                ["a", 18_446_744_073_709_551_615_u64, id]
            ])),
            wrap(&json!(["things", signature, ["a\0", 1, id]])),
            wrap(&json!(["things", signature, ["a", 1, "x"]])),
        ];
        for cursor in damaged {
            let refused = decode(&cursor, &order_, "after").expect_err("must be refused");
            assert_eq!(refused.to_string(), "the cursor in after is damaged");
        }
        let other_list = wrap(&json!(["others", signature, ["a", 1, id]]));
        let refused = decode(&other_list, &order_, "before").expect_err("must be refused");
        let expected = "the cursor in before is from another list";
        assert_eq!(refused.to_string(), expected);
        let good = wrap(&json!(["things", signature, ["a", 1, id]]));
        assert!(decode(&good, &order_, "after").is_ok());
        let refused = decode(&good, &order(Direction::Asc), "after").expect_err("must be refused");
        let expected = "the cursor in after is from a list in another order";
        assert_eq!(refused.to_string(), expected);
    }
}
