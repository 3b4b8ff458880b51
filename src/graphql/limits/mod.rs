//! How much one request may ask for. All of it is found out before anything is executed: first
//! from the text, so that the parser has little to do, then in one walk over the document.

mod size;
mod text;
mod walk;

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition};
use async_graphql::{ErrorExtensionValues, Name, Request, ServerError, Value, Variables};

use self::size::Sizes;
pub(super) use self::text::Text;
use self::walk::Walk;
pub use self::walk::Weight;
use super::error::code;
use super::shape::FieldTypes;
use crate::service::Settings;

/// Brackets within brackets, of the document and the deepest variable together. Inputs are read
/// recursively too: filters may be nested 24 deep, and their lists and objects take two brackets
/// each.
const MAX_NESTING: usize = 64;

/// How much one request may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a document.
    pub max_document_bytes: usize,
    /// Names and signs of what a document selects. It may select as many fields when its fragments
    /// are put in place.
    pub max_tokens: usize,
    /// Names, numbers, texts and signs of the inputs in a document.
    pub max_input_tokens: usize,
    /// Selections within selections, those of fragments among them.
    pub max_depth: u32,
    /// What an operation may cost; see [`Weight::cost`].
    pub max_cost: u64,
    /// Fields at the root of an operation.
    pub max_root_fields: u64,
    /// Fields with an alias.
    pub max_aliases: u64,
    /// Directives.
    pub max_directives: u64,
    /// Whether the schema may be asked for.
    pub introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_document_bytes: 256 << 10,
            max_tokens: 2_000,
            max_input_tokens: 4_000,
            max_depth: 32,
            max_cost: 250_000,
            max_root_fields: 50,
            max_aliases: 200,
            max_directives: 100,
            introspection: true,
        }
    }
}

impl Limits {
    /// Checks what can be told before the document is parsed.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED`, with the number and the limit.
    pub fn check_text(&self, request: &Request) -> Result<(), ServerError> {
        if request.query.len() > self.max_document_bytes {
            let (bytes, limit) = (request.query.len(), self.max_document_bytes);
            return Err(exceeded(format!(
                "the document has {bytes} bytes; {limit} is the limit; long inputs belong in variables"
            )));
        }
        let text = Text::of(&request.query, self.max_tokens, self.max_input_tokens);
        if text.selection_tokens > self.max_tokens {
            let limit = self.max_tokens;
            return Err(exceeded(format!(
                "the document has more than {limit} tokens outside of parentheses, which is the limit"
            )));
        }
        if text.input_tokens > self.max_input_tokens {
            let limit = self.max_input_tokens;
            return Err(exceeded(format!(
                "the document has more than {limit} tokens in parentheses, which is the limit; long inputs belong in variables"
            )));
        }
        check_count(text.aliases, self.max_aliases, "document", "aliases")?;
        check_count(
            text.directives,
            self.max_directives,
            "document",
            "directives",
        )?;
        let variables = request.variables.values().map(depth_of_value).max();
        let depth = text.depth + variables.unwrap_or(0);
        if depth > MAX_NESTING {
            return Err(exceeded(format!(
                "the request is nested {depth} deep; {MAX_NESTING} is the limit"
            )));
        }
        Ok(())
    }

    /// Weighs the operation `name` of `document`, and makes sure that the others in it are not too
    /// much for the checks that follow.
    ///
    /// # Errors
    /// `LIMIT_EXCEEDED` with the number and the limit; `BAD_REQUEST` for fragments that contain
    /// themselves and very many mistakes; `FORBIDDEN` for questions about the schema where they
    /// are switched off.
    pub fn check_document(
        &self,
        types: &FieldTypes,
        settings: &Settings,
        document: &ExecutableDocument,
        name: Option<&str>,
        variables: &Variables,
    ) -> Result<Weight, ServerError> {
        // Of several operations without a name in the request, none is executed.
        let is_only = document.operations.iter().count() == 1;
        let is_chosen = |known: Option<&Name>| match name {
            Some(name) => known.is_some_and(|known| known == name),
            None => is_only,
        };
        let (mut chosen, mut others) = (None, Vec::new());
        for (known, operation) in document.operations.iter() {
            if chosen.is_none() && is_chosen(known) {
                chosen = Some(&operation.node);
            } else {
                others.push(&operation.node);
            }
        }
        let sizes = |variables, definitions| Sizes {
            settings,
            variables,
            definitions,
        };
        let weight = match chosen {
            Some(chosen) => {
                let sizes = sizes(Some(variables), chosen.variable_definitions.as_slice());
                let weight = Walk::new(self, types, document, sizes).weigh(chosen)?;
                self.check_weight(&weight)?;
                weight
            }
            None => Weight::default(),
        };
        let walk = Walk::new(self, types, document, sizes(None, &[]));
        self.check_others(walk, &others, weight.fields)?;
        Ok(weight)
    }

    fn check_weight(&self, weight: &Weight) -> Result<(), ServerError> {
        let fields = u64::try_from(self.max_tokens).unwrap_or(u64::MAX);
        for (number, limit, what) in [
            (weight.fields, fields, "fields with its fragments in place"),
            (
                weight.root_fields,
                self.max_root_fields,
                "fields at its root",
            ),
            (weight.aliases, self.max_aliases, "aliases"),
            (weight.directives, self.max_directives, "directives"),
        ] {
            check_count(number, limit, "operation", what)?;
        }
        if weight.cost > self.max_cost {
            let (cost, limit) = (weight.cost, self.max_cost);
            return Err(exceeded(format!(
                "the operation costs {cost}; {limit} is the limit; ask for smaller pages or fewer fields"
            )));
        }
        Ok(())
    }

    /// The executor checks every operation of a document before it runs one.
    fn check_others<'a>(
        &self,
        mut walk: Walk<'a>,
        others: &[&'a OperationDefinition],
        mut fields: u64,
    ) -> Result<(), ServerError> {
        let limit = u64::try_from(self.max_tokens).unwrap_or(u64::MAX);
        for operation in others {
            fields = fields.saturating_add(walk.weigh(operation)?.fields);
            check_count(
                fields,
                limit,
                "document",
                "fields with its fragments in place",
            )?;
        }
        Ok(())
    }
}

/// JSON comes from a parser that has a limit of its own, so this cannot go too deep.
fn depth_of_value(value: &Value) -> usize {
    let inner = match value {
        Value::List(items) => items.iter().map(depth_of_value).max(),
        Value::Object(fields) => fields.values().map(depth_of_value).max(),
        _ => return 0,
    };
    inner.unwrap_or(0) + 1
}

fn check_count(number: u64, limit: u64, whose: &str, what: &str) -> Result<(), ServerError> {
    if number <= limit {
        return Ok(());
    }
    Err(exceeded(format!(
        "the {whose} has {number} {what}; {limit} is the limit"
    )))
}

fn exceeded(message: String) -> ServerError {
    refusal(message, code::LIMIT_EXCEEDED)
}

fn refusal(message: String, code: &'static str) -> ServerError {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    error
}

#[cfg(test)]
mod tests;
