//! Executing operations that may have many answers.

use async_graphql::{Request, Response, ServerError};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::OrloSchema;
use super::error::{code, code_of, coded, with_codes};
use super::execute::{Admitted, has_no_data, was_refused};

/// One of the answers to an operation.
#[derive(Debug)]
pub enum Answer {
    /// A result; there may be others.
    Next(Box<Response>),
    /// Why there is no result; it is the last answer.
    Failed(Vec<ServerError>),
}

impl Answer {
    /// The answer to a query or mutation.
    #[must_use]
    pub fn single(response: Response) -> Self {
        if was_refused(&response) {
            Self::Failed(response.errors)
        } else {
            Self::Next(Box::new(response))
        }
    }

    /// One of the answers to a subscription.
    fn one_of(response: Response) -> Self {
        if has_no_data(&response) || response.errors.iter().any(is_ours) {
            Self::Failed(response.errors)
        } else {
            Self::Next(Box::new(response))
        }
    }

    /// Why an operation is not executed, or no further.
    #[must_use]
    pub fn failed(message: impl Into<String>, code: &'static str) -> Self {
        Self::Failed(vec![coded(message, code)])
    }

    /// What is wrong with it.
    pub fn errors_mut(&mut self) -> &mut [ServerError] {
        match self {
            Self::Next(response) => &mut response.errors,
            Self::Failed(errors) => errors,
        }
    }
}

/// Executes the subscription that `request` carries, which was `admitted`. The fields of answers are
/// in the order of the selection, and every error has a code.
///
/// It ends with the first answer for which Orlo failed: whoever starts it again with the last cursor
/// seen then gets that one too.
pub fn subscribe(
    schema: &OrloSchema,
    request: Request,
    admitted: Admitted,
) -> BoxStream<'static, Answer> {
    let responses = schema.execute_stream(request);
    let answers = responses.map(move |response| {
        let response = admitted.shape(response);
        Answer::one_of(with_codes(response))
    });
    until_failed(answers.boxed()).boxed()
}

fn is_ours(error: &ServerError) -> bool {
    code_of(error) == Some(code::INTERNAL)
}

/// The answers up to the first failure, which is the last.
fn until_failed(
    answers: BoxStream<'static, Answer>,
) -> impl futures_util::Stream<Item = Answer> + Send {
    stream::unfold(Some(answers), |answers| async {
        let mut answers = answers?;
        let answer = answers.next().await?;
        let rest = matches!(answer, Answer::Next(_)).then_some(answers);
        Some((answer, rest))
    })
}
