//! The GraphQL schema: types wrap rows, resolvers call the service. No rule lives here.

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};

use crate::service::Service;

/// The schema that Orlo serves.
pub type OrloSchema = Schema<Query, EmptyMutation, EmptySubscription>;

/// The questions.
pub struct Query;

#[Object]
impl Query {
    /// The version of the server.
    async fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// Builds the schema over `service`.
#[must_use]
pub fn schema(service: Service) -> OrloSchema {
    Schema::build(Query, EmptyMutation, EmptySubscription)
        .data(service)
        .finish()
}

/// The schema as text.
#[must_use]
pub fn sdl() -> String {
    Schema::build(Query, EmptyMutation, EmptySubscription)
        .finish()
        .sdl()
}
