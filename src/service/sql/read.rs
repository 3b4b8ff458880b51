//! Reading rows.
//!
//! SQLite hands rows over one by one from a thread of its own, each value copied by itself; that
//! costs more than finding them. So it makes one text of all rows, as JSON, which crosses once.

use std::collections::HashMap;
use std::hash::Hash;

use entity::row::{Cells, Columns, Json, Kind, Row};
use sea_orm::sea_query::{SelectStatement, SqliteQueryBuilder};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, Iterable, RuntimeErr, sqlx,
};

use super::bundle::{self, Question};
use crate::service::{Error, Result, Service};

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
    read(service, query, columns, T::take).await
}

/// What `take` makes of each row of `query`, which selects what it takes, in that order.
pub async fn read<T>(
    service: &Service,
    query: &SelectStatement,
    columns: Columns,
    take: impl Fn(&mut Cells<'_>) -> std::result::Result<T, DbErr>,
) -> Result<Vec<T>> {
    if service.database.backend() == DbBackend::Sqlite {
        let kinds = Cells::kinds(columns, &take)?;
        match bundle::ask(service, as_json(query, &kinds)).await {
            // A text of more than a gigabyte.
            Err(Error::Database(error)) if is_too_big(&error) => (),
            json => return parse(&json?, columns, take),
        }
    }
    let rows = service.reader().query_all(query).await?;
    let rows = rows.iter().map(|row| take(&mut Cells::of(row, columns)?));
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// All rows of `query`, whose values are of these kinds, as one JSON text: a list of lists.
fn as_json(query: &SelectStatement, kinds: &[Kind]) -> Question {
    let (rows, values) = query.build(SqliteQueryBuilder);
    let names: Vec<_> = (0..kinds.len()).map(|place| format!("c{place}")).collect();
    let cells = names.iter().zip(kinds).map(|(name, kind)| match kind {
        Kind::AsIs => name.clone(),
        Kind::Bytes => format!("hex({name})"),
    });
    let (cells, names) = (cells.collect::<Vec<_>>().join(", "), names.join(", "));
    let json = format!("json_group_array(json_array({cells}))");
    Question {
        sql: format!("WITH r({names}) AS ({rows}) SELECT {json} FROM r"),
        values: values.0,
    }
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
