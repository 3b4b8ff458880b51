//! Executing what clients on connections that stay ask for, within the limits of every request.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use async_graphql::{Name, Request};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;

use crate::graphql::{self, Admitted, Answer};
use crate::http::AppState;
use crate::http::graphql::observed::Observed;
use crate::http::graphql::run;
use crate::http::metrics::{Finished, Outcome, UNKNOWN, observing_statements};
use crate::http::problem::Problem;
use crate::http::trace::Trace;

/// An operation under way.
pub struct Execution {
    /// Its answers.
    pub answers: BoxStream<'static, Answer>,
    /// The place that it takes; none for one that is only refused.
    pub place: Option<OwnedSemaphorePermit>,
}

impl Execution {
    /// The answers, which take the place as long as there may be any.
    pub fn into_answers(self) -> BoxStream<'static, Answer> {
        let place = self.place;
        let answers = self.answers.map(move |answer| {
            let _ = &place;
            answer
        });
        answers.boxed()
    }

    fn one(
        answer: impl Future<Output = Answer> + Send + 'static,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let answers = stream::once(answer).boxed();
        Self { answers, place }
    }
}

/// Executes the operation that `request` carries, unless it asks for too much or for what the caller
/// in its data may not: a subscription, which has any number of answers, or another one, which has
/// one. `trace` is told of it; of a subscription only that it has begun.
///
/// # Errors
/// When there is no place for it.
pub fn execute(state: &AppState, mut request: Request, trace: Trace) -> Result<Execution, Problem> {
    let admitted = match graphql::admit(&state.schema, &mut request) {
        Ok(admitted) => admitted,
        Err(error) => {
            trace.errors(std::slice::from_ref(&error));
            trace.end(&at_once(None, UNKNOWN, Outcome::Refused), None, 0);
            let answer = async { Answer::Failed(vec![error]) };
            return Ok(Execution::one(answer, None));
        }
    };
    if admitted.kind() == Some(OperationType::Subscription) {
        let place = state.gate.follow();
        let outcome = match &place {
            Ok(_) => Outcome::Ok,
            Err(problem) => {
                trace.problem(problem);
                Outcome::Busy
            }
        };
        let name = admitted.operations().find_map(|(name, _)| name);
        let name = name.map(Name::as_str);
        trace.end(&at_once(name, "subscription", outcome), None, 0);
        let place = Some(place?);
        let answers = graphql::subscribe(&state.schema, request, admitted);
        return Ok(Execution { answers, place });
    }
    let mut observed = Observed::new(state.metrics.clone(), state.slow, trace.clone());
    let place = state.gate.enter();
    let place = place.inspect_err(|problem| observed.give_up(problem))?;
    let answer = answer(state.clone(), request, admitted, observed, trace);
    Ok(Execution::one(answer, Some(place)))
}

/// What is told of an operation that is not counted.
const fn at_once<'a>(
    operation: Option<&'a str>,
    kind: &'static str,
    outcome: Outcome,
) -> Finished<'a> {
    Finished {
        operation,
        kind,
        outcome,
        elapsed: Duration::ZERO,
    }
}

/// The answer to a query or mutation.
async fn answer(
    state: AppState,
    request: Request,
    admitted: Admitted,
    mut observed: Observed,
    trace: Trace,
) -> Answer {
    let work = run(&state, request, admitted, &mut observed);
    let (answer, statements) = observing_statements(trace, work).await;
    observed.statements = statements;
    match answer {
        Ok(response) => Answer::single(response),
        Err(problem) => {
            observed.give_up(&problem);
            Answer::failed(problem.message, problem.code)
        }
    }
}
