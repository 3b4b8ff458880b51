//! SQLite without sqlx: in the thread that asks.

use rusqlite::types::Null;
use rusqlite::{CachedStatement, Connection, Error};
use sea_orm::{Statement, Value, Values};

/// `statement` with its values bound, ready to be executed; the connection keeps it prepared.
///
/// # Errors
/// When it is no statement, or has a value of a kind that Orlo does not use.
pub fn prepare<'a>(
    connection: &'a Connection,
    statement: &Statement,
) -> Result<CachedStatement<'a>, Error> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let values = statement.values.iter().flat_map(Values::iter);
    for (place, value) in (1..).zip(values) {
        bind(&mut prepared, place, value)?;
    }
    Ok(prepared)
}

/// Executes a statement without values and rows.
///
/// # Errors
/// When SQLite does.
pub fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// As sqlx does it.
fn bind(prepared: &mut rusqlite::Statement<'_>, place: usize, value: &Value) -> Result<(), Error> {
    match value {
        Value::Bool(Some(it)) => prepared.raw_bind_parameter(place, it),
        Value::Int(Some(it)) => prepared.raw_bind_parameter(place, it),
        Value::BigInt(Some(it)) => prepared.raw_bind_parameter(place, it),
        Value::BigUnsigned(Some(it)) => match i64::try_from(*it) {
            Ok(it) => prepared.raw_bind_parameter(place, it),
            Err(_) => Err(Error::InvalidQuery),
        },
        Value::String(Some(it)) => prepared.raw_bind_parameter(place, it.as_str()),
        Value::Uuid(Some(it)) => prepared.raw_bind_parameter(place, &it.as_bytes()[..]),
        Value::Bool(None)
        | Value::Int(None)
        | Value::BigInt(None)
        | Value::BigUnsigned(None)
        | Value::String(None)
        | Value::Uuid(None) => prepared.raw_bind_parameter(place, Null),
        _ => Err(Error::InvalidQuery),
    }
}
