//! How deep a request may be nested. Inputs are read recursively, so without a limit a short
//! request could exhaust the stack, which would end the whole process.

use async_graphql::{ErrorExtensionValues, Request, ServerError, Value};

use super::error::code;

/// Brackets within brackets, of the document and the deepest variable together. Selections may be
/// nested 32 deep and filters 24, whose lists and objects take two brackets each.
const MAX_NESTING: usize = 64;

/// Refuses a request that is nested too deep.
///
/// # Errors
/// `LIMIT_EXCEEDED`, with the limit.
pub fn check(request: &Request) -> Result<(), ServerError> {
    let variables = request.variables.values().map(depth_of_value).max();
    let depth = depth_of_document(&request.query) + variables.unwrap_or(0);
    if depth <= MAX_NESTING {
        return Ok(());
    }
    let message = format!("the request is nested {depth} deep; {MAX_NESTING} is the limit");
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code::LIMIT_EXCEEDED);
    let mut error = ServerError::new(message, None);
    error.extensions = Some(extensions);
    Err(error)
}

/// JSON comes from a parser that has a limit of its own, so this cannot go too deep.
fn depth_of_value(value: &Value) -> usize {
    let inner = match value {
        Value::List(items) => items.iter().map(depth_of_value).max(),
        Value::Object(fields) => fields.values().map(depth_of_value).max(),
        _ => return 0,
    };
    inner.unwrap_or(0) + 1
}

/// Brackets in texts and comments do not count.
fn depth_of_document(document: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = document;
    while let Some(start) = rest.find(['{', '[', '(', '}', ']', ')', '"', '#']) {
        let (found, behind) = rest[start..].split_at(1);
        rest = match found {
            "{" | "[" | "(" => {
                depth += 1;
                deepest = deepest.max(depth);
                behind
            }
            "}" | "]" | ")" => {
                depth = depth.saturating_sub(1);
                behind
            }
            "#" => behind.find('\n').map_or("", |end| &behind[end..]),
            _ => behind_text(behind),
        };
    }
    deepest
}

/// What follows a text of which the first quote is read.
fn behind_text(text: &str) -> &str {
    let (mut rest, end) = match text.strip_prefix("\"\"") {
        Some(block) => (block, "\"\"\""),
        None => (text, "\""),
    };
    while let Some(place) = rest.find(['\\', '"']) {
        if let Some(behind) = rest[place..].strip_prefix(end) {
            return behind;
        }
        // A backslash hides what follows it.
        let mut hidden = rest[place..].chars();
        if hidden.next() == Some('\\') {
            hidden.next();
        }
        rest = hidden.as_str();
    }
    ""
}

#[cfg(test)]
mod tests {
    use async_graphql::Variables;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_brackets_that_mean_something_count() {
        for (document, depth) in [
            ("", 0),
            ("{ a }", 1),
            ("{ a(b: [{ c: 1 }]) { d } e { f } }", 4),
            ("{ a # {{{\n { b } }", 2),
            ("{ a # {{{", 1),
            (r#"{ a(b: "{{{ \" {{{") { c } }"#, 2),
            (r#"{ a(b: "") { c { d } } }"#, 3),
            (r#"{ a(b: "\\") { c { d } } }"#, 3),
            (r#"{ a(b: """ {{{ " \""" {{{ """) { c { d } } }"#, 3),
            (r#"{ a(b: "ü\"#, 2),
            (r#"{ a(b: "never ends {{{"#, 2),
            ("}}}} { a }", 1),
        ] {
            assert_eq!(depth_of_document(document), depth, "{document}");
        }
    }

    #[test]
    fn documents_and_variables_share_the_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let request = |document: usize, variable: usize| {
            let value: serde_json::Value = serde_json::from_str(&nested(variable)).unwrap();
            let variables = Variables::from_json(json!({ "a": 1, "b": value }));
            check(&Request::new(nested(document)).variables(variables))
        };
        assert!(request(MAX_NESTING - 10, 10).is_ok());
        let error = request(MAX_NESTING - 10, 11).unwrap_err();
        assert_eq!(
            error.message,
            "the request is nested 65 deep; 64 is the limit"
        );
    }
}
