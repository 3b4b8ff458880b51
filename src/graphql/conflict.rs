//! Fields that would take each other's place in an answer. The executor refuses those that stand side
//! by side; where one is in a fragment, or inside of fields that become one, it would answer with
//! whatever is ready first.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{ExecutableDocument, Field, SelectionSet};
use async_graphql::{Positioned, ServerError};

use super::error::add_code;
use super::shape::{FieldTypes, each_field, name_of, root_of};

/// Makes sure that whatever has the same key in an answer is the same field. Every field is looked at
/// once, with fragments in place, so their number is to be limited before.
///
/// # Errors
/// `BAD_REQUEST` for the first two that are not.
pub fn check(types: &FieldTypes, document: &ExecutableDocument) -> Result<(), ServerError> {
    let check = Check { types, document };
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        check.sets(root_of(operation.ty), &[&operation.selection_set.node])?;
    }
    Ok(())
}

struct Check<'a> {
    types: &'a FieldTypes,
    document: &'a ExecutableDocument,
}

/// One field of objects of one type, and all that is selected of it.
struct Known<'a> {
    parent: &'a str,
    field: &'a Positioned<Field>,
    sets: Vec<&'a SelectionSet>,
}

impl<'a> Check<'a> {
    /// Checks what `sets` select together of objects of the type `parent`.
    fn sets(&self, parent: &'a str, sets: &[&'a SelectionSet]) -> Result<(), ServerError> {
        let mut keys: IndexMap<&str, Vec<Known<'a>>> = IndexMap::new();
        let (mut seen, mut conflict) = (HashSet::new(), None);
        for set in sets {
            each_field(
                self.document,
                parent,
                set,
                &mut seen,
                &mut |parent, field| {
                    let key = field.node.response_key().node.as_str();
                    let known = keys.entry(key).or_default();
                    let mut others = known.iter().filter(|known| self.meet(known.parent, parent));
                    if !others.all(|other| is_same(&other.field.node, &field.node)) {
                        conflict.get_or_insert((key, field));
                    }
                    let place = known.iter().position(|known| known.parent == parent);
                    let place = place.unwrap_or_else(|| {
                        let sets = Vec::new();
                        known.push(Known {
                            parent,
                            field,
                            sets,
                        });
                        known.len() - 1
                    });
                    known[place].sets.push(&field.node.selection_set.node);
                },
            );
        }
        if let Some((key, field)) = conflict {
            let message = format!(
                "\"{key}\" is selected twice in different ways; give one of them another alias"
            );
            return Err(add_code(ServerError::new(message, Some(field.pos))));
        }
        for Known {
            parent,
            field,
            sets,
        } in keys.into_values().flatten()
        {
            let ty = self.types.get(parent, &field.node.name.node);
            if let Some(ty) = ty.filter(|_| sets.iter().any(|set| !set.items.is_empty())) {
                self.sets(name_of(ty), &sets)?;
            }
        }
        Ok(())
    }

    /// Whether an object can be of both types.
    fn meet(&self, one: &str, other: &str) -> bool {
        one == other || self.types.is_interface(one) || self.types.is_interface(other)
    }
}

fn is_same(one: &Field, other: &Field) -> bool {
    let mut arguments = one.arguments.iter();
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && arguments.all(|(name, value)| {
            let other = other.get_argument(&name.node);
            other.is_some_and(|other| other.node == value.node)
        })
}

#[cfg(test)]
mod tests {
    use crate::graphql::parse::parse;

    use super::*;
    use crate::graphql::execute::FIELD_TYPES;

    fn conflict(query: &str) -> Option<String> {
        let document = parse(query).unwrap();
        let error = check(&FIELD_TYPES, &document).err()?;
        Some(error.message.split('"').nth(1).unwrap().to_owned())
    }

    #[test]
    fn what_would_take_each_others_place_is_found() {
        for (query, key) in [
            (
                "{ server { version } server: packages { totalCount } }",
                "server",
            ),
            ("{ a: actor ... on Query { a: server { version } } }", "a"),
            (
                "{ ...f a: users { name } } fragment f on Query { a: teams { name } }",
                "a",
            ),
            (
                "{ releases { totalCount } ... { releases(first: 1) { totalCount } } }",
                "releases",
            ),
            (
                "{ releases { nodes { id } } releases { nodes { id: user } } }",
                "id",
            ),
            (
                "query ($a: Int, $b: Int) { releases(first: $a) { totalCount } releases(first: $b) { totalCount } }",
                "releases",
            ),
            ("{ node(id: 1) { id ... on Release { id: user } } }", "id"),
            (
                "{ releases { nodes { ...f } ... on ReleaseConnection { nodes { team: user } } } } fragment f on Release { team }",
                "team",
            ),
            (
                "query A { server { version } } query B { a: users { name } ... on Query { a: teams { name } } }",
                "a",
            ),
        ] {
            assert_eq!(conflict(query).as_deref(), Some(key), "{query}");
        }
    }

    #[test]
    fn what_goes_together_is_left_alone() {
        for query in [
            "{ a: server { version } ... on Query { a: server { now version } } ...f } fragment f on Query { a: server { v: version } }",
            "{ releases(first: 1, offset: 2) { totalCount } releases(offset: 2, first: 1) { nodes { id } } }",
            "{ node(id: 1) { ... on Release { x: user } ... on Package { x: name } } }",
            "{ a: nothing { b } a: nothing { b } ...nowhere }",
        ] {
            assert_eq!(conflict(query), None, "{query}");
        }
    }
}
