//! Questions about records whose ids are given.

use std::sync::Arc;

use entity::row::{Columns, Row};
use quick_cache::sync::Cache;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{DbBackend, Statement, Value, Values};
use uuid::Uuid;

use super::plan::{self, Planning};
use super::{call, column, read};
use crate::service::{Result, Service};

/// How many statements are kept. There are as many as there are questions and selections of columns.
const MAX_WRITTEN: usize = 1_000;

/// What tells questions apart that are kept: what is asked, and the columns that are wanted.
pub type Subject = (&'static str, Columns);

/// What such questions are written as, each about one record or several; cheap to clone.
#[derive(Clone, Debug)]
pub struct Written(Arc<Cache<(Subject, bool), Arc<Template>>>);

/// A statement but for the ids.
#[derive(Debug)]
struct Template {
    statement: Statement,
    /// Which of its values is the ids.
    place: usize,
}

impl Default for Written {
    fn default() -> Self {
        Self(Arc::new(Cache::new(MAX_WRITTEN)))
    }
}

impl Template {
    /// Remembers `statement`, which is about `ids`; not if they are not one of its values.
    fn of(statement: &Statement, ids: &Value) -> Option<Self> {
        let mut values = statement.values.iter().flat_map(Values::iter);
        let mut template = Self {
            place: values.position(|value| value == ids)?,
            statement: statement.clone(),
        };
        // There may have been many.
        template.statement = template.about(Value::Bool(None));
        Some(template)
    }

    fn about(&self, ids: Value) -> Statement {
        let mut statement = self.statement.clone();
        let values = statement.values.as_mut();
        if let Some(place) = values.and_then(|values| values.0.get_mut(self.place)) {
            *place = ids;
        }
        statement
    }
}

/// Holds when `column` is one of `ids`. They go as one parameter, so that there may be any number
/// of them and the statement stays the same; only that SQLite is told when it is one, which it finds
/// more quickly.
pub fn among(service: &Service, column: Expr, ids: &[Uuid]) -> Expr {
    let list = Expr::val(list(service, ids));
    if service.database.backend() == DbBackend::Postgres {
        return column.eq(PgFunc::any(unseen(list)));
    }
    if is_one(ids) {
        return column.eq(list);
    }
    let members = Query::select()
        .expr(call("unhex", [Expr::col("value")]))
        .from_function(Func::cust("json_each").arg(list), "members")
        .take();
    column.in_subquery(members)
}

/// All rows of the query that `build` makes of the condition that a column, given with its table, is
/// one of `ids`. The query must be the same whenever `subject` is: only the first time it is made and
/// written, which takes a good part of the time of a small question.
pub async fn rows_among<T: Row>(
    service: &Service,
    subject: Subject,
    ((table, name), ids): ((&'static str, &'static str), &[Uuid]),
    build: impl Fn(Expr) -> SelectStatement,
) -> Result<Vec<T>> {
    let (backend, columns) = (service.database.backend(), subject.1);
    let built = || {
        let query = build(among(service, column(table, name), ids));
        plan::build(backend, &query, Planning::Freely)
    };
    let key = (subject, is_one(ids));
    let statement = if let Some(template) = service.written.0.get(&key) {
        let statement = template.about(list(service, ids));
        debug_assert_eq!(statement, built(), "two questions are called {subject:?}");
        statement
    } else {
        let statement = built();
        if let Some(template) = Template::of(&statement, &list(service, ids)) {
            service.written.0.insert(key, Arc::new(template));
        }
        statement
    };
    read::read_statement(service, statement, columns, T::take).await
}

const fn is_one(ids: &[Uuid]) -> bool {
    ids.len() == 1
}

/// `ids` as one parameter.
fn list(service: &Service, ids: &[Uuid]) -> Value {
    if service.database.backend() == DbBackend::Postgres {
        return ids.to_vec().into();
    }
    if let &[id] = ids {
        return id.into();
    }
    let list: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
    serde_json::json!(list).to_string().into()
}

/// A list that the planner of PostgreSQL does not look into. Where it sees one with few members, it
/// takes each time to be worth a plan of its own, which takes longer than to find them.
fn unseen(list: Expr) -> Expr {
    let list = Query::select().expr(list).take();
    Expr::from(list).cast_as("uuid[]")
}
