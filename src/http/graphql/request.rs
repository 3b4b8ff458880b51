//! Reading a GraphQL request out of an HTTP request.

use async_graphql::{Request as GraphQlRequest, Variables};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use mime::Mime;
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Documents;
use crate::http::problem::Problem;

/// What the specification's draft says a request consists of, checked.
#[derive(Debug)]
pub struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Variables,
    extensions: Map<String, Value>,
}

impl Parameters {
    /// The request for the executor, with the document that it names by its hash if it does.
    ///
    /// # Errors
    /// When there is no document.
    pub fn into_request(self, documents: &Documents) -> Result<GraphQlRequest, Problem> {
        let query = documents.resolve(self.query, &self.extensions)?;
        let query =
            query.ok_or_else(|| Problem::bad_request("the parameter \"query\" is missing"))?;
        let mut request = GraphQlRequest::new(query).variables(self.variables);
        request.operation_name = self.operation_name;
        let extensions = self.extensions.into_iter().filter_map(|(name, value)| {
            let value = async_graphql::Value::from_json(value).ok()?;
            Some((name, value))
        });
        request.extensions = async_graphql::Extensions(extensions.collect());
        Ok(request)
    }

    /// Checks the members of the object that a request is.
    pub fn new(mut members: Map<String, Value>) -> Result<Self, Problem> {
        let variables = object(&mut members, "variables")?;
        let variables = Variables::from_json(Value::Object(variables));
        Self::with_variables(members, variables)
    }

    fn with_variables(
        mut members: Map<String, Value>,
        variables: Variables,
    ) -> Result<Self, Problem> {
        let query = match members.remove("query") {
            Some(Value::String(query)) => Some(query),
            None | Some(Value::Null) => None,
            Some(_) => return Err(Problem::bad_request("\"query\" must be a text")),
        };
        let operation_name = match members.remove("operationName") {
            Some(Value::String(name)) if !name.is_empty() => Some(name),
            None | Some(Value::Null | Value::String(_)) => None,
            Some(_) => return Err(Problem::bad_request("\"operationName\" must be a text")),
        };
        let extensions = object(&mut members, "extensions")?;
        Ok(Self {
            query,
            operation_name,
            variables,
            extensions,
        })
    }
}

fn object(members: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, Problem> {
    match members.remove(name) {
        Some(Value::Object(object)) => Ok(object),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err(not_an_object(name)),
    }
}

fn not_an_object(name: &str) -> Problem {
    Problem::bad_request(format!("\"{name}\" must be an object"))
}

/// Reads the parameters from a JSON body.
pub fn from_body(bytes: &[u8]) -> Result<Parameters, Problem> {
    if bytes.is_empty() {
        return Err(Problem::bad_request(
            "the body is empty; send {\"query\": \"...\"}",
        ));
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return Err(Problem::bad_request(
            "a list of operations is not taken; send one at a time",
        ));
    }
    // Nothing is made of it before it is known to be JSON, and of variables, which may be many, what
    // they are in the end.
    let members: Members<'_> =
        serde_json::from_slice(bytes).map_err(|error| match (error.classify(), first) {
            (Category::Data, Some(b'{')) => Problem::bad_request("a parameter is given twice"),
            (Category::Data, _) => Problem::bad_request("the body must be a JSON object"),
            _ => not_json(&error),
        })?;
    let mut others = Map::new();
    for (name, text) in [
        ("query", members.query),
        ("operationName", members.operation_name),
        ("extensions", members.extensions),
    ] {
        if let Some(text) = text {
            let value = serde_json::from_str(text.get()).map_err(|error| not_json(&error))?;
            others.insert(name.to_owned(), value);
        }
    }
    let variables = members.variables.map_or("{}", RawValue::get);
    if !variables.starts_with('{') {
        return Err(not_an_object("variables"));
    }
    let variables = serde_json::from_str(variables).map_err(|error| not_json(&error))?;
    Parameters::with_variables(others, variables)
}

/// The members of a body, as they are written; none for null.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    #[serde(borrow)]
    query: Option<&'a RawValue>,
    #[serde(borrow)]
    operation_name: Option<&'a RawValue>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
    #[serde(borrow)]
    extensions: Option<&'a RawValue>,
}

fn not_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    Problem::bad_request(format!(
        "the body is not JSON (line {line}, column {column})"
    ))
}

/// Reads the parameters from the query of a URL.
pub fn from_query(uri: &Uri) -> Result<Parameters, Problem> {
    let pairs: Vec<(String, String)> = axum::extract::Query::try_from_uri(uri)
        .map(|query| query.0)
        .map_err(|_| Problem::bad_request("the query of the URL cannot be read"))?;
    let mut members = Map::new();
    for (name, text) in pairs {
        let value = match name.as_str() {
            "query" | "operationName" => Value::String(text),
            "variables" | "extensions" => serde_json::from_str(&text)
                .map_err(|_| Problem::bad_request(format!("\"{name}\" is not JSON")))?,
            _ => continue,
        };
        members.insert(name, value);
    }
    Parameters::new(members)
}

/// JSON in UTF-8 and nothing else: what a browser sends across sites without asking first is
/// refused here.
pub fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let given: Option<Mime> = given.and_then(|text| text.parse().ok());
    let is_json = given.is_some_and(|mime| {
        let charset = mime.get_param(mime::CHARSET);
        mime.essence_str() == "application/json" && charset.is_none_or(|name| name == mime::UTF_8)
    });
    let refused = |message| {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Err(Problem::new(status, "BAD_REQUEST", message))
    };
    if !is_json {
        return refused("the body must be of the type application/json");
    }
    // A short one may become very long.
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if !encodings.all(|encoding| encoding == "identity") {
        return refused("the body must not be compressed");
    }
    Ok(())
}
