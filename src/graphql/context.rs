//! What resolvers find in the context of a request.

use std::sync::LazyLock;

use async_graphql::Context;
use entity::row::Columns;

use super::columns::Wanted;
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

    /// What the operation needs of the rows behind its objects.
    fn wanted(&self) -> Wanted;

    /// `columns`, unless what is asked for of this list is how long it is.
    fn wanted_of_page(&self, columns: Columns) -> Columns;
}

impl<'a> ContextExt<'a> for Context<'a> {
    fn service(&self) -> async_graphql::Result<&'a Service> {
        self.data::<Service>()
    }

    fn caller(&self) -> &'a Caller {
        self.data_opt::<Caller>().unwrap_or(&NOBODY)
    }

    fn wanted(&self) -> Wanted {
        self.data_opt::<Wanted>().copied().unwrap_or_default()
    }

    fn wanted_of_page(&self, columns: Columns) -> Columns {
        let selection = self.look_ahead();
        let is_wanted = |field| selection.field(field).exists();
        if ["nodes", "edges", "pageInfo"].into_iter().any(is_wanted) {
            columns
        } else {
            Columns::NONE
        }
    }
}
