//! What resolvers find in the context of a request.

use std::sync::LazyLock;

use async_graphql::Context;

use crate::service::{Caller, Service};

static NOBODY: LazyLock<Caller> = LazyLock::new(Caller::default);

/// Short ways to what the schema and the request carry.
pub trait ContextExt<'a> {
    /// The service that answers.
    ///
    /// # Errors
    /// When the schema was built without one, as for printing it.
    fn service(&self) -> async_graphql::Result<&'a Service>;

    /// Who asks; nobody in particular unless the request says.
    fn caller(&self) -> &'a Caller;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn service(&self) -> async_graphql::Result<&'a Service> {
        self.data::<Service>()
    }

    fn caller(&self) -> &'a Caller {
        self.data_opt::<Caller>().unwrap_or(&NOBODY)
    }
}
