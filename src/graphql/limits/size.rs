//! How long the lists of an answer can be.

use async_graphql::parser::types::{Field, VariableDefinition};
use async_graphql::{Name, Positioned, Value, Variables};

use crate::service::Settings;

/// Objects of a list that the request does not bound.
const ASSUMED: u64 = 10;

/// What callers say about the length of lists.
#[derive(Clone, Copy, Debug)]
pub struct Sizes<'a> {
    /// The sizes of pages.
    pub settings: &'a Settings,
    /// The variables of the request; none for operations that it does not execute.
    pub variables: Option<&'a Variables>,
    /// The variables that the operation declares.
    pub definitions: &'a [Positioned<VariableDefinition>],
}

impl Sizes<'_> {
    /// How many records the page that `field` asks for holds at most.
    pub fn page(&self, field: &Field) -> u64 {
        let first = self.number(field, "first");
        let last = self.number(field, "last");
        let default = u64::from(self.settings.default_page_size);
        // Both together are refused later on.
        first.max(last).unwrap_or(default)
    }

    /// How many objects the list that `field` of `parent` asks for is taken to hold.
    pub fn list(&self, parent: &str, field: &Field) -> u64 {
        let name = field.name.node.as_str();
        match (parent, name) {
            ("Query", "nodes") => match self.argument(field, "ids") {
                Some(Value::List(ids)) => ids.len() as u64,
                _ => 1,
            },
            ("Query", "timeline") => self.number(field, "limit").unwrap_or(1_000),
            ("ImportPayload", "rows") => self.settings.max_import_length as u64,
            ("Query", _) => 10 * ASSUMED,
            _ => ASSUMED,
        }
    }

    /// A size between 1 and what a page may hold. What cannot be a size is refused later on, and
    /// counts as the greatest until then.
    fn number(&self, field: &Field, name: &str) -> Option<u64> {
        let greatest = u64::from(self.settings.max_page_size);
        match self.argument(field, name)? {
            Value::Null => None,
            Value::Number(number) => {
                let asked = number.as_u64().unwrap_or(greatest);
                Some(asked.clamp(1, greatest))
            }
            _ => Some(greatest),
        }
    }

    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let given = field.get_argument(name)?;
        let value = given.node.clone();
        let value = value.into_const_with(|name| Ok::<_, ()>(self.variable(&name)));
        value.ok()
    }

    /// The value of a variable: the caller's, else its default, else null.
    fn variable(&self, name: &Name) -> Value {
        let given = self.variables.and_then(|variables| variables.get(name));
        let default = || {
            let mut definitions = self.definitions.iter();
            let definition = definitions.find(|known| known.node.name.node == *name)?;
            Some(&definition.node.default_value.as_ref()?.node)
        };
        given.or_else(default).cloned().unwrap_or_default()
    }
}
