//! Reading rows.
//!
//! Small questions to SQLite are answered on the spot. Over a reader, SQLite hands rows over one by one
//! from a thread of its own, each value copied by itself; that costs more than finding them. So it
//! makes one text of all rows, as JSON, which crosses once. PostgreSQL is quick with rows and slow
//! with JSON; there that pays only for what belongs to a few records, when several such questions are
//! asked at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use entity::row::{Cells, Columns, Row, Rows};
use sea_orm::sea_query::{SelectStatement, Value};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iterable, RuntimeErr, Statement,
    sqlx,
};

use super::bundle::{self, Question};
use super::plan::{self, Planning};
use crate::service::{Error, Result, Service};

/// Up to how many records are few: with about twice as many, PostgreSQL takes as long to make JSON
/// of what belongs to them as it takes to ask once more.
const FEW: usize = 16;

/// What SQLite says when a text would be longer than it can make one.
const TOO_BIG: &str = "18";

/// Makes `query` select `columns` of the table of `E`, and nothing else.
pub fn select<E: EntityTrait>(query: &mut SelectStatement, columns: Columns) {
    let wanted = E::Column::iter().enumerate();
    let wanted = wanted.filter(|(place, _)| columns.has(*place));
    query
        .clear_selects()
        .columns(wanted.map(|(_, column)| column.as_column_ref()));
}

/// All rows of `query`, which selects everything that such a row holds, in its order.
pub async fn rows<T: Row>(service: &Service, query: &SelectStatement) -> Result<Vec<T>> {
    rows_with(service, query, Columns::ALL).await
}

/// All rows of `query`, which selects no more than `columns` of the first table in them.
pub async fn rows_with<T: Row>(
    service: &Service,
    query: &SelectStatement,
    columns: Columns,
) -> Result<Vec<T>> {
    read(service, (query, Planning::Freely), columns, T::take).await
}

/// What `take` makes of each row of `query`, which selects what it takes, in that order.
pub async fn read<T>(
    service: &Service,
    (query, planning): (&SelectStatement, Planning),
    columns: Columns,
    take: impl Fn(&mut Cells<'_>) -> std::result::Result<T, DbErr>,
) -> Result<Vec<T>> {
    let statement = plan::build(service.database.backend(), query, planning);
    read_statement(service, statement, columns, take).await
}

/// The same of each row of `statement`.
pub(super) async fn read_statement<T>(
    service: &Service,
    statement: Statement,
    columns: Columns,
    take: impl Fn(&mut Cells<'_>) -> std::result::Result<T, DbErr>,
) -> Result<Vec<T>> {
    let kinds = Cells::kinds(columns, &take)?;
    let question = Arc::new(Question { statement, kinds });
    match read_at_once(service, &question).await {
        // A text of more than a gigabyte.
        Some(Err(Error::Database(error))) if is_too_big(&error) => (),
        Some(rows) => {
            let rows = rows?;
            let rows = rows
                .iter()
                .map(|row| take(&mut Cells::of_kept(row, columns)));
            return Ok(rows.collect::<std::result::Result<_, _>>()?);
        }
        None => (),
    }
    let statement = Arc::unwrap_or_clone(question).statement;
    let rows = service.reader().query_all_raw(statement).await?;
    let rows = rows.iter().map(|row| take(&mut Cells::of(row, columns)?));
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// All rows of a statement at once; none when it is quicker to read them one by one.
async fn read_at_once(service: &Service, question: &Arc<Question>) -> Option<Result<Rows>> {
    let is_sqlite = question.statement.db_backend == DbBackend::Sqlite;
    if !is_sqlite && !asks_about_few(&question.statement) {
        return None;
    }
    match bundle::ask_with_others(service, question).await {
        None if is_sqlite => Some(bundle::ask_alone(service, question).await),
        answer => answer,
    }
}

/// Whether `statement` asks for what belongs to a few records, as [`among`](super::among()) writes it.
fn asks_about_few(statement: &Statement) -> bool {
    let values = statement.values.iter().flat_map(sea_orm::Values::iter);
    let mut lists = values.filter_map(|value| match value {
        Value::Array(_, Some(list)) => Some(list.len()),
        _ => None,
    });
    lists.next().is_some_and(|count| count <= FEW) && lists.all(|count| count <= FEW)
}

fn is_too_big(error: &DbErr) -> bool {
    let (DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) =
        error
    else {
        return false;
    };
    let error: &sqlx::Error = error;
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some(TOO_BIG)
}

/// Rows by what `key` takes them for, each group in their order.
pub fn grouped<K: Eq + Hash, T>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
