//! How the databases plan statements.
//!
//! PostgreSQL plans a statement anew for the values of each time as long as that promises to be quicker,
//! which for a short page takes longer than to find it. SQLite plans it once, unless one of the values is
//! how many rows are wanted.

use sea_orm::sea_query::{SelectStatement, Value};
use sea_orm::{DbBackend, Statement, Values};

/// When PostgreSQL plans a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planning {
    /// As it likes: where the values matter, each time.
    Freely,
    /// Once for all values, which it does not see. For questions that are answered best in one way,
    /// because an index has the rows that are wanted in their order.
    Once,
}

impl Planning {
    /// Once if there is a best way.
    #[must_use]
    pub const fn once_if(has_best_way: bool) -> Self {
        if has_best_way {
            Self::Once
        } else {
            Self::Freely
        }
    }
}

/// `query` as a statement.
pub(super) fn build(backend: DbBackend, query: &SelectStatement, planning: Planning) -> Statement {
    let mut statement = backend.build(query);
    match backend {
        DbBackend::Postgres => {
            let values = statement.values.as_ref();
            let values = values.map_or(&[][..], |values| &values.0);
            statement.sql = rewrite(&statement.sql, |text, number| {
                let value = number.checked_sub(1).and_then(|place| values.get(place));
                write(text, (number, value), planning);
            });
        }
        DbBackend::Sqlite => write_limits(&mut statement),
        _ => (),
    }
    statement
}

/// Writes out how many rows are wanted: while that is a parameter, SQLite plans the statement anew each
/// time that it gets values.
fn write_limits(statement: &mut Statement) {
    let Some(Values(values)) = &mut statement.values else {
        return;
    };
    // Anything else that looks like a parameter would shift the others.
    if statement.sql.matches('?').count() != values.len() {
        return;
    }
    let mut parts = statement.sql.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    values.retain(|value| {
        let limit = count(value).filter(|_| text.ends_with(" LIMIT "));
        match limit {
            Some(limit) => text.push_str(&limit.to_string()),
            None => text.push('?'),
        }
        text.push_str(parts.next().unwrap_or_default());
        limit.is_none()
    });
    statement.sql = text;
}

/// How many rows a value stands for.
const fn count(value: &Value) -> Option<u64> {
    match value {
        Value::BigUnsigned(count) => *count,
        _ => None,
    }
}

/// Writes a parameter as PostgreSQL is to see it. It stays one, so that the others keep their numbers.
///
/// Where the number of rows that is wanted is a parameter, it plans for any number: to find the first of
/// many that are in order in an index, it would then rather sort all of them.
fn write(text: &mut String, (number, value): (usize, Option<&Value>), planning: Planning) {
    let (is_limit, is_offset) = (text.ends_with(" LIMIT "), text.ends_with(" OFFSET "));
    let written = match (value.and_then(count), planning) {
        (Some(0), _) if is_offset => "0".to_owned(),
        (Some(1), _) if is_limit => "1".to_owned(),
        (Some(limit), Planning::Once) if is_limit => limit.to_string(),
        (_, Planning::Once) => format!("(SELECT ${number})"),
        (_, Planning::Freely) => format!("${number}"),
    };
    text.push_str(&written);
}

/// `sql` with what `write` adds in the place of each numbered parameter to the text before it.
pub(super) fn rewrite(sql: &str, mut write: impl FnMut(&mut String, usize)) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|it: char| !it.is_ascii_digit());
        let (number, rest) = part.split_at(end.unwrap_or(part.len()));
        match number.parse() {
            Ok(number) => write(&mut text, number),
            Err(_) => text.push('$'),
        }
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Expr, ExprTrait as _, Query};

    use super::*;

    fn built(backend: DbBackend, planning: Planning) -> Statement {
        let first = Query::select().column("b").from("t").limit(1).take();
        let query = Query::select()
            .expr(Expr::SubQuery(None, Box::new(first.into())))
            .from("t")
            .and_where(Expr::col("b").gte(7))
            .limit(21)
            .take();
        build(backend, &query, planning)
    }

    #[test]
    fn postgresql_is_told_where_one_row_is_wanted() {
        let statement = built(DbBackend::Postgres, Planning::Freely);
        let expected = r#"SELECT (SELECT "b" FROM "t" LIMIT 1) FROM "t" WHERE "b" >= $2 LIMIT $3"#;
        assert_eq!(statement.sql, expected);
        assert_eq!(statement.values.unwrap().0.len(), 3);
    }

    #[test]
    fn postgresql_sees_no_values_of_what_it_plans_once() {
        let statement = built(DbBackend::Postgres, Planning::Once);
        let expected =
            r#"SELECT (SELECT "b" FROM "t" LIMIT 1) FROM "t" WHERE "b" >= (SELECT $2) LIMIT 21"#;
        assert_eq!(statement.sql, expected);
        assert_eq!(statement.values.unwrap().0.len(), 3);
    }

    #[test]
    fn what_is_no_parameter_stays() {
        let text = rewrite("SELECT '$', $2, $x$ FROM t", |text, number| {
            text.push_str(&(number + 1).to_string());
        });
        assert_eq!(text, "SELECT '$', 3, $x$ FROM t");
    }

    #[test]
    fn sqlite_is_told_how_many_rows_are_wanted() {
        let statement = built(DbBackend::Sqlite, Planning::Freely);
        let expected = r#"SELECT (SELECT "b" FROM "t" LIMIT 1) FROM "t" WHERE "b" >= ? LIMIT 21"#;
        assert_eq!(statement.sql, expected);
        assert_eq!(statement.values, Some(Values(vec![7.into()])));
    }
}
