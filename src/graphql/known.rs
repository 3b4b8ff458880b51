//! Documents that were executed before.
//!
//! Programs and dashboards send the same few documents again and again; only the variables differ. To
//! parse such a document and to hold it against the rules of GraphQL takes as long as to answer a small
//! question. So what was parsed is kept, and a document that has met the rules once need not meet them
//! again, as long as its variables hold what they are declared for and that is just what is asked for
//! where they stand: no rule asks more of their values.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use async_graphql::parser::types::{BaseType, ExecutableDocument, Type, VariableDefinition};
use async_graphql::{ScalarType as _, ServerError, Value, Variables};

use super::bounded::{Bounded, bounded};
use super::columns::Wanted;
use super::execute::FIELD_TYPES;
use super::parse::parse;
use super::scalars::DateTime;
use super::usage::exact_variables;
use super::{OrloSchema, error};

/// Bytes of the texts of documents that are kept at most. What was parsed of one takes more, up to about
/// two hundred times as much where it is all short names. A document of more than a quarter of it is not
/// kept, nor are those that push many others out.
const MAX_BYTES: u64 = 128 * 1024;

/// A parsed document, with what can be told of it alone.
#[derive(Debug)]
pub struct Prepared {
    pub document: ExecutableDocument,
    pub wanted: Wanted,
    /// Its variables, if they stand just where values of their types are asked for.
    variables: Option<Vec<VariableDefinition>>,
}

/// What is known of a document; cheap to clone.
#[derive(Clone, Debug)]
pub struct Known {
    pub prepared: Arc<Prepared>,
    /// Whether it has met all rules with variables that [`Prepared::fits`].
    pub is_checked: bool,
}

/// The documents that are known.
pub struct KnownDocuments {
    documents: Bounded<Box<str>, Known>,
    /// The schema without the rules that a checked document meets.
    trusting: OrloSchema,
}

impl Prepared {
    /// Parses a document.
    ///
    /// # Errors
    /// When it cannot be parsed.
    pub fn parse(text: &str) -> Result<Self, ServerError> {
        let document = parse(text).map_err(error::add_code)?;
        Ok(Self {
            wanted: Wanted::of(&document, &FIELD_TYPES),
            variables: exact_variables(&FIELD_TYPES, &document),
            document,
        })
    }

    /// Whether all variables of the document are there and hold what they are declared for. Then they
    /// meet the rules wherever they stand.
    pub fn fits(&self, variables: &Variables) -> bool {
        let mut declared = self.variables.iter().flatten();
        self.variables.is_some()
            && declared.all(|variable| {
                let value = variables.get(&variable.name.node);
                value.is_some_and(|value| fits(&variable.var_type.node, value))
            })
    }
}

impl KnownDocuments {
    /// No document is known yet. `trusting` executes those that are checked.
    pub fn new(trusting: OrloSchema) -> Self {
        Self {
            documents: bounded(MAX_BYTES, |text, _| text.len()),
            trusting,
        }
    }

    /// What executes documents that are checked.
    pub const fn trusting(&self) -> &OrloSchema {
        &self.trusting
    }

    /// What is known of the document with this text.
    pub fn get(&self, text: &str) -> Option<Known> {
        self.documents.get(text)
    }

    /// Keeps what is known of the document with this text.
    pub fn keep(&self, text: &str, known: Known) {
        self.documents.insert(text.into(), known);
    }
}

impl Debug for KnownDocuments {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("KnownDocuments");
        text.field("documents", &self.documents.len());
        text.finish_non_exhaustive()
    }
}

/// Whether `value` is just what `ty` is for: a scalar that can be told by itself, or a list of such. What
/// would become one (a number as an `ID`, one thing as a list) is left to the rules.
fn fits(ty: &Type, value: &Value) -> bool {
    match (&ty.base, value) {
        (BaseType::List(ty), Value::List(items)) => items.iter().all(|item| fits(ty, item)),
        (BaseType::Named(name), value) => match name.as_str() {
            "String" | "ID" => matches!(value, Value::String(_)),
            "Boolean" => matches!(value, Value::Boolean(_)),
            "Int" => matches!(value, Value::Number(number) if number.is_i64()),
            "DateTime" => DateTime::is_valid(value),
            _ => false,
        },
        _ => false,
    }
}
