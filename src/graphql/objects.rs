//! Lists of objects, resolved in turn.
//!
//! async-graphql resolves the objects of a list concurrently, and the fields of each: a boxed
//! future for every field of every object, most of which have nothing to wait for. What belongs to
//! the objects of a page is loaded for all of them together anyway (see [`batch`](super::batch)).
//! So the first object is resolved that way, which loads concurrently what the list needs, and the
//! others field by field, as they find it there.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_list;
use async_graphql::{
    ContextSelectionSet, Name, ObjectType, OutputType, Positioned, ServerResult, Value,
};
use futures_util::future::{BoxFuture, join_all};

/// A list of objects of the API.
#[derive(Clone, Debug)]
pub struct Objects<T>(pub Vec<T>);

impl<T> From<Vec<T>> for Objects<T> {
    fn from(objects: Vec<T>) -> Self {
        Self(objects)
    }
}

impl<T> FromIterator<T> for Objects<T> {
    fn from_iter<I: IntoIterator<Item = T>>(objects: I) -> Self {
        Self(objects.into_iter().collect())
    }
}

impl<T: ObjectType> OutputType for Objects<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<T> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<T> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<T> as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let type_name = T::type_name();
        let Some(fields) = Fields::of(ctx, &type_name) else {
            return resolve_list(ctx, field, &self.0, Some(self.0.len())).await;
        };
        // Boxed, because objects lead to each other in circles.
        let resolving: BoxFuture<'_, _> = Box::pin(fields.resolve(ctx, &self.0));
        Ok(Value::List(resolving.await))
    }
}

/// The fields that are selected of the objects of a list.
struct Fields<'a> {
    fields: Vec<&'a Positioned<Field>>,
    /// An object with all of them, in order; values are put in their places.
    blank: IndexMap<Name, Value>,
}

impl<'a> Fields<'a> {
    /// The fields that `ctx` selects of objects of the type `type_name`; none when it takes the
    /// whole of GraphQL to resolve them: one field selected in several places, or directives
    /// that are executed.
    fn of(ctx: &ContextSelectionSet<'a>, type_name: &str) -> Option<Self> {
        let mut fields = Self {
            fields: Vec::with_capacity(ctx.item.node.items.len()),
            blank: IndexMap::with_capacity(ctx.item.node.items.len()),
        };
        fields.add(ctx, &ctx.item.node, type_name)?;
        Some(fields)
    }

    fn add(
        &mut self,
        ctx: &ContextSelectionSet<'a>,
        set: &'a SelectionSet,
        type_name: &str,
    ) -> Option<()> {
        for selection in &set.items {
            let (condition, set) = match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.clone();
                    let is_known = self.blank.insert(key, Value::Null).is_some();
                    if is_known || !field.node.directives.is_empty() {
                        return None;
                    }
                    self.fields.push(field);
                    continue;
                }
                Selection::InlineFragment(fragment) => (
                    fragment.node.type_condition.as_ref(),
                    &fragment.node.selection_set,
                ),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = ctx.query_env.fragments.get(name)?;
                    (
                        Some(&fragment.node.type_condition),
                        &fragment.node.selection_set,
                    )
                }
            };
            // The type itself, or an interface that it has.
            let registry = &ctx.schema_env.registry;
            let applies = condition.is_none_or(|condition| {
                let on = condition.node.on.node.as_str();
                let interfaces = registry.implements.get(type_name);
                on == type_name || interfaces.is_some_and(|interfaces| interfaces.contains(on))
            });
            if applies {
                self.add(ctx, &set.node, type_name)?;
            }
        }
        Some(())
    }

    /// The values of `objects`. Fields that fail are left out, and the context is told of them.
    async fn resolve<T: ObjectType>(
        &self,
        ctx: &ContextSelectionSet<'_>,
        objects: &[T],
    ) -> Vec<Value> {
        let mut values = Vec::with_capacity(objects.len());
        for (index, object) in objects.iter().enumerate() {
            let ctx = ctx.with_index(index);
            let mut found = Vec::with_capacity(self.fields.len());
            if index == 0 {
                let fields = self.fields.iter();
                let resolving = fields.map(|field| resolve_field(&ctx, object, field));
                found = join_all(resolving).await;
            } else {
                for field in &self.fields {
                    found.push(resolve_field(&ctx, object, field).await);
                }
            }
            values.push(self.fill(found));
        }
        values
    }

    /// The object whose fields have the values `found`.
    fn fill(&self, found: Vec<Option<Value>>) -> Value {
        let mut object = self.blank.clone();
        let mut failed = Vec::new();
        for (index, value) in found.into_iter().enumerate() {
            match value {
                Some(value) => object[index] = value,
                None => failed.push(index),
            }
        }
        for index in failed.into_iter().rev() {
            object.shift_remove_index(index);
        }
        Value::Object(object)
    }
}

/// The value of one field of `object`; none when it fails, of which the context is told.
async fn resolve_field<T: ObjectType>(
    ctx: &ContextSelectionSet<'_>,
    object: &T,
    field: &Positioned<Field>,
) -> Option<Value> {
    if field.node.name.node == "__typename" {
        return Some(object.introspection_type_name().into_owned().into());
    }
    let ctx_field = ctx.with_field(field);
    // Boxed where it is made: there is room in it for the largest field of all.
    let resolved = Box::pin(object.resolve_field(&ctx_field)).await;
    let value = resolved.map_err(|error| ctx.add_error(error)).ok()?;
    Some(value.unwrap_or_default())
}

#[cfg(test)]
#[expect(
    clippy::unused_async,
    reason = "resolvers are async, even if they wait for nothing"
)]
mod tests {
    use async_graphql::{
        EmptyMutation, EmptySubscription, Error, Interface, Object, Result, Schema,
    };

    use super::*;

    struct Query;

    #[derive(Clone)]
    struct Thing(u8);

    #[derive(Interface)]
    #[graphql(field(name = "number", ty = "u8"))]
    enum Numbered {
        Thing(Thing),
    }

    #[Object]
    impl Query {
        async fn things(&self) -> Objects<Thing> {
            (0..3).map(Thing).collect()
        }
        async fn numbered(&self) -> Numbered {
            Thing(1).into()
        }
    }

    #[Object]
    impl Thing {
        async fn number(&self) -> u8 {
            self.0
        }
        async fn slow(&self) -> u8 {
            tokio::task::yield_now().await;
            self.0
        }
        async fn broken(&self) -> Result<Option<u8>> {
            if self.0 == 1 {
                return Err(Error::new("broken"));
            }
            Ok(Some(self.0))
        }
        async fn inner(&self) -> Objects<Self> {
            (0..self.0).map(Self).collect()
        }
    }

    async fn answer(query: &str) -> (String, usize) {
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
            .register_output_type::<Numbered>()
            .finish();
        let response = schema.execute(query).await;
        (response.data.to_string(), response.errors.len())
    }

    #[tokio::test]
    async fn fields_come_in_order_through_fragments_of_the_type_and_its_interfaces() {
        let query = "
            { things { slow ...of number other: slow __typename } }
            fragment of on Numbered { one: number ... on Thing { two: number } }";
        let object = |number| {
            format!(
                "{{slow: {number}, one: {number}, two: {number}, number: {number}, \
                 other: {number}, __typename: \"Thing\"}}"
            )
        };
        let expected = format!("{{things: [{}, {}, {}]}}", object(0), object(1), object(2));
        assert_eq!(answer(query).await, (expected, 0));
    }

    #[tokio::test]
    async fn what_is_selected_in_several_places_is_merged() {
        let query = "{ things { inner { number } inner { other: number } } }";
        let inner = |number: u8| format!("{{number: {number}, other: {number}}}");
        let (none, one) = (String::new(), inner(0));
        let two = format!("{}, {}", inner(0), inner(1));
        let things = [none, one, two].map(|inner| format!("{{inner: [{inner}]}}"));
        let expected = format!("{{things: [{}]}}", things.join(", "));
        assert_eq!(answer(query).await, (expected, 0));
    }

    #[tokio::test]
    async fn what_fails_is_left_out_and_told() {
        let (data, errors) = answer("{ things { number broken slow } }").await;
        let expected = "{things: [{number: 0, broken: 0, slow: 0}, {number: 1, slow: 1}, \
                        {number: 2, broken: 2, slow: 2}]}";
        assert_eq!((data.as_str(), errors), (expected, 1));
    }
}
