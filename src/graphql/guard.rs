//! Who may do what: the one place where every operation is checked before it is executed.

use std::any::TypeId;
use std::collections::HashSet;

use async_graphql::parser::types::{
    ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::{ErrorExtensionValues, Request, ServerError};

use super::error::code;
use crate::service::Caller;
use crate::service::token::{TokenScope, scope_name};

/// What a mutation needs. One that is not named here needs the most, so that a new one is never
/// open by oversight.
fn scope_of_mutation(name: &str) -> TokenScope {
    match name {
        "createRelease" | "startRelease" | "finishRelease" | "recordRelease" | "importReleases"
        | "addPackage" | "startPackage" | "finishPackage" | "addNote" | "setMetadata"
        | "addResult" | "reportFailure" | "resolveFailure" | "__typename" => TokenScope::Write,
        _ => TokenScope::Admin,
    }
}

/// Refuses an operation that its caller may not execute. Without a [`Caller`] in the data of the
/// request, nothing may be.
///
/// # Errors
/// `UNAUTHENTICATED` when the caller is unknown, `FORBIDDEN` when the caller's scope is too small.
pub fn check(request: &Request, document: &ExecutableDocument) -> Result<(), ServerError> {
    let caller = caller(request);
    let name = request.operation_name.as_deref();
    // Where it is not clear which operation is meant, every one that may be is checked.
    let candidates = document.operations.iter().filter(|(candidate, _)| {
        let both = candidate.zip(name);
        both.is_none_or(|(candidate, name)| candidate == name)
    });
    for (_, operation) in candidates {
        for (what, scope) in needs(document, &operation.node) {
            if !caller.may(scope) {
                return Err(denied(&caller, what, scope));
            }
        }
    }
    Ok(())
}

fn caller(request: &Request) -> Caller {
    let data = request.data.get(&TypeId::of::<Caller>());
    let caller = data.and_then(|data| data.downcast_ref::<Caller>());
    caller.cloned().unwrap_or_default()
}

/// What an operation does, and what that needs.
fn needs<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
) -> Vec<(&'a str, TokenScope)> {
    match operation.ty {
        OperationType::Query => vec![("a query", TokenScope::Read)],
        OperationType::Subscription => vec![("a subscription", TokenScope::Read)],
        OperationType::Mutation => {
            let fields = root_fields(document, operation).into_iter();
            fields
                .map(|name| (name, scope_of_mutation(name)))
                .chain([("a mutation", TokenScope::Write)])
                .collect()
        }
    }
}

/// The names of the fields of the root, wherever fragments hide them. Not by recursion: fragments
/// may follow each other without end.
fn root_fields<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
) -> Vec<&'a str> {
    let mut fields = Vec::new();
    let mut visited = HashSet::new();
    let mut open = vec![&operation.selection_set.node];
    while let Some(selections) = open.pop() {
        for selection in &selections.items {
            match &selection.node {
                Selection::Field(field) => fields.push(field.node.name.node.as_str()),
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if let Some(fragment) = document.fragments.get(name)
                        && visited.insert(name)
                    {
                        open.push(&fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
    fields
}

fn denied(caller: &Caller, what: &str, scope: TokenScope) -> ServerError {
    let needed = scope_name(scope);
    let (code, message) = match (&caller.actor, caller.scope) {
        (None, _) => {
            let message = format!("{what} needs a token with the scope {needed}: {HOW_TO_SEND}");
            (code::UNAUTHENTICATED, message)
        }
        (Some(_), Some(own)) => {
            let own = scope_name(own);
            let message = format!("{what} needs the scope {needed}; the token has {own}");
            (code::FORBIDDEN, message)
        }
        (Some(_), None) => {
            let message = format!("{what} needs the scope {needed}; the token has none");
            (code::FORBIDDEN, message)
        }
    };
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    error
}

/// How a caller sends a token.
pub const HOW_TO_SEND: &str = "send it as the header `Authorization: Bearer TOKEN`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::parse::parse;

    fn check_as(scope: TokenScope, query: &str, operation: Option<&str>) -> Result<(), String> {
        let caller = Caller {
            actor: Some("ci".to_owned()),
            person: None,
            scope: Some(scope),
        };
        let mut request = Request::new(query).data(caller);
        request.operation_name = operation.map(ToOwned::to_owned);
        check(&request, &parse(query).unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn fields_count_wherever_they_hide() {
        for query in [
            "mutation { a: deleteRelease { ok } }",
            "mutation { addNote { ok } ... { ... on Mutation { deleteRelease { ok } } } }",
            "mutation { ...A } fragment A on Mutation { ...B } fragment B on Mutation { ...A deleteRelease { ok } }",
            "mutation { deleteRelease @skip(if: true) { ok } }",
            "query Q { releases { totalCount } } mutation M { deleteRelease { ok } }",
            "mutation { somethingNew { ok } }",
        ] {
            assert!(check_as(TokenScope::Write, query, None).is_err(), "{query}");
            assert!(check_as(TokenScope::Admin, query, None).is_ok(), "{query}");
        }
    }

    #[test]
    fn only_the_chosen_operation_counts() {
        let query =
            "query Q { a } mutation W { addNote { ok } } mutation M { deleteRelease { ok } }";
        assert!(check_as(TokenScope::Read, query, Some("Q")).is_ok());
        assert!(check_as(TokenScope::Read, query, Some("W")).is_err());
        assert!(check_as(TokenScope::Write, query, Some("W")).is_ok());
        assert!(check_as(TokenScope::Write, query, Some("M")).is_err());
    }

    #[test]
    fn a_mutation_of_nothing_needs_to_write_too() {
        assert!(check_as(TokenScope::Read, "mutation { __typename }", None).is_err());
        assert!(check_as(TokenScope::Write, "mutation { __typename }", None).is_ok());
    }

    #[test]
    fn a_request_without_a_caller_may_do_nothing() {
        let request = Request::new("{ __typename }");
        let error = check(&request, &parse(&request.query).unwrap()).unwrap_err();
        let code = error.extensions.unwrap().get("code").unwrap().to_string();
        assert_eq!(code, "\"UNAUTHENTICATED\"");
    }

    #[test]
    fn long_chains_of_fragments_do_not_exhaust_the_stack() {
        let fragment = |index| format!("fragment F{index} on Mutation {{ ...F{} }}", index + 1);
        let fragments: Vec<_> = (0..50_000).map(fragment).collect();
        let query = format!("mutation {{ ...F0 }} {}", fragments.join(" "));
        assert!(check_as(TokenScope::Write, &query, None).is_ok());
    }
}
