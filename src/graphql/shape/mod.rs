//! Puts answers into the shape that GraphQL promises.
//!
//! The executor hands fields out in the order in which they were ready, and leaves out those that
//! failed. Callers may count on the order in which they selected the fields, and on null instead
//! of what failed: on the field itself where its type allows null, else on what is around it. An object
//! of which all fields were skipped is an empty one to callers, and null to the executor.

mod field_types;

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, OperationType, Selection, SelectionSet, Type,
};
use async_graphql::{Name, PathSegment, Response, ServerError, Value};

pub use field_types::{FieldTypes, name_of};

/// Shapes `response`, the answer to the operation `name` of `document`.
#[must_use]
pub fn shape(
    mut response: Response,
    types: &FieldTypes,
    document: &ExecutableDocument,
    name: Option<&str>,
) -> Response {
    if response.data == Value::Null && response.errors.is_empty() {
        response.data = Value::Object(Fields::new());
    }
    let mut operations = document.operations.iter();
    let operation = operations.find(|(known, _)| name.is_none() || known.map(Name::as_str) == name);
    let (Value::Object(fields), Some((_, operation))) = (&mut response.data, operation) else {
        return response;
    };
    let root = match operation.node.ty {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    };
    let mut shaper = Shaper {
        types,
        document,
        errors: &response.errors,
        path: Vec::new(),
    };
    let sets = [&operation.node.selection_set.node];
    let data = shaper.object(std::mem::take(fields), root, &sets);
    response.data = data.unwrap_or_default();
    response
}

struct Shaper<'a> {
    types: &'a FieldTypes,
    document: &'a ExecutableDocument,
    errors: &'a [ServerError],
    path: Vec<Step<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

/// A field of an object, wherever it was selected.
struct Selected<'a> {
    ty: Option<&'a Type>,
    sets: Vec<&'a SelectionSet>,
}

type Fields = IndexMap<Name, Value>;

impl<'a> Shaper<'a> {
    /// The object in shape; none when null must stand in its place.
    fn object(
        &mut self,
        mut fields: Fields,
        parent: &'a str,
        sets: &[&'a SelectionSet],
    ) -> Option<Value> {
        let (mut selected, mut seen) = (IndexMap::new(), HashSet::new());
        for set in sets {
            self.collect(parent, set, &mut selected, &mut seen);
        }
        let mut shaped = Fields::with_capacity(fields.len());
        for (key, Selected { ty, sets }) in selected {
            self.path.push(Step::Field(key));
            let value = match fields.swap_remove(key) {
                Some(value) => Some(self.value(value, ty, &sets)),
                None => self
                    .has_failed()
                    .then(|| self.value(Value::Null, ty, &sets)),
            };
            self.path.pop();
            if let Some(value) = value {
                shaped.insert(Name::new(key), value?);
            }
        }
        Some(Value::Object(shaped))
    }

    /// The value in shape; none when its type does not allow the null that it has become.
    fn value(
        &mut self,
        value: Value,
        ty: Option<&'a Type>,
        sets: &[&'a SelectionSet],
    ) -> Option<Value> {
        let is_nullable = ty.is_none_or(|ty| ty.nullable);
        let shaped = match (value, ty.map(|ty| &ty.base)) {
            // Where the type allows null, it cannot be told from what is not there.
            (Value::Null, Some(BaseType::Named(_)))
                if !is_nullable && !sets.is_empty() && !self.has_failed() =>
            {
                Some(Value::Object(Fields::new()))
            }
            (Value::Null, _) => None,
            (Value::List(items), Some(BaseType::List(ty))) => self.list(items, Some(ty), sets),
            (Value::List(items), None) => self.list(items, None, sets),
            (Value::Object(fields), base) if !sets.is_empty() => {
                let parent = match base {
                    Some(BaseType::Named(name)) => name.as_str(),
                    _ => "",
                };
                self.object(fields, parent, sets)
            }
            (leaf, _) => Some(leaf),
        };
        shaped.or_else(|| is_nullable.then_some(Value::Null))
    }

    fn list(
        &mut self,
        items: Vec<Value>,
        ty: Option<&'a Type>,
        sets: &[&'a SelectionSet],
    ) -> Option<Value> {
        if sets.is_empty() {
            return Some(Value::List(items));
        }
        let shaped = items.into_iter().enumerate().map(|(index, item)| {
            self.path.push(Step::Index(index));
            let item = self.value(item, ty, sets);
            self.path.pop();
            item
        });
        shaped.collect::<Option<_>>().map(Value::List)
    }

    /// Adds the fields that `set` selects, in order and each once. Whether the condition of a
    /// fragment holds need not be known: where it does not, its fields are not in the answer.
    fn collect(
        &self,
        parent: &'a str,
        set: &'a SelectionSet,
        selected: &mut IndexMap<&'a str, Selected<'a>>,
        seen: &mut HashSet<&'a str>,
    ) {
        for selection in &set.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let entry = selected.entry(field.response_key().node.as_str());
                    let entry = entry.or_insert_with(|| Selected {
                        ty: self.types.get(parent, &field.name.node),
                        sets: Vec::new(),
                    });
                    if !field.selection_set.node.items.is_empty() {
                        entry.sets.push(&field.selection_set.node);
                    }
                    continue;
                }
                Selection::InlineFragment(fragment) => {
                    let fragment = &fragment.node;
                    (fragment.type_condition.as_ref(), &fragment.selection_set)
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else {
                        continue;
                    };
                    if !seen.insert(name) {
                        continue;
                    }
                    let fragment = &fragment.node;
                    (Some(&fragment.type_condition), &fragment.selection_set)
                }
            };
            let parent = condition.map_or(parent, |condition| condition.node.on.node.as_str());
            self.collect(parent, &set.node, selected, seen);
        }
    }

    /// Whether something failed at this place or below it.
    fn has_failed(&self) -> bool {
        let is_here = |error: &ServerError| {
            error.path.len() >= self.path.len()
                && error.path.iter().zip(&self.path).all(|steps| match steps {
                    (PathSegment::Field(name), Step::Field(key)) => name == key,
                    (PathSegment::Index(index), Step::Index(place)) => index == place,
                    _ => false,
                })
        };
        self.errors.iter().any(is_here)
    }
}

#[cfg(test)]
#[expect(
    clippy::unused_async,
    reason = "resolvers are async, even if they wait for nothing"
)]
mod tests {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Error, Object, Request, Result, Schema, SimpleObject,
    };

    use super::*;

    struct Query;
    struct Thing(u8);

    #[derive(SimpleObject)]
    struct Leaf {
        sound: bool,
    }

    #[Object]
    impl Query {
        async fn things(&self) -> Vec<Thing> {
            vec![Thing(0), Thing(1)]
        }
        async fn thing(&self) -> Option<Thing> {
            Some(Thing(1))
        }
        async fn leaf(&self) -> Leaf {
            Leaf { sound: true }
        }
    }

    #[Object]
    impl Thing {
        async fn slow(&self) -> u8 {
            tokio::task::yield_now().await;
            self.0
        }
        async fn quick(&self) -> u8 {
            self.0
        }
        async fn broken(&self) -> Result<u8> {
            if self.0 == 1 {
                return Err(Error::new("broken"));
            }
            Ok(0)
        }
        async fn maybe(&self) -> Result<Option<u8>> {
            if self.0 == 1 {
                return Err(Error::new("broken"));
            }
            Ok(Some(0))
        }
    }

    async fn answer(query: &str) -> String {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        let types = FieldTypes::of_schema(&schema.sdl());
        let mut request = Request::new(query);
        let document = request.parsed_query().unwrap().clone();
        let response = schema.execute(request).await;
        let response = shape(response, &types, &document, None);
        response.data.to_string()
    }

    #[tokio::test]
    async fn fields_come_in_the_order_of_the_selection() {
        let query = "
            { things { slow ...more quick } first: leaf { sound } leaf { __typename sound } }
            fragment more on Thing { other: slow quick }";
        let things = "{slow: 0, other: 0, quick: 0}, {slow: 1, other: 1, quick: 1}";
        let leaf = "{__typename: \"Leaf\", sound: true}";
        let expected = format!("{{things: [{things}], first: {{sound: true}}, leaf: {leaf}}}");
        assert_eq!(answer(query).await, expected);
    }

    #[tokio::test]
    async fn null_takes_the_place_of_what_failed() {
        assert_eq!(
            answer("{ a: thing { quick b: broken } }").await,
            "{a: null}"
        );
        assert_eq!(answer("{ leaf { sound } things { broken } }").await, "null");
        assert_eq!(
            answer("{ thing { maybe quick } }").await,
            "{thing: {maybe: null, quick: 1}}"
        );
    }

    #[tokio::test]
    async fn what_is_skipped_stays_away() {
        assert_eq!(
            answer("{ leaf { sound } thing @skip(if: true) { slow } }").await,
            "{leaf: {sound: true}}"
        );
    }

    #[tokio::test]
    async fn an_object_without_fields_is_an_object() {
        for (query, expected) in [
            ("{ thing @skip(if: true) { slow } }", "{}"),
            ("{ leaf { sound @skip(if: true) } }", "{leaf: {}}"),
            (
                "{ things { ... @include(if: false) { slow } } }",
                "{things: [{}, {}]}",
            ),
        ] {
            assert_eq!(answer(query).await, expected, "{query}");
        }
    }
}
