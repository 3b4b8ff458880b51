//! Executing operations that may have many answers.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Response, ServerError, Value};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::OrloSchema;
use super::error::{code, with_codes};
use super::execute::admit;

/// One of the answers to an operation.
#[derive(Debug)]
pub enum Answer {
    /// A result; there may be others.
    Next(Box<Response>),
    /// Why there is no result; it is the last answer.
    Failed(Vec<ServerError>),
}

/// Executes the operation that `request` carries, unless it asks for too much or for what the caller in
/// its data may not: a subscription, which has any number of answers, or another one, which has one. The
/// fields of answers are in the order of the selection, and every error has a code.
///
/// A subscription ends with the first answer for which Orlo failed: whoever starts it again with the
/// last cursor seen then gets that one too.
pub fn subscribe(schema: &OrloSchema, mut request: Request) -> BoxStream<'static, Answer> {
    let admitted = match admit(schema, &mut request) {
        Ok(admitted) => Arc::new(admitted),
        Err(error) => return failed(vec![error]),
    };
    let is_subscription = admitted.kind() == Some(OperationType::Subscription);
    let responses = schema.execute_stream(request);
    let answers = responses.map(move |response| {
        let response = admitted.shape(response);
        answer(with_codes(response), is_subscription)
    });
    until_failed(answers.boxed()).boxed()
}

fn answer(response: Response, is_subscription: bool) -> Answer {
    let has_no_data = response.data == Value::Null && !response.errors.is_empty();
    let was_refused = has_no_data && response.errors.iter().all(|error| error.path.is_empty());
    let is_over = is_subscription && (has_no_data || response.errors.iter().any(is_ours));
    if was_refused || is_over {
        Answer::Failed(response.errors)
    } else {
        Answer::Next(Box::new(response))
    }
}

fn is_ours(error: &ServerError) -> bool {
    let extensions = error.extensions.as_ref();
    extensions.and_then(|extensions| extensions.get("code")) == Some(&code::INTERNAL.into())
}

fn failed(errors: Vec<ServerError>) -> BoxStream<'static, Answer> {
    stream::once(async { Answer::Failed(errors) }).boxed()
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
