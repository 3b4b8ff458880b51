//! Inputs that are written in a document.

use async_graphql::{Name, Number};
use async_graphql_value::Value;
use bluejay_core::{AsIter, Value as _, ValueReference};
use bluejay_parser::ast;

/// What `value` says, of several members of one name the last; nothing if it holds a number beyond
/// what 64 bits of floating point can be.
pub fn value<const CONST: bool>(value: &ast::Value<'_, CONST>) -> Option<Value> {
    Some(match value.as_ref() {
        ValueReference::Variable(variable) => Value::Variable(Name::new(variable)),
        ValueReference::Integer(integer) => Value::Number(number(&integer.to_string())?),
        ValueReference::Float(float) => Value::Number(Number::from_f64(float)?),
        ValueReference::String(text) => Value::String(text.to_owned()),
        ValueReference::Boolean(boolean) => Value::Boolean(boolean),
        ValueReference::Null => Value::Null,
        ValueReference::Enum(name) => Value::Enum(Name::new(name)),
        ValueReference::List(list) => {
            let items = list.iter().map(self::value);
            Value::List(items.collect::<Option<_>>()?)
        }
        ValueReference::Object(object) => {
            let members = AsIter::iter(object);
            let members = members.map(|(name, value)| Some((Name::new(name), self::value(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        }
    })
}

/// Integers keep all their digits as far as 64 bits go.
fn number(digits: &str) -> Option<Number> {
    digits.parse().ok()
}
