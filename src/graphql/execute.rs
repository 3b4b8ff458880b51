//! Executing operations.

use std::sync::LazyLock;

use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Name, Request, Response, ServerError, Value, value};

use super::columns::Wanted;
use super::error::with_codes;
use super::limits::{Limits, Weight};
use super::parse::parse;
use super::shape::{FieldTypes, name_of, shape};
use super::{OrloSchema, conflict, error, guard};
use crate::service::{Service, Settings};

pub(super) static FIELD_TYPES: LazyLock<FieldTypes> =
    LazyLock::new(|| FieldTypes::of_schema(&super::sdl()));

/// Mistakes in one document that a caller is told of.
const MAX_MISTAKES: usize = 50;

/// A document that may be executed.
#[derive(Clone, Debug)]
pub struct Admitted {
    document: ExecutableDocument,
    name: Option<String>,
    weight: Weight,
}

impl Admitted {
    /// The operations that may be the one to execute; a single one unless the request is wrong.
    pub fn operations(&self) -> impl Iterator<Item = (Option<&Name>, &OperationDefinition)> {
        let name = self.name.as_deref();
        let operations = self.document.operations.iter();
        let operations =
            operations.filter(move |(known, _)| name.is_none() || known.map(Name::as_str) == name);
        operations.map(|(name, operation)| (name, &operation.node))
    }

    /// What kind of operation it is; none when there is no such operation.
    #[must_use]
    pub fn kind(&self) -> Option<OperationType> {
        let (_, operation) = self.operations().next()?;
        Some(operation.ty)
    }

    /// Puts the fields of an answer in the order of the selection.
    pub(super) fn shape(&self, response: Response) -> Response {
        let name = self.name.as_deref();
        shape(response, &FIELD_TYPES, &self.document, name)
    }

    /// Whether the operation asks for nothing but `field`.
    #[must_use]
    pub fn has_only_root_field(&self, field: &str) -> bool {
        let mut operations = self.operations();
        operations.all(|(_, operation)| {
            let mut selections = operation.selection_set.node.items.iter();
            selections.all(|selection| {
                matches!(&selection.node, Selection::Field(selected)
                    if selected.node.name.node == field)
            })
        })
    }
}

/// Whether `request` may be one to change something, which is not to be done by GET. One that asks
/// for too much to be parsed, or cannot be, is left for [`admit`] to refuse.
pub fn would_write(schema: &OrloSchema, request: &Request) -> bool {
    let limits = schema.data::<Limits>().copied().unwrap_or_default();
    if limits.check_text(request).is_err() {
        return false;
    }
    let name = request.operation_name.as_deref();
    parse(&request.query).is_ok_and(|document| {
        let mut operations = document.operations.iter();
        operations.any(|(known, operation)| {
            operation.node.ty == OperationType::Mutation
                && (name.is_none() || known.map(Name::as_str) == name)
        })
    })
}

/// Parses the document of `request`, checks it against the limits of `schema`, and whether the
/// caller in the data of the request may execute it.
///
/// # Errors
/// When the document does not parse, asks for too much, or for what the caller may not; the error
/// has a code.
pub fn admit(schema: &OrloSchema, request: &mut Request) -> Result<Admitted, ServerError> {
    let limits = schema.data::<Limits>().copied().unwrap_or_default();
    limits.check_text(request)?;
    let document = parse(&request.query).map_err(error::add_code)?;
    let settings = schema.data::<Service>().map(|service| &*service.settings);
    let weight = limits.check_document(
        &FIELD_TYPES,
        settings.unwrap_or(&Settings::default()),
        &document,
        request.operation_name.as_deref(),
        &request.variables,
    )?;
    guard::check(request, &document)?;
    check_variables(&document)?;
    conflict::check(&FIELD_TYPES, &document)?;
    request.data.insert(Wanted::of(&document, &FIELD_TYPES));
    request.set_parsed_query(document.clone());
    Ok(Admitted {
        document,
        name: request.operation_name.clone(),
        weight,
    })
}

/// The executor breaks down over a variable of a type that does not exist, if it has a default.
fn check_variables(document: &ExecutableDocument) -> Result<(), ServerError> {
    let operations = document.operations.iter();
    for variable in operations.flat_map(|(_, operation)| &operation.node.variable_definitions) {
        let ty = &variable.node.var_type;
        let name = name_of(&ty.node);
        if !FIELD_TYPES.has(name) {
            let message = format!("Unknown type \"{name}\"");
            return Err(error::add_code(ServerError::new(message, Some(ty.pos))));
        }
    }
    Ok(())
}

/// Executes the operation that `request` carries, be it a query or a mutation, unless it asks for
/// too much or for what the caller may not.
pub async fn execute(schema: &OrloSchema, mut request: Request) -> Response {
    match admit(schema, &mut request) {
        Ok(admitted) => run(schema, request, admitted).await,
        Err(error) => Response::from_errors(vec![error]),
    }
}

/// Executes `request`, which was `admitted`. The fields of the answer are in the order of the
/// selection, and every error has a code. With `cost: true` in the extensions of the request, those
/// of the answer have its cost.
pub async fn run(schema: &OrloSchema, request: Request, admitted: Admitted) -> Response {
    let service = schema.data::<Service>().map(Service::for_request);
    let request = match service {
        Some(service) => request.data(service),
        None => request,
    };
    let tells_cost = request.extensions.get("cost") == Some(&Value::Boolean(true));
    let response = schema.execute(request).await;
    let mut response = admitted.shape(response);
    if response.errors.iter().all(|error| error.path.is_empty()) {
        response.errors.truncate(MAX_MISTAKES);
    }
    if tells_cost {
        let limits = schema.data::<Limits>().copied().unwrap_or_default();
        let cost = cost(&admitted.weight, &limits);
        response.extensions.insert("cost".to_owned(), cost);
    }
    with_codes(response)
}

fn cost(weight: &Weight, limits: &Limits) -> Value {
    value!({
        "cost": weight.cost,
        "maxCost": limits.max_cost,
        "depth": weight.depth,
        "maxDepth": limits.max_depth,
        "fields": weight.fields,
        "maxFields": limits.max_tokens,
    })
}
