//! What is counted of a request, and put into the log when it was slow.

use std::time::Instant;

use async_graphql::Response;
use async_graphql::parser::types::OperationType;

use crate::graphql::{Admitted, error};
use crate::http::Slow;
use crate::http::metrics::{Finished, Metrics, Outcome};
use crate::http::problem::Problem;

/// A request on its way. It is counted when this is dropped, also when the caller has left.
#[derive(Debug)]
pub struct Observed {
    metrics: Metrics,
    slow: Slow,
    began: Instant,
    operation: Option<String>,
    kind: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// How many statements it sent to the database.
    pub statements: u64,
}

impl Observed {
    /// A request that arrives now.
    pub fn new(metrics: Metrics, slow: Slow) -> Self {
        Self {
            metrics,
            slow,
            began: Instant::now(),
            operation: None,
            kind: "unknown",
            outcome: Outcome::Left,
            statements: 0,
        }
    }

    /// The request is executed.
    pub fn begin(&mut self, admitted: &Admitted) {
        let Some((name, operation)) = admitted.operations().next() else {
            return;
        };
        self.operation = name.map(ToString::to_string);
        self.kind = match operation.ty {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
    }

    /// The request was executed, unless the executor refused it.
    pub fn end(&mut self, answer: &Response) {
        let code =
            |error: &async_graphql::ServerError| error.extensions.as_ref()?.get("code").cloned();
        let timeout = Some(error::code::TIMEOUT.into());
        let errors = &answer.errors;
        self.outcome = if errors.is_empty() {
            Outcome::Ok
        } else if errors.iter().any(|error| code(error) == timeout) {
            Outcome::Timeout
        } else if errors.iter().all(|error| error.path.is_empty()) {
            Outcome::Refused
        } else {
            Outcome::Errors
        };
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        self.metrics.finish(&Finished {
            operation: self.operation.as_deref(),
            kind: self.kind,
            outcome: self.outcome,
            elapsed,
        });
        if self.slow.0.is_some_and(|limit| elapsed >= limit) {
            // Neither the document nor its variables: they may hold what nobody else may read.
            tracing::warn!(
                operation = self.operation.as_deref(),
                kind = self.kind,
                outcome = ?self.outcome,
                seconds = elapsed.as_secs_f64(),
                statements = self.statements,
                "a slow operation"
            );
        }
    }
}

/// What became of a request that was answered with `problem`.
pub fn outcome_of(problem: &Problem) -> Outcome {
    match (problem.code, problem.status.as_u16()) {
        (error::code::TIMEOUT, _) => Outcome::Timeout,
        (_, 503) => Outcome::Busy,
        _ => Outcome::Refused,
    }
}
