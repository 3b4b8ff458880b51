//! Questions that are asked at the same time for one request, in one statement.
//!
//! A statement costs SQLite little and the way to its thread and back a lot. What belongs to the
//! records of a page, such as their packages and platforms, is asked for concurrently; here those
//! questions become the columns of one row.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, Query, SelectStatement};
use tokio::sync::oneshot;

use crate::service::{Error, Result, Service};

/// Questions in one statement at most.
const MAX_QUESTIONS: usize = 32;

/// The questions of one request that are not asked yet; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bundle(Arc<Mutex<Vec<Question>>>);

#[derive(Debug)]
struct Question {
    query: SelectStatement,
    answer: oneshot::Sender<Result<String>>,
}

/// The answer to `query`, which has one text for an answer.
pub async fn ask(service: &Service, query: SelectStatement) -> Result<String> {
    let Some(bundle) = &service.bundle else {
        return ask_alone(service, query).await;
    };
    let (answer, answered) = oneshot::channel();
    let question = Question {
        query: query.clone(),
        answer,
    };
    if bundle.add(question) {
        // Lets those that ask at the same time come along.
        tokio::task::yield_now().await;
        ask_all(service, bundle.take()).await;
    }
    match answered.await {
        Ok(answer) => answer,
        // Whoever asked for all has gone away, or got no answer for all.
        Err(_) => ask_alone(service, query).await,
    }
}

impl Bundle {
    /// Adds a question. Whether it is the first one, whose asker asks for all.
    fn add(&self, question: Question) -> bool {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        questions.push(question);
        questions.len() == 1
    }

    fn take(&self) -> Vec<Question> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn ask_all(service: &Service, mut questions: Vec<Question>) {
    while !questions.is_empty() {
        let rest = questions.split_off(questions.len().min(MAX_QUESTIONS));
        let (queries, answers): (Vec<_>, Vec<_>) = questions
            .into_iter()
            .map(|question| (question.query, question.answer))
            .unzip();
        match ask_together(service, queries).await {
            Ok(texts) => {
                // Who does not listen any more needs no answer.
                for (answer, text) in answers.into_iter().zip(texts) {
                    let _ = answer.send(Ok(text));
                }
            }
            // Each tells what is wrong with it, and the others are none the worse for it.
            Err(_) if answers.len() > 1 => drop(answers),
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
        questions = rest;
    }
}

async fn ask_alone(service: &Service, query: SelectStatement) -> Result<String> {
    let texts = ask_together(service, vec![query]).await?;
    texts.into_iter().next().ok_or_else(no_answer)
}

async fn ask_together(service: &Service, queries: Vec<SelectStatement>) -> Result<Vec<String>> {
    let count = queries.len();
    let mut all = Query::select();
    let scalar = |query: SelectStatement| Expr::SubQuery(None, Box::new(query.into()));
    all.exprs(queries.into_iter().map(scalar));
    let row = service.reader().query_one(&all).await?;
    let row = row.ok_or_else(no_answer)?;
    let texts = (0..count).map(|place| row.try_get_by_index(place));
    Ok(texts.collect::<std::result::Result<_, _>>()?)
}

fn no_answer() -> Error {
    Error::Corrupt("a statement that always has one row has none".to_owned())
}
