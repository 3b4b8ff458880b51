//! Pieces of SQL that both databases understand, and the ways to ask with them.

use std::collections::HashMap;
use std::hash::Hash;

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{
    BinOper, CommonTableExpression, Expr, ExprTrait, Func, IntoIden, Query, SelectStatement,
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, TryGetable};

use super::{Error, Result, Service};

mod among;
mod bundle;
mod plan;
mod read;

pub use among::{Written, among, rows_among};
pub use bundle::Bundle;
pub use plan::Planning;
pub use read::{grouped, read, rows, rows_with, select};

/// What always holds.
pub fn always() -> Expr {
    Expr::custom_keyword("TRUE")
}

/// What never holds.
pub fn never() -> Expr {
    Expr::custom_keyword("FALSE")
}

/// The complement of `condition`: it holds as well where that is unknown because of a null.
pub fn not(condition: Expr) -> Expr {
    condition.binary(BinOper::IsNot, always())
}

/// Holds when all `conditions` do.
pub fn all(conditions: Vec<Expr>) -> Expr {
    balance(conditions, Expr::and).unwrap_or_else(always)
}

/// Holds when at least one of `conditions` does.
pub fn any(conditions: Vec<Expr>) -> Expr {
    balance(conditions, Expr::or).unwrap_or_else(never)
}

/// Joins by halves, because the databases limit how deep an expression may be, not how wide.
fn balance(mut parts: Vec<Expr>, join: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    if parts.len() <= 1 {
        return parts.pop();
    }
    let right = parts.split_off(parts.len() / 2);
    Some(join(balance(parts, join)?, balance(right, join)?))
}

/// A call of the function `name`.
pub fn call(name: &'static str, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Func::cust(name).args(arguments).into()
}

/// Holds when `column` is one of `texts`, of which there may be any number.
pub fn among_texts(service: &Service, column: Expr, texts: &[&str]) -> Expr {
    if service.database.backend() == DbBackend::Postgres {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        return column.eq(PgFunc::any(texts));
    }
    column.in_subquery(self::texts(service, texts))
}

/// A query for `texts`, of which there may be any number, in a column called `value`.
pub fn texts(service: &Service, texts: &[&str]) -> SelectStatement {
    if service.database.backend() == DbBackend::Postgres {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        return Query::select()
            .expr_as(call("unnest", [Expr::val(texts)]), "value")
            .take();
    }
    let list = Expr::val(serde_json::json!(texts).to_string());
    Query::select()
        .column("value")
        .from_function(Func::cust("json_each").arg(list), "members")
        .take()
}

/// The rows of `query` as `name`, for `with_cte`. They are computed once: left to itself, SQLite
/// computes a value anew wherever it is used, even for each row of a table that it is joined with.
pub fn computed_first(name: &'static str, query: SelectStatement) -> CommonTableExpression {
    CommonTableExpression::new()
        .table_name(name)
        .query(query)
        .materialized(true)
        .to_owned()
}

/// Holds where `query` has rows.
///
/// SQLite 3.51 makes a join of it where it may. Then a row that OFFSET leaves out comes up once more for
/// each further row of `query` (seen with 3.51.3). In this form it leaves it as it is.
pub fn exists(backend: DbBackend, query: SelectStatement) -> Expr {
    let exists = Expr::exists(query);
    match backend {
        DbBackend::Sqlite => exists.is(always()),
        _ => exists,
    }
}

/// Holds where `query`, which belongs to one record, has rows: each record is looked at by itself, as it
/// comes up, however many there may be.
///
/// PostgreSQL may rather collect all rows of `query` first, but not where it says how many of them to leave
/// out, even if that is none.
pub fn probe(backend: DbBackend, mut query: SelectStatement) -> Expr {
    if backend == DbBackend::Postgres {
        query.offset(0);
    }
    exists(backend, query)
}

/// The column of a table or of what stands for one.
pub fn column(table: &'static str, name: &'static str) -> Expr {
    Expr::col((table.into_iden(), name.into_iden()))
}

/// The same value in a form in which SQLite does not see that there is an index for it.
pub fn unindexed(value: Expr) -> Expr {
    Expr::cust_with_expr("+?", value)
}

/// How many rows `query` has, whatever it selects; it must have no order and no limit.
pub async fn count(service: &Service, mut query: SelectStatement) -> Result<u64> {
    query
        .clear_selects()
        .expr_as(Func::count(Expr::cust("*")), "count");
    let count = rows::<i64>(service, &query).await?.pop();
    let count = count.ok_or_else(|| Error::Corrupt("a count without a row".to_owned()))?;
    Ok(unsigned(count))
}

/// How many rows `query` has for each value of `column`, whatever it selects.
pub async fn count_by<K>(
    service: &Service,
    mut query: SelectStatement,
    column: Expr,
) -> Result<HashMap<K, u64>>
where
    K: TryGetable + Eq + Hash,
{
    query
        .clear_selects()
        .expr_as(column.clone(), "key")
        .expr_as(Func::count(Expr::cust("*")), "count")
        .add_group_by([column]);
    let rows = service.reader().query_all(&query).await?;
    let count = |row: QueryResult| {
        let count: i64 = row.try_get("", "count")?;
        Ok((row.try_get("", "key")?, unsigned(count)))
    };
    rows.into_iter().map(count).collect()
}

/// A count as the database gives it. It is never negative.
pub fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
