//! Executing what clients on connections that stay ask for, within the limits of every request.

use async_graphql::Request;
use async_graphql::parser::types::OperationType;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::OwnedSemaphorePermit;

use crate::graphql::{self, Admitted, Answer};
use crate::http::AppState;
use crate::http::graphql::observed::Observed;
use crate::http::graphql::run;
use crate::http::metrics::observing_statements;
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
/// one.
///
/// # Errors
/// When there is no place for it.
pub fn execute(state: &AppState, mut request: Request) -> Result<Execution, Problem> {
    let admitted = match graphql::admit(&state.schema, &mut request) {
        Ok(admitted) => admitted,
        Err(error) => {
            let answer = async { Answer::Failed(vec![error]) };
            return Ok(Execution::one(answer, None));
        }
    };
    if admitted.kind() == Some(OperationType::Subscription) {
        let place = Some(state.gate.follow()?);
        let answers = graphql::subscribe(&state.schema, request, admitted);
        return Ok(Execution { answers, place });
    }
    let mut observed = Observed::new(state.metrics.clone(), state.slow, Trace::default());
    let place = state.gate.enter();
    let place = place.inspect_err(|problem| observed.give_up(problem))?;
    let answer = answer(state.clone(), request, admitted, observed);
    Ok(Execution::one(answer, Some(place)))
}

/// The answer to a query or mutation.
async fn answer(
    state: AppState,
    request: Request,
    admitted: Admitted,
    mut observed: Observed,
) -> Answer {
    let work = run(&state, request, admitted, &mut observed);
    let (answer, statements) = observing_statements(Trace::default(), work).await;
    observed.statements = statements;
    match answer {
        Ok(response) => Answer::single(response),
        Err(problem) => {
            observed.give_up(&problem);
            Answer::failed(problem.message, problem.code)
        }
    }
}
