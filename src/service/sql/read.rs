//! Reading rows.
//!
//! SQLite hands rows over one by one from a thread of its own, each value copied by itself; that
//! costs more than finding them. So it makes one text of all rows, as JSON, which crosses once.
//! PostgreSQL is quick with rows and slow with JSON; there that pays only for what belongs to a few
//! records, when several such questions are asked at the same time.

use std::collections::HashMap;
use std::hash::Hash;

use entity::row::{Cells, Columns, Json, Kind, Row};
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
    let kinds = Cells::kinds(columns, &take)?;
    match read_as_text(service, &statement, &kinds).await {
        // A text of more than a gigabyte.
        Some(Err(Error::Database(error))) if is_too_big(&error) => (),
        Some(json) => return parse(&json?, columns, take),
        None => (),
    }
    let rows = service.reader().query_all_raw(statement).await?;
    let rows = rows.iter().map(|row| take(&mut Cells::of(row, columns)?));
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The rows of `statement` as one text; none when it is quicker to read them one by one.
async fn read_as_text(
    service: &Service,
    statement: &Statement,
    kinds: &[Kind],
) -> Option<Result<String>> {
    let is_sqlite = statement.db_backend == DbBackend::Sqlite;
    if !is_sqlite && !asks_about_few(statement) {
        return None;
    }
    let question = || Question::new(statement, kinds);
    match bundle::ask_with_others(service, question()).await {
        None if is_sqlite => Some(bundle::ask_alone(service, question()).await),
        answer => answer,
    }
}

/// Whether `statement` asks for what belongs to a few records, as [`among`](super::among) writes it.
fn asks_about_few(statement: &Statement) -> bool {
    let values = statement.values.iter().flat_map(sea_orm::Values::iter);
    let mut lists = values.filter_map(|value| match value {
        Value::Array(_, Some(list)) => Some(list.len()),
        _ => None,
    });
    lists.next().is_some_and(|count| count <= FEW) && lists.all(|count| count <= FEW)
}

fn parse<T>(
    json: &str,
    columns: Columns,
    take: impl Fn(&mut Cells<'_>) -> std::result::Result<T, DbErr>,
) -> Result<Vec<T>> {
    let rows: Vec<Vec<Json<'_>>> = serde_json::from_str(json)
        .map_err(|error| Error::Corrupt(format!("rows cannot be read: {error}")))?;
    let rows = rows
        .iter()
        .map(|row| take(&mut Cells::of_json(row, columns)));
    Ok(rows.collect::<std::result::Result<_, _>>()?)
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
