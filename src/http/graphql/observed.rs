//! What is counted of a request, told in its trace, and put into the log when it was slow.

use std::time::Instant;

use async_graphql::parser::types::OperationType;
use async_graphql::{Response, ServerError};
use axum::http::StatusCode;

use crate::graphql::Admitted;
use crate::graphql::error::{code, code_of};
use crate::http::Slow;
use crate::http::metrics::{Finished, Metrics, Outcome, UNKNOWN};
use crate::http::problem::Problem;
use crate::http::trace::Trace;

/// A request on its way. It is counted when this is dropped, also when the caller has left.
#[derive(Debug)]
pub struct Observed {
    metrics: Metrics,
    slow: Slow,
    trace: Trace,
    began: Instant,
    operation: Option<String>,
    kind: &'static str,
    outcome: Outcome,
    /// The status of the answer.
    pub status: Option<StatusCode>,
    /// How many statements it sent to the database.
    pub statements: u64,
}

impl Observed {
    /// A request that arrives now.
    pub fn new(metrics: Metrics, slow: Slow, trace: Trace) -> Self {
        Self {
            metrics,
            slow,
            trace,
            began: Instant::now(),
            operation: None,
            kind: UNKNOWN,
            outcome: Outcome::Left,
            status: None,
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
        let errors = &answer.errors;
        self.trace.errors(errors);
        self.outcome = if errors.is_empty() {
            Outcome::Ok
        } else if errors
            .iter()
            .any(|error| code_of(error) == Some(code::TIMEOUT))
        {
            Outcome::Timeout
        } else if errors.iter().all(|error| error.path.is_empty()) {
            Outcome::Refused
        } else {
            Outcome::Errors
        };
    }

    /// The request asks for too much, or for what the caller may not.
    pub fn refuse(&mut self, error: &ServerError) {
        self.outcome = Outcome::Refused;
        self.trace.errors(std::slice::from_ref(error));
    }

    /// The request is answered with `problem`.
    pub fn give_up(&mut self, problem: &Problem) {
        self.outcome = outcome_of(problem);
        self.trace.problem(problem);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        let finished = Finished {
            operation: self.operation.as_deref(),
            kind: self.kind,
            outcome: self.outcome,
            elapsed,
        };
        self.metrics.finish(&finished);
        self.trace.end(&finished, self.status, self.statements);
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

fn outcome_of(problem: &Problem) -> Outcome {
    match (problem.code, problem.status.as_u16()) {
        (code::TIMEOUT, _) => Outcome::Timeout,
        (_, 503) => Outcome::Busy,
        _ => Outcome::Refused,
    }
}
