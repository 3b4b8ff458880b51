//! The one crossing from failures of the service to errors of GraphQL.

use async_graphql::{Error, ErrorExtensions as _, Pos, Response, ServerError, Value};

use crate::service;

/// What `extensions.code` of an error says.
pub mod code {
    /// The request cannot be answered as it was put.
    pub const BAD_REQUEST: &str = "BAD_REQUEST";
    /// The caller is unknown, and only known ones may do this.
    pub const UNAUTHENTICATED: &str = "UNAUTHENTICATED";
    /// The caller may not do this.
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// The request asks for more than the server gives.
    pub const LIMIT_EXCEEDED: &str = "LIMIT_EXCEEDED";
    /// It took too long.
    pub const TIMEOUT: &str = "TIMEOUT";
    /// Orlo failed.
    pub const INTERNAL: &str = "INTERNAL";
}

/// What a caller hears when Orlo fails; the reason is in the log.
pub const INTERNAL_MESSAGE: &str = "internal error";

/// What a caller hears while the database is away. A change may have been made or not; repeating
/// it is safe where it has an external id.
pub const UNREACHABLE_MESSAGE: &str = "the database cannot be reached; try again later";

/// What a caller hears when the database took longer than it may.
const TIMEOUT_MESSAGE: &str = "the database took too long; ask for less, or for a shorter time";

impl From<service::Error> for Error {
    fn from(error: service::Error) -> Self {
        match error {
            error if error.is_unreachable() => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request failed");
                with_code(UNREACHABLE_MESSAGE, code::INTERNAL)
            }
            service::Error::BadRequest(message) => with_code(message, code::BAD_REQUEST),
            service::Error::LimitExceeded(message) => with_code(message, code::LIMIT_EXCEEDED),
            error if error.is_timeout() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the database took too long"
                );
                with_code(TIMEOUT_MESSAGE, code::TIMEOUT)
            }
            // A refusal is data of a payload; that it came here is our mistake.
            service::Error::Refused(_)
            | service::Error::Database(_)
            | service::Error::TookTooLong
            | service::Error::Corrupt(_) => internal(&error),
        }
    }
}

/// What `extensions.code` of an error says, if there is one.
pub fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

/// The error of a request that cannot be answered as it was put.
pub fn bad_request(message: impl Into<String>) -> Error {
    with_code(message, code::BAD_REQUEST)
}

/// The error of a request that asks for more than the server gives.
pub fn limit_exceeded(message: impl Into<String>) -> Error {
    with_code(message, code::LIMIT_EXCEEDED)
}

/// The error of an operation that is not executed.
pub fn coded(message: impl Into<String>, code: &'static str) -> ServerError {
    with_code(message, code).into_server_error(Pos::default())
}

/// Logs what went wrong and makes the error that a caller may see.
pub fn internal(reason: &(dyn std::error::Error + 'static)) -> Error {
    tracing::error!(error = reason, "a request failed");
    with_code(INTERNAL_MESSAGE, code::INTERNAL)
}

/// The error of a record that another one cannot do without, and that is not there.
pub fn missing(what: &str, id: uuid::Uuid) -> Error {
    service::Error::Corrupt(format!("{what} {id} is missing")).into()
}

fn with_code(message: impl Into<String>, code: &'static str) -> Error {
    Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// Gives every error of a response a code. Those without one come from reading and checking the
/// request, which is the caller's to mend.
#[must_use]
pub fn with_codes(mut response: Response) -> Response {
    let errors = response.errors.into_iter().map(add_code);
    response.errors = errors.collect();
    response
}

/// Gives an error a code unless it has one: that of a request that has to be mended.
#[must_use]
pub fn add_code(mut error: ServerError) -> ServerError {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", code::BAD_REQUEST);
    }
    error
}

#[cfg(test)]
mod tests {
    use sea_orm::DbErr;

    use super::*;

    fn crossed(error: service::Error) -> (String, String) {
        let error = Error::from(error);
        let code = error.extensions.as_ref().and_then(|e| e.get("code"));
        (error.message.clone(), code.unwrap().to_string())
    }

    #[test]
    fn a_failure_of_the_database_tells_nothing() {
        let error = DbErr::Custom("SELECT secret FROM release".to_owned());
        let (message, code) = crossed(error.into());
        assert_eq!(message, "internal error");
        assert_eq!(code, "\"INTERNAL\"");
    }

    #[test]
    fn what_the_caller_can_mend_is_told() {
        let error = service::Error::BadRequest("first must be at least 1".to_owned());
        let (message, code) = crossed(error);
        assert_eq!(message, "first must be at least 1");
        assert_eq!(code, "\"BAD_REQUEST\"");
    }

    #[test]
    fn errors_without_a_code_are_bad_requests() {
        let response = Response::from_errors(vec![ServerError::new("unknown field", None)]);
        let response = with_codes(response);
        let extensions = response.errors[0].extensions.as_ref().unwrap();
        assert_eq!(extensions.get("code"), Some(&code::BAD_REQUEST.into()));
    }
}
