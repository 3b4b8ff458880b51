//! Questions that are asked at the same time for one request, in one statement.
//!
//! A statement costs SQLite little and the way to its thread and back a lot. What belongs to the records
//! of a page, such as their packages and platforms, is asked for concurrently; here those questions
//! become the columns of one row.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use tokio::sync::oneshot;

use crate::service::{Error, Result, Service};

/// Questions in one statement at most.
const MAX_QUESTIONS: usize = 32;

/// The questions of one request that are not asked yet; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bundle(Arc<Mutex<Vec<Waiting>>>);

/// A statement of SQLite that has one text for an answer.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its text, in which every parameter is a `?`.
    pub sql: String,
    /// The parameters.
    pub values: Vec<Value>,
}

/// A question that waits to be asked, and who waits for the answer.
type Waiting = (Question, oneshot::Sender<Result<String>>);

/// The answer to `question`.
pub async fn ask(service: &Service, question: Question) -> Result<String> {
    let Some(bundle) = &service.bundle else {
        return ask_alone(service, question).await;
    };
    let (answer, answered) = oneshot::channel();
    if bundle.add((question.clone(), answer)) {
        // Lets those that ask at the same time come along.
        tokio::task::yield_now().await;
        ask_all(service, bundle.take()).await;
    }
    match answered.await {
        Ok(answer) => answer,
        // Whoever asked for all has gone away, or got no answer for all.
        Err(_) => ask_alone(service, question).await,
    }
}

impl Bundle {
    /// Adds a question. Whether it is the first one, whose asker asks for all.
    fn add(&self, question: Waiting) -> bool {
        let mut questions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        questions.push(question);
        questions.len() == 1
    }

    fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn ask_all(service: &Service, mut waiting: Vec<Waiting>) {
    while !waiting.is_empty() {
        let rest = waiting.split_off(waiting.len().min(MAX_QUESTIONS));
        let (questions, answers): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        match ask_together(service, questions).await {
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
        waiting = rest;
    }
}

async fn ask_alone(service: &Service, question: Question) -> Result<String> {
    let texts = ask_together(service, vec![question]).await?;
    texts.into_iter().next().ok_or_else(no_answer)
}

async fn ask_together(service: &Service, questions: Vec<Question>) -> Result<Vec<String>> {
    let count = questions.len();
    let (mut all, mut values) = (String::from("SELECT"), Vec::new());
    for (index, question) in questions.into_iter().enumerate() {
        all.push_str(if index == 0 { " (" } else { ", (" });
        all.push_str(&question.sql);
        all.push(')');
        values.extend(question.values);
    }
    let all = Statement::from_sql_and_values(DbBackend::Sqlite, all, values);
    let row = service.reader().query_one_raw(all).await?;
    let row = row.ok_or_else(no_answer)?;
    let texts = (0..count).map(|place| row.try_get_by_index(place));
    Ok(texts.collect::<std::result::Result<_, _>>()?)
}

fn no_answer() -> Error {
    Error::Corrupt("a statement that always has one row has none".to_owned())
}
