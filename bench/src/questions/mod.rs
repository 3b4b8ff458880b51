//! What the server is asked, with what it must answer.

mod lists;
mod numbers;
mod record;

use serde_json::{Value, json};

use crate::check;
use crate::knowledge::Knowledge;
use crate::process::Server;

pub use record::is_recording;

/// Stands in a body where each request has a number of its own, of as many digits.
pub const UNIQUE: &str = "@@@@@@@@@@@@";

/// Whether a question is among those that are named; all are when none is.
pub fn is_wanted(code: &str, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|only| only.eq_ignore_ascii_case(code))
}

/// One kind of request.
pub struct Question {
    /// What it is called, e.g. `Q1`; the operation has the same name.
    pub code: &'static str,
    pub title: &'static str,
    pub cases: Vec<Case>,
}

/// One request of that kind.
pub struct Case {
    /// The JSON that is sent.
    pub body: String,
    /// What the data of the answer must hold.
    expected: Value,
}

impl Question {
    fn new(code: &'static str, title: &'static str) -> Self {
        Self {
            code,
            title,
            cases: Vec::new(),
        }
    }

    fn case(&mut self, query: &str, variables: &Value, expected: Value) {
        let name = self.code;
        let body = json!({ "query": query, "operationName": name, "variables": variables });
        self.cases.push(Case {
            body: body.to_string(),
            expected,
        });
    }

    /// Sends each case once.
    ///
    /// # Errors
    /// When an answer is wrong.
    pub fn check(&self, server: &Server) -> anyhow::Result<()> {
        for (number, case) in (0_u64..).zip(&self.cases) {
            let body = case.body.replace(UNIQUE, &format!("{number:012}"));
            let answer = server.ask(&body)?;
            if let Err(difference) = check::contains(&answer, &case.expected) {
                anyhow::bail!(
                    "{} is answered wrongly: {difference}; the request: {body}",
                    self.code
                );
            }
        }
        Ok(())
    }
}

/// All of them, for the database behind this server: ids and cursors are its own.
///
/// # Errors
/// When the server does not answer what they are made with.
pub fn all(known: &Knowledge, server: &Server) -> anyhow::Result<Vec<Question>> {
    let [by_id, less_by_id] = lists::by_id(known, server)?;
    let [failed, few_failed] = lists::failed(known);
    Ok(vec![
        numbers::none(),
        lists::latest(known),
        failed,
        few_failed,
        by_id,
        less_by_id,
        lists::middle(known, server)?,
        lists::first_page(known),
        numbers::of_team(known),
        lists::deployments(known),
        numbers::by_day(known),
        numbers::by_team_and_status(known),
        numbers::current(known),
        numbers::over_all(known),
        numbers::of_every_team(known),
        numbers::by_week_and_team(known),
        record::record(),
    ])
}
