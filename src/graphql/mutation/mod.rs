//! The changes: a mutation file holds inputs and resolvers, `payload.rs` what they answer.

mod correct;
mod failure;
mod package;
mod payload;
mod record;
mod release;

use async_graphql::MergedObject;

pub use payload::Payload;

/// Everything that changes a record.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    record::RecordMutation,
    release::ReleaseMutation,
    package::PackageMutation,
    correct::CorrectMutation,
    failure::FailureMutation,
);
