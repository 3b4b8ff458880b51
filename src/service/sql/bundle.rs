//! Questions that are asked at the same time for one request, answered at once.
//!
//! A statement costs a database little and the way to it and back a lot. What belongs to the
//! records of a page, such as their packages and platforms, is asked for concurrently. Small questions
//! to SQLite are answered on the spot; otherwise those questions become the columns of one row here,
//! each of them one JSON text: a list of lists.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use entity::row::{Kind, Rows};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Values};
use tokio::sync::oneshot;

use super::plan::rewrite;
use crate::service::{Error, Result, Service};

/// Questions in one statement at most.
const MAX_QUESTIONS: usize = 32;

/// The questions of one request that are not asked yet; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Bundle(Arc<Mutex<Vec<Waiting>>>);

/// A statement, and of what kinds its values are.
#[derive(Clone, Debug)]
pub struct Question {
    pub statement: Statement,
    pub kinds: Vec<Kind>,
}

/// A question that waits to be asked, and who waits for the answer.
type Waiting = (Arc<Question>, oneshot::Sender<Result<Rows>>);

/// The answer to `question` that came with those to others; none when they could not be answered
/// together, and from PostgreSQL when there were no others: one by one, it is quicker with rows.
pub async fn ask_with_others(service: &Service, question: &Arc<Question>) -> Option<Result<Rows>> {
    let bundle = service.bundle.as_ref()?;
    let (answer, answered) = oneshot::channel();
    if bundle.add((Arc::clone(question), answer)) {
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
pub async fn ask_alone(service: &Service, question: &Arc<Question>) -> Result<Rows> {
    let answers = ask_together(service, &[Arc::clone(question)]).await?;
    answers.into_iter().next().ok_or_else(no_answer)
}

impl Question {
    /// Adds it to `text` as one that makes a JSON text of its rows, in a statement that has `before`
    /// parameters so far.
    fn write(&self, text: &mut String, before: usize) {
        let is_sqlite = self.statement.db_backend == DbBackend::Sqlite;
        let names: Vec<_> = (0..self.kinds.len())
            .map(|place| format!("c{place}"))
            .collect();
        let cells = names
            .iter()
            .zip(&self.kinds)
            .map(|(name, kind)| match kind {
                Kind::Bytes if is_sqlite => format!("hex({name})"),
                _ => name.clone(),
            });
        let (cells, names) = (cells.collect::<Vec<_>>().join(", "), names.join(", "));
        let json = if is_sqlite {
            format!("json_group_array(json_array({cells}))")
        } else {
            format!("coalesce(json_agg(json_build_array({cells})), '[]')::text")
        };
        // Parameters of SQLite are not numbered.
        let rows = rewrite(&self.statement.sql, |text, number| {
            let _ = write!(text, "${}", number + before);
        });
        let _ = write!(text, "WITH r({names}) AS ({rows}) SELECT {json} FROM r");
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
        match ask_together(service, &questions).await {
            Ok(all) => {
                // Who does not listen any more needs no answer.
                for (answer, rows) in answers.into_iter().zip(all) {
                    let _ = answer.send(Ok(rows));
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
        if !waiting.is_empty() {
            // The thread is there for others too.
            tokio::task::yield_now().await;
        }
    }
}

async fn ask_together(service: &Service, questions: &[Arc<Question>]) -> Result<Vec<Rows>> {
    let statements: Vec<_> = questions.iter().map(|it| &it.statement).collect();
    if let Some(answers) = service.database.ask_directly(&statements) {
        return Ok(answers);
    }
    let (mut all, mut values) = (String::from("SELECT"), Vec::new());
    for (index, question) in questions.iter().enumerate() {
        all.push_str(if index == 0 { " (" } else { ", (" });
        question.write(&mut all, values.len());
        all.push(')');
        values.extend(
            question
                .statement
                .values
                .iter()
                .flat_map(Values::iter)
                .cloned(),
        );
    }
    let all = Statement::from_sql_and_values(service.database.backend(), all, values);
    let row = service.reader().query_one_raw(all).await?;
    let row = row.ok_or_else(no_answer)?;
    let answers = (0..questions.len()).map(|place| {
        let text: String = row.try_get_by_index(place)?;
        rows_of(&text)
    });
    answers.collect()
}

fn rows_of(json: &str) -> Result<Rows> {
    let rows = serde_json::from_str(json);
    rows.map_err(|error| Error::Corrupt(format!("rows cannot be read: {error}")))
}

fn no_answer() -> Error {
    Error::Corrupt("a statement that always has one row has none".to_owned())
}

#[cfg(test)]
mod tests {
    use sea_orm::Value;

    use super::*;

    fn written(backend: DbBackend, sql: &str, before: usize) -> String {
        let values = [Value::from(1), Value::from(2)];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let kinds = vec![Kind::AsIs, Kind::Bytes];
        let question = Question { statement, kinds };
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
