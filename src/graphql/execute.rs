//! Executing operations.

use std::sync::LazyLock;

use async_graphql::{Request, Response};

use super::error::with_codes;
use super::shape::{FieldTypes, shape};
use super::{OrloSchema, guard, nesting};

pub(super) static FIELD_TYPES: LazyLock<FieldTypes> =
    LazyLock::new(|| FieldTypes::of_schema(&super::sdl()));

/// Executes the operation that `request` carries, be it a query or a mutation, if the caller in
/// its data may. The fields of the
/// answer are in the order of the selection, and every error has a code.
pub async fn execute(schema: &OrloSchema, mut request: Request) -> Response {
    if let Err(error) = nesting::check(&request) {
        return Response::from_errors(vec![error]);
    }
    if let Err(error) = guard::check(&mut request) {
        return Response::from_errors(vec![error]);
    }
    let document = request.parsed_query().ok().cloned();
    let name = request.operation_name.clone();
    let response = schema.execute(request).await;
    with_codes(match document {
        Some(document) => shape(response, &FIELD_TYPES, &document, name.as_deref()),
        None => response,
    })
}
