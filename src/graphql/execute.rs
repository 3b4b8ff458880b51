//! Executing operations.

use std::sync::{Arc, LazyLock};

use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{Name, Request, Response, ServerError, Value, value};

use super::error::with_codes;
use super::known::{Known, KnownDocuments, Prepared};
use super::limits::{Limits, Weight};
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
    prepared: Arc<Prepared>,
    name: Option<String>,
    weight: Weight,
    /// Whether its variables hold what they are declared for.
    fits: bool,
    /// Whether it is known, and if so, whether it has met the rules with variables that fit.
    was_checked: Option<bool>,
}

impl Admitted {
    /// The operations that may be the one to execute; a single one unless the request is wrong.
    pub fn operations(&self) -> impl Iterator<Item = (Option<&Name>, &OperationDefinition)> {
        let name = self.name.as_deref();
        let operations = self.prepared.document.operations.iter();
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

    /// Whether it is known to meet the rules.
    fn is_trusted(&self) -> bool {
        self.fits && self.was_checked == Some(true)
    }

    /// What is known of it once it has met the rules, unless that is known already.
    fn news(&self) -> Option<Known> {
        let is_news = match self.was_checked {
            None => true,
            Some(was_checked) => self.fits && !was_checked,
        };
        is_news.then(|| Known {
            prepared: Arc::clone(&self.prepared),
            is_checked: self.fits,
        })
    }

    /// Puts the fields of an answer in the order of the selection.
    pub(super) fn shape(&self, response: Response) -> Response {
        let name = self.name.as_deref();
        shape(response, &FIELD_TYPES, &self.prepared.document, name)
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
    prepare(schema, &request.query).is_ok_and(|(prepared, _)| {
        let mut operations = prepared.document.operations.iter();
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
    let (prepared, was_checked) = prepare(schema, &request.query)?;
    let document = &prepared.document;
    let settings = schema.data::<Service>().map(|service| &*service.settings);
    let weight = limits.check_document(
        &FIELD_TYPES,
        settings.unwrap_or(&Settings::default()),
        document,
        request.operation_name.as_deref(),
        &request.variables,
    )?;
    guard::check(request, document)?;
    if was_checked.is_none() {
        check_variables(document)?;
        conflict::check(&FIELD_TYPES, document)?;
    }
    request.data.insert(prepared.wanted);
    request.set_parsed_query(document.clone());
    Ok(Admitted {
        fits: prepared.fits(&request.variables),
        was_checked,
        prepared,
        name: request.operation_name.clone(),
        weight,
    })
}

/// The document with this text, and whether it has met the rules if it is known.
fn prepare(schema: &OrloSchema, text: &str) -> Result<(Arc<Prepared>, Option<bool>), ServerError> {
    let known = schema.data::<KnownDocuments>();
    match known.and_then(|documents| documents.get(text)) {
        Some(known) => Ok((known.prepared, Some(known.is_checked))),
        None => Ok((Arc::new(Prepared::parse(text)?), None)),
    }
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
    let documents = schema.data::<KnownDocuments>();
    let news = admitted.news().map(|known| (request.query.clone(), known));
    let response = match documents {
        Some(documents) if admitted.is_trusted() => documents.trusting().execute(request).await,
        _ => schema.execute(request).await,
    };
    if let (Some(documents), Some((text, known))) = (documents, news)
        && !was_refused(&response)
    {
        documents.keep(&text, known);
    }
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

/// Whether nothing was executed.
pub(super) fn was_refused(response: &Response) -> bool {
    has_no_data(response) && response.errors.iter().all(|error| error.path.is_empty())
}

pub(super) fn has_no_data(response: &Response) -> bool {
    response.data == Value::Null && !response.errors.is_empty()
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

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use entity::TokenScope;
    use serde_json::json;

    use super::*;
    use crate::graphql::builder;
    use crate::service::Caller;

    fn schema() -> OrloSchema {
        let known = KnownDocuments::new(builder().finish());
        builder().data(known).finish()
    }

    fn request(query: &str, name: &serde_json::Value) -> Request {
        let caller = Caller {
            scope: Some(TokenScope::Read),
            ..Caller::default()
        };
        let variables = Variables::from_json(json!({ "name": name }));
        Request::new(query).variables(variables).data(caller)
    }

    /// Whether the document is known and whether it is trusted, before it is executed.
    async fn ask(schema: &OrloSchema, query: &str, name: serde_json::Value) -> (bool, bool) {
        let mut request = request(query, &name);
        let admitted = admit(schema, &mut request).unwrap();
        let told = (admitted.was_checked.is_some(), admitted.is_trusted());
        run(schema, request, admitted).await;
        told
    }

    #[tokio::test]
    async fn a_document_is_trusted_once_it_met_the_rules_with_variables_that_fit() {
        let (schema, query) = (
            schema(),
            "query ($name: String!) { __type(name: $name) { name } }",
        );
        assert_eq!(ask(&schema, query, json!(1)).await, (false, false));
        assert_eq!(ask(&schema, query, json!("Query")).await, (false, false));
        assert_eq!(ask(&schema, query, json!("Nothing")).await, (true, true));
        assert_eq!(ask(&schema, query, json!(null)).await, (true, false));
        assert_eq!(ask(&schema, query, json!("Query")).await, (true, true));
    }

    #[tokio::test]
    async fn variables_that_stand_elsewhere_are_never_trusted() {
        let schema = schema();
        for query in [
            "query ($name: ID!) { __type(name: $name) { name } }",
            "query A($name: String!) { __type(name: $name) { name } } query B { __typename }",
        ] {
            for known in [false, true, true] {
                let mut request = request(query, &json!("Query"));
                if query.contains('B') {
                    request = request.operation_name("A");
                }
                let admitted = admit(&schema, &mut request).unwrap();
                assert_eq!(admitted.was_checked.is_some(), known, "{query}");
                assert!(!admitted.is_trusted(), "{query}");
                run(&schema, request, admitted).await;
            }
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let schema = schema();
        let known = |query: &str| {
            let documents = schema.data::<KnownDocuments>();
            documents.is_some_and(|documents| documents.get(query).is_some())
        };
        let queries: Vec<_> = (0..500)
            .map(|n| format!("{{ a{n}: __typename }} # {n:900}"))
            .collect();
        for query in &queries {
            execute(&schema, request(query, &json!(null))).await;
        }
        let kept = queries.iter().filter(|query| known(query)).count();
        assert!((1..=128).contains(&kept), "{kept}");
        let long = format!("{{ __typename }} # {:60000}", "");
        execute(&schema, request(&long, &json!(null))).await;
        assert!(!known(&long));
    }
}
