//! Puts answers into the shape that GraphQL promises.
//!
//! The executor hands fields out in the order in which they were ready, and leaves out those that
//! failed. Callers may count on the order in which they selected the fields, and on null instead
//! of what failed: on the field itself where its type allows null, else on what is around it. An object
//! of which all fields were skipped is an empty one to callers, and null to the executor.

mod field_types;

use std::cell::OnceCell;
use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, OperationType, Selection, SelectionSet, Type,
};
use async_graphql::{Name, PathSegment, Positioned, Response, ServerError, Value};

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
    let root = root_of(operation.node.ty);
    let mut shaper = Shaper {
        types,
        document,
        errors: &response.errors,
        path: Vec::new(),
    };
    let outline = shaper.outline(root, &[&operation.node.selection_set.node]);
    let data = shaper.object(std::mem::take(fields), &outline);
    response.data = data.unwrap_or_default();
    response
}

/// The type that operations of this kind select from.
#[must_use]
pub const fn root_of(kind: OperationType) -> &'static str {
    match kind {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

/// Visits the fields that `set` selects of objects of the type `parent`, in order, with the types
/// that they are selected of. Fragments are `seen` once; whether their condition holds does not count.
pub fn each_field<'a>(
    document: &'a ExecutableDocument,
    parent: &'a str,
    set: &'a SelectionSet,
    seen: &mut HashSet<&'a str>,
    visit: &mut impl FnMut(&'a str, &'a Positioned<Field>),
) {
    for selection in &set.items {
        let (condition, set) = match &selection.node {
            Selection::Field(field) => {
                visit(parent, field);
                continue;
            }
            Selection::InlineFragment(fragment) => {
                let fragment = &fragment.node;
                (fragment.type_condition.as_ref(), &fragment.selection_set)
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let Some(fragment) = document.fragments.get(name) else {
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
        each_field(document, parent, &set.node, seen, visit);
    }
}

/// Visits every field that `document` selects, in whichever operation or fragment, with the type that it
/// is selected of: once each, however often a fragment is spread.
pub fn every_field<'a>(
    document: &'a ExecutableDocument,
    types: &'a FieldTypes,
    visit: &mut impl FnMut(&'a str, &'a Field),
) {
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let set = &operation.selection_set.node;
        every_field_of(types, root_of(operation.ty), set, visit);
    }
    for fragment in document.fragments.values() {
        let on = &fragment.node.type_condition.node.on.node;
        every_field_of(types, on, &fragment.node.selection_set.node, visit);
    }
}

fn every_field_of<'a>(
    types: &'a FieldTypes,
    parent: &'a str,
    set: &'a SelectionSet,
    visit: &mut impl FnMut(&'a str, &'a Field),
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let field = &field.node;
                visit(parent, field);
                let ty = types.get(parent, &field.name.node);
                let set = &field.selection_set.node;
                every_field_of(types, ty.map_or("", name_of), set, visit);
            }
            Selection::InlineFragment(fragment) => {
                let condition = fragment.node.type_condition.as_ref();
                let on = condition.map_or(parent, |it| it.node.on.node.as_str());
                every_field_of(types, on, &fragment.node.selection_set.node, visit);
            }
            // Fragments are visited by themselves.
            Selection::FragmentSpread(_) => (),
        }
    }
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

/// The fields that are selected of objects, in order and each once.
type Outline<'a> = IndexMap<&'a Name, Selected<'a>>;

/// A field of an object, wherever it was selected.
struct Selected<'a> {
    ty: Option<&'a Type>,
    sets: Vec<&'a SelectionSet>,
    /// What is selected of its value; drawn when there is one.
    outline: OnceCell<Outline<'a>>,
}

type Fields = IndexMap<Name, Value>;

impl<'a> Shaper<'a> {
    /// The object in shape; none when null must stand in its place.
    fn object(&mut self, mut fields: Fields, outline: &Outline<'a>) -> Option<Value> {
        if fields.keys().eq(outline.keys().copied()) {
            for (value, (key, selected)) in fields.values_mut().zip(outline) {
                if matches!(value, Value::Null | Value::List(_) | Value::Object(_)) {
                    *value = self.field(std::mem::take(value), key, selected)?;
                }
            }
            return Some(Value::Object(fields));
        }
        let mut shaped = Fields::with_capacity(fields.len());
        for (key, selected) in outline {
            let value = match fields.swap_remove(*key) {
                Some(value) => value,
                None if self.has_field_failed(key) => Value::Null,
                None => continue,
            };
            shaped.insert((*key).clone(), self.field(value, key, selected)?);
        }
        Some(Value::Object(shaped))
    }

    /// The value of a field in shape; none when its type does not allow the null that it has
    /// become.
    fn field(&mut self, value: Value, key: &'a Name, selected: &Selected<'a>) -> Option<Value> {
        self.path.push(Step::Field(key));
        let value = self.value(value, selected.ty, selected);
        self.path.pop();
        value
    }

    /// A value in shape that has the type `ty`: that of the field that was `selected`, or of what
    /// it is a list of.
    fn value(
        &mut self,
        value: Value,
        ty: Option<&'a Type>,
        selected: &Selected<'a>,
    ) -> Option<Value> {
        let is_nullable = ty.is_none_or(|ty| ty.nullable);
        let shaped = match (value, ty.map(|ty| &ty.base)) {
            // Where the type allows null, it cannot be told from what is not there.
            (Value::Null, Some(BaseType::Named(_)))
                if !is_nullable && !selected.sets.is_empty() && !self.has_failed() =>
            {
                Some(Value::Object(Fields::new()))
            }
            (Value::Null, _) => None,
            (leaf, _) if selected.sets.is_empty() => Some(leaf),
            (Value::List(items), Some(BaseType::List(ty))) => self.list(items, Some(ty), selected),
            (Value::List(items), _) => self.list(items, None, selected),
            (Value::Object(fields), base) => {
                let parent = match base {
                    Some(BaseType::Named(name)) => name.as_str(),
                    _ => "",
                };
                let draw = || self.outline(parent, &selected.sets);
                let outline = selected.outline.get_or_init(draw);
                self.object(fields, outline)
            }
            (leaf, _) => Some(leaf),
        };
        shaped.or_else(|| is_nullable.then_some(Value::Null))
    }

    fn list(
        &mut self,
        mut items: Vec<Value>,
        ty: Option<&'a Type>,
        selected: &Selected<'a>,
    ) -> Option<Value> {
        for (index, item) in items.iter_mut().enumerate() {
            self.path.push(Step::Index(index));
            let shaped = self.value(std::mem::take(item), ty, selected);
            self.path.pop();
            *item = shaped?;
        }
        Some(Value::List(items))
    }

    /// What `sets` select of objects of the type `parent`. Where the condition of a fragment does not
    /// hold, its fields are not in the answer.
    fn outline(&self, parent: &'a str, sets: &[&'a SelectionSet]) -> Outline<'a> {
        let (mut outline, mut seen) = (Outline::new(), HashSet::new());
        for set in sets {
            each_field(
                self.document,
                parent,
                set,
                &mut seen,
                &mut |parent, field| {
                    let field = &field.node;
                    let entry = outline.entry(&field.response_key().node);
                    let entry = entry.or_insert_with(|| Selected {
                        ty: self.types.get(parent, &field.name.node),
                        sets: Vec::new(),
                        outline: OnceCell::new(),
                    });
                    if !field.selection_set.node.items.is_empty() {
                        entry.sets.push(&field.selection_set.node);
                    }
                },
            );
        }
        outline
    }

    /// Whether something failed at the field `key` of this place or below it.
    fn has_field_failed(&mut self, key: &'a Name) -> bool {
        self.path.push(Step::Field(key));
        let has_failed = self.has_failed();
        self.path.pop();
        has_failed
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
    use crate::graphql::parse::parse;

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
        let request = Request::new(query);
        let document = parse(query).unwrap();
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
