//! What one operation may ask for.

use clap::{Args, ValueEnum};

use crate::graphql::Limits;

/// How much one operation may ask for.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of an operation")]
pub struct OperationArgs {
    /// Bytes in a GraphQL document; what is in variables does not count
    #[arg(long, env = "ORLO_MAX_DOCUMENT_BYTES",
        default_value_t = Limits::default().max_document_bytes, value_name = "BYTES")]
    pub max_document_bytes: usize,
    /// Names, signs and comments of a document outside of parentheses, and as many fields with its fragments in place
    #[arg(long, env = "ORLO_MAX_TOKENS", default_value_t = Limits::default().max_tokens,
        value_name = "COUNT")]
    pub max_tokens: usize,
    /// Names, values, signs and comments in the parentheses of a document
    #[arg(long, env = "ORLO_MAX_INPUT_TOKENS", default_value_t = Limits::default().max_input_tokens,
        value_name = "COUNT")]
    pub max_input_tokens: usize,
    /// Selections within selections, those of fragments among them; 64 at most
    #[arg(long, env = "ORLO_MAX_DEPTH", default_value_t = Limits::default().max_depth,
        value_parser = clap::value_parser!(u32).range(1..=64), value_name = "COUNT")]
    pub max_depth: u32,
    /// Cost of an operation: about the number of fields that its answer can have
    #[arg(long, env = "ORLO_MAX_COST", default_value_t = Limits::default().max_cost,
        value_name = "COST")]
    pub max_cost: u64,
    /// Fields at the root of an operation
    #[arg(long, env = "ORLO_MAX_ROOT_FIELDS", default_value_t = Limits::default().max_root_fields,
        value_name = "COUNT")]
    pub max_root_fields: u64,
    /// Fields with an alias
    #[arg(long, env = "ORLO_MAX_ALIASES", default_value_t = Limits::default().max_aliases,
        value_name = "COUNT")]
    pub max_aliases: u64,
    /// Directives
    #[arg(long, env = "ORLO_MAX_DIRECTIVES", default_value_t = Limits::default().max_directives,
        value_name = "COUNT")]
    pub max_directives: u64,
    /// Whether the schema may be asked for, as GraphiQL and tools that generate code do
    #[arg(
        long,
        env = "ORLO_INTROSPECTION",
        default_value = "on",
        value_name = "SWITCH"
    )]
    pub introspection: Switch,
}

impl OperationArgs {
    /// The limits for the schema.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            max_document_bytes: self.max_document_bytes,
            max_tokens: self.max_tokens,
            max_input_tokens: self.max_input_tokens,
            max_depth: self.max_depth,
            max_cost: self.max_cost,
            max_root_fields: self.max_root_fields,
            max_aliases: self.max_aliases,
            max_directives: self.max_directives,
            introspection: self.introspection == Switch::On,
        }
    }
}

/// Whether something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}
