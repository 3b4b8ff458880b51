//! The GraphQL schema: types wrap rows, resolvers call the service. No rule lives here.

use async_graphql::{SDLExportOptions, Schema, SchemaBuilder, ValidationMode};

use self::known::KnownDocuments;
use crate::service::Service;

pub mod batch;
pub mod bounded;
pub mod columns;
mod conflict;
pub mod connection;
pub mod context;
pub mod enums;
pub mod error;
mod execute;
pub mod guard;
pub mod input;
mod known;
pub mod limits;
pub mod mutation;
pub mod objects;
mod parse;
pub mod query;
pub mod scalars;
pub mod shape;
mod subscribe;
pub mod subscription;
pub mod types;
mod usage;

pub use error::coded;
pub use execute::{Admitted, admit, execute, run, would_write};
pub use limits::Limits;
pub use mutation::Mutation;
pub use query::Query;
pub use subscribe::{Answer, subscribe};
pub use subscription::Subscription;

/// The schema that Orlo serves.
pub type OrloSchema = Schema<Query, Mutation, Subscription>;

/// The schema without anything to answer from.
fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    let subscription = Subscription::default();
    Schema::build(Query::default(), Mutation::default(), subscription)
        .register_output_type::<mutation::Payload>()
}

/// Builds the schema over `service`, which is asked within `limits`.
#[must_use]
pub fn schema(service: Service, limits: Limits) -> OrloSchema {
    let depth = usize::try_from(limits.max_depth).unwrap_or(usize::MAX);
    let schema = |service| {
        let builder = builder().limit_recursive_depth(depth);
        builder.data(service).data(limits)
    };
    let trusting = schema(service.clone()).validation_mode(ValidationMode::Fast);
    let known = KnownDocuments::new(trusting.finish());
    schema(service).data(known).finish()
}

/// The schema as text in the schema definition language. Needs no database.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new()
        .include_specified_by()
        .use_space_ident();
    builder().finish().sdl_with_options(options)
}
