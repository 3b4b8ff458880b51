//! The walk over a document that weighs what it asks for. Every fragment is walked once, however
//! often it is spread, so the walk takes no longer than reading the document.

use std::collections::HashMap;

use async_graphql::parser::types::{
    BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, ServerError};

use super::size::Sizes;
use super::{Limits, exceeded, refusal};
use crate::graphql::error::code;
use crate::graphql::shape::{FieldTypes, name_of, root_of};

/// Fields that do not exist, after which nobody reads on.
const MAX_MISTAKES: u32 = 20;

/// Lists of the schema within lists of the schema, which would multiply: the fields of the types
/// of the fields of a type.
const MAX_SCHEMA_LISTS: u32 = 2;

/// What an operation asks for, with its fragments in place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Fields that are selected.
    pub fields: u64,
    /// Fields that are selected at the root.
    pub root_fields: u64,
    /// Fields with an alias.
    pub aliases: u64,
    /// Directives on fields and fragments.
    pub directives: u64,
    /// Selections within selections.
    pub depth: u32,
    /// Fields that the answer can have: 1 for each field, times the sizes of the pages that it is
    /// in. Lists without a page count 10 objects, those at the root 100. What the database has to
    /// count or compute costs more.
    pub cost: u64,
}

/// What a part of a document asks for.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    weight: Weight,
    /// What it costs more for each record of the page that it is a part of.
    cost_per_record: u64,
    /// Lists of the schema within lists of the schema.
    schema_lists: u32,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        let (weight, more) = (&mut self.weight, &other.weight);
        for (number, more) in [
            (&mut weight.fields, more.fields),
            (&mut weight.root_fields, more.root_fields),
            (&mut weight.aliases, more.aliases),
            (&mut weight.directives, more.directives),
            (&mut weight.cost, more.cost),
            (&mut self.cost_per_record, other.cost_per_record),
        ] {
            *number = number.saturating_add(more);
        }
        weight.depth = weight.depth.max(more.depth);
        self.schema_lists = self.schema_lists.max(other.schema_lists);
    }

    fn add_directives(&mut self, count: usize) {
        self.weight.directives = self.weight.directives.saturating_add(count as u64);
    }
}

/// A walk over the operations of one document.
pub struct Walk<'a> {
    limits: &'a Limits,
    types: &'a FieldTypes,
    document: &'a ExecutableDocument,
    sizes: Sizes<'a>,
    /// What is known of fragments; none for those that the walk is inside of.
    fragments: HashMap<&'a str, Option<Sum>>,
    mistakes: u32,
}

impl<'a> Walk<'a> {
    /// A walk over `document`.
    pub fn new(
        limits: &'a Limits,
        types: &'a FieldTypes,
        document: &'a ExecutableDocument,
        sizes: Sizes<'a>,
    ) -> Self {
        Self {
            limits,
            types,
            document,
            sizes,
            fragments: HashMap::new(),
            mistakes: 0,
        }
    }

    /// Weighs one operation.
    pub fn weigh(&mut self, operation: &'a OperationDefinition) -> Result<Weight, ServerError> {
        let root = root_of(operation.ty);
        let mut sum = self.set(root, &operation.selection_set.node, 1)?;
        sum.add_directives(operation.directives.len());
        Ok(sum.weight)
    }

    /// What the selections of `set` ask for, which is `depth` deep.
    fn set(
        &mut self,
        parent: &'a str,
        set: &'a SelectionSet,
        depth: u32,
    ) -> Result<Sum, ServerError> {
        self.check_depth(depth)?;
        let mut sum = Sum::default();
        for selection in &set.items {
            sum.add_directives(selection.node.directives().len());
            let part = match &selection.node {
                Selection::Field(field) => self.field(parent, &field.node, depth)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let parent = condition.map_or(parent, |on| on.node.on.node.as_str());
                    self.set(parent, &fragment.node.selection_set.node, depth + 1)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, depth + 1)?
                }
            };
            sum.add(&part);
        }
        sum.weight.depth += 1;
        Ok(sum)
    }

    fn fragment(&mut self, name: &'a Name, depth: u32) -> Result<Sum, ServerError> {
        let name = name.as_str();
        match self.fragments.get(name) {
            Some(Some(known)) => {
                let known = *known;
                // Its height was fine where it was spread first, which may have been higher up.
                self.check_depth((depth + known.weight.depth).saturating_sub(1))?;
                return Ok(known);
            }
            Some(None) => {
                let message = format!("the fragment \"{name}\" contains itself");
                return Err(refusal(message, code::BAD_REQUEST));
            }
            None => {}
        }
        // The executor says which fragments do not exist.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Sum::default());
        };
        self.fragments.insert(name, None);
        let parent = fragment.node.type_condition.node.on.node.as_str();
        let mut sum = self.set(parent, &fragment.node.selection_set.node, depth)?;
        sum.add_directives(fragment.node.directives.len());
        self.fragments.insert(name, Some(sum));
        Ok(sum)
    }

    fn field(&mut self, parent: &'a str, field: &'a Field, depth: u32) -> Result<Sum, ServerError> {
        let name = field.name.node.as_str();
        if !self.limits.introspection && matches!(name, "__schema" | "__type") {
            let message = "the schema cannot be asked for on this server".to_owned();
            return Err(refusal(message, code::FORBIDDEN));
        }
        let ty = self.types.get(parent, name);
        if ty.is_none() && name != "__typename" {
            self.count_mistake(parent, name)?;
        }
        let set = &field.selection_set.node;
        let mut sum = Sum::default();
        if !set.items.is_empty() {
            sum = self.set(ty.map_or("", name_of), set, depth + 1)?;
        }
        let is_list = ty.is_some_and(|ty| matches!(ty.base, BaseType::List(_)));
        if is_list && parent == "__Type" && name != "enumValues" {
            sum.schema_lists += 1;
            if sum.schema_lists > MAX_SCHEMA_LISTS {
                return Err(exceeded(format!(
                    "lists of the schema are nested more than {MAX_SCHEMA_LISTS} deep, which is the limit"
                )));
            }
        }
        self.multiply(&mut sum, parent, field, is_list && !set.items.is_empty());
        let weight = &mut sum.weight;
        weight.fields = weight.fields.saturating_add(1);
        weight.root_fields = 1;
        weight.aliases = weight.aliases.saturating_add(field.alias.is_some().into());
        Ok(sum)
    }

    /// Puts `sum`, of what is selected inside `field`, into what it costs where the field is.
    fn multiply(&self, sum: &mut Sum, parent: &str, field: &Field, is_list: bool) {
        let mut cost = sum.weight.cost;
        if sum.cost_per_record > 0 {
            let records = sum.cost_per_record.saturating_mul(self.sizes.page(field));
            cost = cost.saturating_add(records);
        }
        // What the database does for the field as a whole does not grow with what it answers.
        let price = price(parent, &field.name.node);
        cost = cost.saturating_add(1);
        (sum.weight.cost, sum.cost_per_record) = match is_list {
            true if parent.ends_with("Connection") => (price, cost),
            true => {
                let objects = cost.saturating_mul(self.sizes.list(parent, field));
                (objects.saturating_add(price), 0)
            }
            false => (cost.saturating_add(price), 0),
        };
    }

    fn check_depth(&self, depth: u32) -> Result<(), ServerError> {
        let limit = self.limits.max_depth;
        if depth <= limit {
            return Ok(());
        }
        Err(exceeded(format!(
            "selections are nested more than {limit} deep, which is the limit"
        )))
    }

    /// The executor lists all mistakes, with what may have been meant, which takes its time.
    fn count_mistake(&mut self, parent: &str, field: &str) -> Result<(), ServerError> {
        self.mistakes += 1;
        if self.mistakes <= MAX_MISTAKES {
            return Ok(());
        }
        let message = format!(
            "more than {MAX_MISTAKES} fields do not exist, among them \"{field}\" on \"{parent}\""
        );
        Err(refusal(message, code::BAD_REQUEST))
    }
}

/// What a field costs beyond what is in the answer.
fn price(parent: &str, field: &str) -> u64 {
    match (parent, field) {
        // These may read every record that matches.
        ("Query", "releaseStats" | "releaseSeries" | "releaseHistogram" | "timeline" | "dora") => {
            1_000
        }
        (_, "totalCount") => 100,
        _ => 0,
    }
}
