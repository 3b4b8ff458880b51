//! Questions that are asked at the same time for one request, in one statement.
//!
//! A statement costs a database little and the way to it and back a lot. What belongs to the
//! records of a page, such as their packages and platforms, is asked for concurrently; here those
//! questions become the columns of one row, each of them one JSON text: a list of lists.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use entity::row::Kind;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use tokio::sync::oneshot;

use super::plan::rewrite;
use crate::service::{Error, Result, Service};

/// Questions in one statement at most.
const MAX_QUESTIONS: usize = 32;

/// The questions of one request that are not asked yet; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bundle(Arc<Mutex<Vec<Waiting>>>);

/// A statement whose rows are to become one text.
#[derive(Clone, Debug)]
pub struct Question {
    sql: String,
    values: Vec<Value>,
}

/// A question that waits to be asked, and who waits for the answer.
type Waiting = (Question, oneshot::Sender<Result<String>>);

/// The answer to `question` that came with those to others; none when they could not be answered
/// together, and from PostgreSQL when there were no others: one by one, it is quicker with rows.
pub async fn ask_with_others(service: &Service, question: Question) -> Option<Result<String>> {
    let bundle = service.bundle.as_ref()?;
    let (answer, answered) = oneshot::channel();
    if bundle.add((question, answer)) {
        // Lets those that ask at the same time come along.
        tokio::task::yield_now().await;
        ask_all(service, bundle.take()).await;
    }
    // Without an answer, whoever asked for all has gone away, or got none for all.
    answered.await.ok()
}

/// The answer to `question`.
///
/// # Errors
/// When the database fails.
pub async fn ask_alone(service: &Service, question: Question) -> Result<String> {
    let texts = ask_together(service, vec![question]).await?;
    texts.into_iter().next().ok_or_else(no_answer)
}

impl Question {
    /// Asks for the rows of `statement`, whose values are of these kinds.
    pub fn new(statement: &Statement, kinds: &[Kind]) -> Self {
        let is_sqlite = statement.db_backend == DbBackend::Sqlite;
        let names: Vec<_> = (0..kinds.len()).map(|place| format!("c{place}")).collect();
        let cells = names.iter().zip(kinds).map(|(name, kind)| match kind {
            Kind::Bytes if is_sqlite => format!("hex({name})"),
            _ => name.clone(),
        });
        let (cells, names) = (cells.collect::<Vec<_>>().join(", "), names.join(", "));
        let json = if is_sqlite {
            format!("json_group_array(json_array({cells}))")
        } else {
            format!("coalesce(json_agg(json_build_array({cells})), '[]')::text")
        };
        let rows = &statement.sql;
        Self {
            sql: format!("WITH r({names}) AS ({rows}) SELECT {json} FROM r"),
            values: statement.values.clone().map_or_else(Vec::new, |it| it.0),
        }
    }

    /// Adds it to the text of a statement that has `before` parameters so far.
    fn write(&self, text: &mut String, before: usize) {
        // Those of SQLite are not numbered.
        text.push_str(&rewrite(&self.sql, |text, number| {
            let _ = write!(text, "${}", number + before);
        }));
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
    let fewest = match service.database.backend() {
        DbBackend::Sqlite => 1,
        _ => 2,
    };
    while waiting.len() >= fewest {
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

async fn ask_together(service: &Service, questions: Vec<Question>) -> Result<Vec<String>> {
    let count = questions.len();
    let (mut all, mut values) = (String::from("SELECT"), Vec::new());
    for (index, question) in questions.into_iter().enumerate() {
        all.push_str(if index == 0 { " (" } else { ", (" });
        question.write(&mut all, values.len());
        all.push(')');
        values.extend(question.values);
    }
    let all = Statement::from_sql_and_values(service.database.backend(), all, values);
    let row = service.reader().query_one_raw(all).await?;
    let row = row.ok_or_else(no_answer)?;
    let texts = (0..count).map(|place| row.try_get_by_index(place));
    Ok(texts.collect::<std::result::Result<_, _>>()?)
}

fn no_answer() -> Error {
    Error::Corrupt("a statement that always has one row has none".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(backend: DbBackend, sql: &str, before: usize) -> String {
        let values = [Value::from(1), Value::from(2)];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let question = Question::new(&statement, &[Kind::AsIs, Kind::Bytes]);
        let mut text = String::new();
        question.write(&mut text, before);
        text
    }

    #[test]
    fn parameters_are_counted_on() {
        let text = written(DbBackend::Postgres, "SELECT $1, $2 FROM t LIMIT $12", 9);
        let expected = "WITH r(c0, c1) AS (SELECT $10, $11 FROM t LIMIT $21) \
                        SELECT coalesce(json_agg(json_build_array(c0, c1)), '[]')::text FROM r";
        assert_eq!(text, expected);
    }

    #[test]
    fn sqlite_counts_parameters_itself() {
        let text = written(DbBackend::Sqlite, "SELECT ?, ? FROM t", 9);
        let expected = "WITH r(c0, c1) AS (SELECT ?, ? FROM t) \
                        SELECT json_group_array(json_array(c0, hex(c1))) FROM r";
        assert_eq!(text, expected);
    }
}
