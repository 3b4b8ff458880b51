//! Where the two databases need different words for the same table or index.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::StepResult;

/// A text column that is compared and sorted byte for byte on both databases. SQLite does so by
/// itself; PostgreSQL would use the rules of the database's language.
pub fn text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.text();
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// A time in Unix milliseconds.
pub fn time(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer();
    column
}

/// Turns a table of small rows whose primary key says it all into one tree of SQLite, sorted by
/// that key, so that no second look-up is needed. PostgreSQL has nothing of the kind.
pub fn clustered(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
}

/// Which rows an index holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Every row.
    All,
    /// Only rows that are not deleted, which is what every list asks for.
    Living,
}

/// Creates an index that serves `ORDER BY ... NULLS LAST`. `columns` are written as in SQL;
/// one that ends in `DESC?` is descending and may be null.
pub async fn index(
    manager: &SchemaManager<'_>,
    table: &str,
    name: &str,
    columns: &[&str],
    rows: Rows,
) -> StepResult {
    // PostgreSQL keeps nulls first in descending order unless told otherwise; SQLite keeps them
    // last and refuses to be told.
    let nullable = match manager.get_database_backend() {
        DbBackend::Postgres => "DESC NULLS LAST",
        _ => "DESC",
    };
    let columns = columns.join(", ").replace("DESC?", nullable);
    let condition = match rows {
        Rows::All => "",
        Rows::Living => " WHERE deleted_at IS NULL",
    };
    let sql = format!("CREATE INDEX {name} ON {table} ({columns}){condition}");
    manager.get_connection().execute_unprepared(&sql).await?;
    Ok(())
}

/// Drops the tables, given children first.
pub async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> StepResult {
    for table in tables {
        manager
            .drop_table(Table::drop().table(*table).to_owned())
            .await?;
    }
    Ok(())
}
