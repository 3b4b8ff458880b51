//! SQLite without sqlx: in the thread that asks.

use std::path::Path;
use std::time::Duration;

use entity::row::Value as Found;
use rusqlite::types::{Null, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, OpenFlags};
use sea_orm::{DbErr, RuntimeErr, Statement, Value, Values};
use uuid::Uuid;

/// Opens the file at `path`, to read, and to keep as many KiB of it in memory. Whoever would have to wait asks
/// in another way.
///
/// # Errors
/// When it cannot be opened.
pub fn open_to_read(path: &Path, kibibytes: u32) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    // Negative numbers are not of pages.
    connection.pragma_update(None, "cache_size", -i64::from(kibibytes))?;
    Ok(connection)
}

/// A value as rows have it; none of a kind that they have not.
pub fn found(value: ValueRef<'_>) -> Option<Found<'_>> {
    Some(match value {
        ValueRef::Null => Found::Null,
        ValueRef::Integer(number) => Found::Integer(number),
        ValueRef::Text(text) => Found::Text(std::str::from_utf8(text).ok()?),
        ValueRef::Blob(bytes) => Found::Id(Uuid::from_slice(bytes).ok()?),
        ValueRef::Real(_) => return None,
    })
}

/// An error of SQLite, as one of a database.
pub fn failed(error: &Error) -> DbErr {
    DbErr::Exec(RuntimeErr::Internal(error.to_string()))
}

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
