//! What mutations say about their input.

use async_graphql::SimpleObject;

use crate::graphql::enums::{UserErrorCode, WarningCode};
use crate::service;

/// What is wrong with the input of a mutation, so that it was refused.
#[derive(Clone, Debug, SimpleObject)]
pub struct UserError {
    /// The kind of mistake, for programs.
    pub code: UserErrorCode,
    /// One sentence for a person; its words may change.
    pub message: String,
    /// Where in the input, outermost first, e.g. `["packages", "0", "name"]`; null when the
    /// mistake is in no one place.
    pub field: Option<Vec<String>>,
}

impl From<service::UserError> for UserError {
    fn from(error: service::UserError) -> Self {
        Self {
            code: error.code.into(),
            message: error.message,
            field: some_place(error.field),
        }
    }
}

/// Something worth knowing about a mutation that was done all the same.
#[derive(Clone, Debug, SimpleObject)]
pub struct Warning {
    /// The kind of remark, for programs.
    pub code: WarningCode,
    /// One sentence for a person; its words may change.
    pub message: String,
    /// Where in the input, outermost first, e.g. `["packages", "0", "version"]`; null when it
    /// concerns the whole.
    pub field: Option<Vec<String>>,
}

impl From<service::Warning> for Warning {
    fn from(warning: service::Warning) -> Self {
        Self {
            code: warning.code.into(),
            message: warning.message,
            field: some_place(warning.field),
        }
    }
}

fn some_place(field: Vec<String>) -> Option<Vec<String>> {
    (!field.is_empty()).then_some(field)
}
