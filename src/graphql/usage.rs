//! Where the variables of a document stand.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{BaseType, ExecutableDocument, Field, Type, VariableDefinition};
use async_graphql_value::Value;

use super::shape::{FieldTypes, every_field};

/// The variables of `document`, if it has but one operation and each of them stands only where a value
/// of just the type is asked for that it is declared with, apart from whether that may be null. GraphQL
/// has a rule that they do, but async-graphql (7.2.1) never applies it, and takes a `String` for a
/// `DateTime`.
///
/// The arguments of directives are not looked at: they ask for a `Boolean`, and nothing that a variable of
/// another type may hold is one, so that such a document never meets the rules.
pub fn exact_variables(
    types: &FieldTypes,
    document: &ExecutableDocument,
) -> Option<Vec<VariableDefinition>> {
    let mut operations = document.operations.iter();
    let (Some((_, operation)), None) = (operations.next(), operations.next()) else {
        return None;
    };
    let variables = operation.node.variable_definitions.iter();
    let variables: Vec<_> = variables.map(|variable| variable.node.clone()).collect();
    let declared = variables.iter();
    let declared = declared.map(|variable| (&variable.name.node, &variable.var_type.node));
    let usages = Usages {
        types,
        declared: declared.collect(),
    };
    let mut are_exact = true;
    every_field(document, types, &mut |parent, field| {
        are_exact = are_exact && usages.are_exact(parent, field);
    });
    are_exact.then_some(variables)
}

struct Usages<'a> {
    types: &'a FieldTypes,
    declared: HashMap<&'a Name, &'a Type>,
}

impl Usages<'_> {
    /// Whether those in the arguments of `field` stand right.
    fn are_exact(&self, parent: &str, field: &Field) -> bool {
        field.arguments.iter().all(|(name, value)| {
            let ty = self.types.argument(parent, &field.name.node, &name.node);
            ty.is_some_and(|ty| self.stand_right(ty, &value.node))
        })
    }

    /// Whether the variables within `value` stand right where a `ty` is asked for.
    fn stand_right(&self, ty: &Type, value: &Value) -> bool {
        match (value, &ty.base) {
            (Value::Variable(name), _) => {
                let declared = self.declared.get(name);
                declared.is_some_and(|declared| are_alike(declared, ty))
            }
            (Value::List(items), BaseType::List(ty)) => {
                items.iter().all(|item| self.stand_right(ty, item))
            }
            (Value::Object(fields), BaseType::Named(parent)) => {
                fields.iter().all(|(name, value)| {
                    let ty = self.types.get(parent, name);
                    ty.is_some_and(|ty| self.stand_right(ty, value))
                })
            }
            // One thing in the place of a list of them.
            (Value::Object(_), BaseType::List(ty)) => self.stand_right(ty, value),
            (Value::List(_), BaseType::Named(_)) => false,
            _ => true,
        }
    }
}

/// Whether two types are the same, apart from what may be null.
fn are_alike(one: &Type, other: &Type) -> bool {
    match (&one.base, &other.base) {
        (BaseType::Named(one), BaseType::Named(other)) => one == other,
        (BaseType::List(one), BaseType::List(other)) => are_alike(one, other),
        _ => false,
    }
}
