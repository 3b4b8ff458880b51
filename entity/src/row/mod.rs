//! Reading rows by the place of their values.
//!
//! By name, each value is looked up in a table of names, and each null becomes an error first: most
//! of what a page costs that holds thousands of values. Here rows take their values from left to
//! right, in the order in which the columns were selected, and only those that were.

mod cell;
mod columns;
mod json;
mod rows;

use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::sqlite::SqliteRow;
use sea_orm::sqlx::{Decode, Postgres, Row as _, Sqlite};
use sea_orm::{DbErr, QueryResult, RuntimeErr};

pub use self::cell::{Cell, Stored};
pub use self::columns::Columns;
pub use self::json::Kind;
pub use self::rows::{RowOf, Rows, Value};

/// What a row of a result becomes.
pub trait Row: Sized {
    /// Takes its values, in the order in which they were selected.
    ///
    /// # Errors
    /// When a value is missing or not what it should be.
    fn take(cells: &mut Cells<'_>) -> Result<Self, DbErr>;
}

impl<A: Row, B: Row> Row for (A, B) {
    fn take(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        Ok((A::take(cells)?, B::take(cells)?))
    }
}

impl<T: Cell> Row for T {
    fn take(cells: &mut Cells<'_>) -> Result<Self, DbErr> {
        cells.take()
    }
}

/// The values of a row of a result that are not taken yet.
pub struct Cells<'a> {
    values: Values<'a>,
    columns: Columns,
    /// Which column is next, and which value.
    column: usize,
    value: usize,
}

enum Values<'a> {
    Postgres(&'a PgRow),
    Sqlite(&'a SqliteRow),
    /// Apart from the database.
    Kept(RowOf<'a>),
    /// There is no row; what is taken is noted.
    Noted(Vec<Kind>),
}

impl<'a> Cells<'a> {
    /// The values of `row`, which has `columns` and no other ones of the first table in it.
    ///
    /// # Errors
    /// When it comes from a database of another kind.
    pub fn of(row: &'a QueryResult, columns: Columns) -> Result<Self, DbErr> {
        let values = match (row.try_as_sqlite_row(), row.try_as_pg_row()) {
            (Some(row), _) => Values::Sqlite(row),
            (_, Some(row)) => Values::Postgres(row),
            _ => return Err(DbErr::Custom("a row of an unknown database".to_owned())),
        };
        Ok(Self::new(values, columns))
    }

    /// The values of a row apart from the database; see [`Cells::kinds`] for those that come as JSON.
    #[must_use]
    pub const fn of_kept(row: RowOf<'a>, columns: Columns) -> Self {
        Self::new(Values::Kept(row), columns)
    }

    /// What `take` takes, value by value.
    ///
    /// # Errors
    /// What `take` fails with.
    pub fn kinds<T>(
        columns: Columns,
        take: impl FnOnce(&mut Self) -> Result<T, DbErr>,
    ) -> Result<Vec<Kind>, DbErr> {
        let mut cells = Self::new(Values::Noted(Vec::new()), columns);
        take(&mut cells)?;
        match cells.values {
            Values::Noted(kinds) => Ok(kinds),
            _ => Ok(Vec::new()),
        }
    }

    const fn new(values: Values<'a>, columns: Columns) -> Self {
        Self {
            values,
            columns,
            column: 0,
            value: 0,
        }
    }

    /// The next value. Of a column that was not selected it is one that means nothing.
    ///
    /// # Errors
    /// When it is missing or not what it should be.
    pub fn take<T: Cell>(&mut self) -> Result<T, DbErr> {
        let is_selected = self.columns.has(self.column);
        self.column += 1;
        if !is_selected {
            return Ok(T::absent());
        }
        self.value += 1;
        if let Values::Noted(kinds) = &mut self.values {
            kinds.push(T::KIND);
            return Ok(T::absent());
        }
        T::of(self, self.value - 1)
    }

    /// The value at `place`, which is stored as it is; none when it is null.
    fn get<T>(&self, place: usize) -> Result<Option<T>, DbErr>
    where
        T: rows::FromValue + Decode<'a, Postgres> + Decode<'a, Sqlite>,
        Option<T>: Decode<'a, Postgres> + Decode<'a, Sqlite>,
    {
        let value = match &self.values {
            Values::Postgres(row) => row.try_get_unchecked(place),
            Values::Sqlite(row) => row.try_get_unchecked(place),
            Values::Kept(row) => return row.get(place),
            Values::Noted(_) => return Ok(None),
        };
        value.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}

/// Says in which order a row takes its values: that of the columns of its table.
macro_rules! row {
    ($($field:ident),* $(,)?) => {
        impl $crate::row::Row for Model {
            fn take(cells: &mut $crate::row::Cells<'_>) -> Result<Self, DbErr> {
                Ok(Self { $($field: cells.take()?),* })
            }
        }
    };
}
pub(crate) use row;
