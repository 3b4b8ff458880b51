//! Inserting rows.
//!
//! The statements are written here and not by sea-query: rows of one table give the same text
//! whenever they are as many, so that the databases read it once, and thousands of values go to
//! them without becoming expressions first.

use std::fmt::Write as _;

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityName as _, EntityTrait, IdenStatic as _,
    IntoActiveModel, Iterable as _, Statement, Value,
};

use super::error::Result;

/// Values in one statement at most. Databases take more, but no longer statement is faster, and
/// they keep what they have read of it.
const MAX_VALUES: usize = 16_000;

/// Values at most in one of the statements that go on and on.
const MAX_REPEATED: usize = 4_000;

/// Values of several tables that go together at most.
const MAX_TOGETHER: usize = 2_000;

/// What happens to a row whose key is taken. The key is a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfTaken {
    /// Nothing is inserted, and the statement fails.
    Fail,
    /// The row that is there stays.
    Keep(&'static str),
    /// The row that is there becomes like the new one.
    Replace(&'static str),
}

/// Rows of several tables that go in together, as long as they are few, because each statement is a way
/// to the server and back, on SQLite to another thread.
#[derive(Debug, Default)]
pub struct Inserts {
    parts: Vec<Part>,
    values: usize,
}

impl Inserts {
    /// Adds rows. What the rows refer to must have been added before; what was added may be
    /// inserted now or with [`Inserts::finish`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add<R: IntoActiveModel<A>, A: ActiveModelTrait>(
        &mut self,
        connection: &impl ConnectionTrait,
        rows: Vec<R>,
    ) -> Result<()> {
        let Some(rows) = self.try_add(rows) else {
            return Ok(());
        };
        std::mem::take(self).finish(connection).await?;
        let Some(rows) = self.try_add(rows) else {
            return Ok(());
        };
        insert_all(connection, rows, IfTaken::Fail).await?;
        Ok(())
    }

    /// Adds rows if there is room for them beside the others; gives them back if not.
    pub fn try_add<R: IntoActiveModel<A>, A: ActiveModelTrait>(
        &mut self,
        rows: Vec<R>,
    ) -> Option<Vec<R>> {
        let values = rows.len() * width::<A>();
        if self.values + values > MAX_TOGETHER {
            return Some(rows);
        }
        if !rows.is_empty() {
            self.values += values;
            self.parts.push(Part::of(rows, IfTaken::Fail));
        }
        None
    }

    /// Inserts what was not inserted yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(self, connection: &impl ConnectionTrait) -> Result<()> {
        if self.parts.is_empty() {
            return Ok(());
        }
        let statement = statement(connection.get_database_backend(), self.parts);
        connection.execute_raw(statement).await?;
        Ok(())
    }
}

/// Inserts rows of one table, [`MAX_VALUES`] at a time. Returns how many went in.
///
/// # Errors
/// When the database fails.
pub async fn insert_all<R: IntoActiveModel<A>, A: ActiveModelTrait>(
    connection: &impl ConnectionTrait,
    rows: Vec<R>,
    if_taken: IfTaken,
) -> Result<u64> {
    let backend = connection.get_database_backend();
    let at_once = MAX_VALUES / width::<A>();
    let mut inserted = 0;
    for statement in in_parts(backend, rows, if_taken, |rest| rest.min(at_once)) {
        inserted += connection.execute_raw(statement).await?.rows_affected();
    }
    Ok(inserted)
}

/// What inserts rows of one table, for those who do so on and on. The number of rows in one statement
/// is a power of two, so that there are few different statements, which the databases read once.
pub fn repeated<R: IntoActiveModel<A>, A: ActiveModelTrait>(
    backend: DbBackend,
    rows: Vec<R>,
    if_taken: IfTaken,
) -> impl Iterator<Item = Statement> {
    let at_once = power_of_two_in(MAX_REPEATED / width::<A>());
    in_parts(backend, rows, if_taken, move |rest| {
        power_of_two_in(rest).min(at_once)
    })
}

/// What inserts rows of one table, as many in each statement as `length` says of those that are left.
/// Each statement is written when it is its turn.
fn in_parts<R: IntoActiveModel<A>, A: ActiveModelTrait>(
    backend: DbBackend,
    mut rows: Vec<R>,
    if_taken: IfTaken,
    length: impl Fn(usize) -> usize,
) -> impl Iterator<Item = Statement> {
    std::iter::from_fn(move || {
        if rows.is_empty() {
            return None;
        }
        let rest = rows.split_off(length(rows.len()));
        let part = Part::of(std::mem::replace(&mut rows, rest), if_taken);
        Some(statement(backend, vec![part]))
    })
}

/// The largest power of two that is not more than `number`; 1 for 0.
const fn power_of_two_in(number: usize) -> usize {
    match number.checked_ilog2() {
        Some(power) => 1 << power,
        None => 1,
    }
}

/// How many columns a table has.
fn width<A: ActiveModelTrait>() -> usize {
    <A::Entity as EntityTrait>::Column::iter().count()
}

/// Rows of one table.
#[derive(Debug)]
struct Part {
    table: &'static str,
    columns: Vec<&'static str>,
    /// Row by row, as many to each as there are columns.
    values: Vec<Value>,
    if_taken: IfTaken,
}

impl Part {
    /// Rows in which the same columns are set.
    fn of<R: IntoActiveModel<A>, A: ActiveModelTrait>(rows: Vec<R>, if_taken: IfTaken) -> Self {
        let mut columns = Vec::with_capacity(width::<A>());
        let mut values = Vec::with_capacity(rows.len() * width::<A>());
        for (index, row) in rows.into_iter().enumerate() {
            let mut row = row.into_active_model();
            for column in <A::Entity as EntityTrait>::Column::iter() {
                let Some(value) = row.take(column).into_value() else {
                    continue;
                };
                if index == 0 {
                    columns.push(column.as_str());
                }
                values.push(value);
            }
        }
        Self {
            table: A::Entity::default().table_name(),
            columns,
            values,
            if_taken,
        }
    }

    /// The statement, whose parameters come after `number` others, which it counts on.
    fn text(&self, number: &mut usize, backend: DbBackend) -> String {
        let columns = self.columns.join("\", \"");
        let mut text = format!("INSERT INTO \"{}\" (\"{columns}\") VALUES ", self.table);
        for index in 0..self.values.len() {
            let is_first = index % self.columns.len() == 0;
            text.push_str(match (is_first, index) {
                (true, 0) => "(",
                (true, _) => "), (",
                (false, _) => ", ",
            });
            *number += 1;
            if backend == DbBackend::Postgres {
                let _ = write!(text, "${number}");
            } else {
                text.push('?');
            }
        }
        text.push(')');
        self.if_taken.write(&mut text, &self.columns);
        text
    }
}

impl IfTaken {
    fn write(self, text: &mut String, columns: &[&str]) {
        match self {
            Self::Fail => {}
            Self::Keep(key) => {
                let _ = write!(text, " ON CONFLICT (\"{key}\") DO NOTHING");
            }
            Self::Replace(key) => {
                let others = columns.iter().filter(|column| **column != key);
                let news: Vec<_> = others
                    .map(|column| format!("\"{column}\" = excluded.\"{column}\""))
                    .collect();
                let news = news.join(", ");
                let _ = write!(text, " ON CONFLICT (\"{key}\") DO UPDATE SET {news}");
            }
        }
    }
}

/// Parts in one text: for PostgreSQL it is one statement, which checks the references between their rows
/// when it ends, and for SQLite one statement after the other.
fn statement(backend: DbBackend, parts: Vec<Part>) -> Statement {
    let mut number = 0;
    let texts = parts.iter().map(|part| part.text(&mut number, backend));
    let texts: Vec<String> = texts.collect();
    let text = match backend {
        DbBackend::Postgres => in_one(texts),
        _ => texts.join("; "),
    };
    let values = parts.into_iter().flat_map(|part| part.values);
    Statement::from_sql_and_values(backend, text, values)
}

/// Statements as one of PostgreSQL, as long as none reads what another one writes.
fn in_one(mut statements: Vec<String>) -> String {
    let last = statements.pop().unwrap_or_default();
    if statements.is_empty() {
        return last;
    }
    let parts = statements.iter().enumerate();
    let parts = parts.map(|(index, statement)| format!("part_{index} AS ({statement})"));
    let parts: Vec<_> = parts.collect();
    format!("WITH {} {last}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use entity::{Timestamp, platform, release_platform};
    use uuid::Uuid;

    use super::*;

    fn platforms(names: &[&str]) -> Vec<platform::Model> {
        let row = |name: &&str| platform::Model {
            id: Uuid::nil(),
            name: (*name).to_owned(),
            created_at: Timestamp(DateTime::UNIX_EPOCH),
        };
        names.iter().map(row).collect()
    }

    #[test]
    fn rows_of_one_table_are_one_list() {
        let part = || Part::of(platforms(&["eu", "us"]), IfTaken::Keep("name"));
        let sqlite = statement(DbBackend::Sqlite, vec![part()]);
        let head = r#"INSERT INTO "platform" ("id", "name", "created_at") VALUES "#;
        let tail = r#" ON CONFLICT ("name") DO NOTHING"#;
        assert_eq!(sqlite.sql, format!("{head}(?, ?, ?), (?, ?, ?){tail}"));
        let postgres = statement(DbBackend::Postgres, vec![part()]);
        assert_eq!(
            postgres.sql,
            format!("{head}($1, $2, $3), ($4, $5, $6){tail}")
        );
        let values = postgres.values.unwrap().0;
        assert_eq!((&values[1], &values[4]), (&"eu".into(), &"us".into()));
    }

    #[test]
    fn what_replaces_takes_every_column_but_the_key() {
        let part = Part::of(platforms(&["eu"]), IfTaken::Replace("id"));
        let sql = statement(DbBackend::Sqlite, vec![part]).sql;
        let tail = r#"ON CONFLICT ("id") DO UPDATE SET "name" = excluded."name", "created_at" = excluded."created_at""#;
        assert!(sql.ends_with(tail), "{sql}");
    }

    #[test]
    fn sqlite_takes_one_part_after_the_other() {
        let part = || Part::of(platforms(&["eu"]), IfTaken::Fail);
        let statement = statement(DbBackend::Sqlite, vec![part(), part()]);
        let one = r#"INSERT INTO "platform" ("id", "name", "created_at") VALUES (?, ?, ?)"#;
        assert_eq!(statement.sql, format!("{one}; {one}"));
        assert_eq!(statement.values.unwrap().0.len(), 6);
    }

    #[test]
    fn parts_count_their_parameters_on() {
        let link = release_platform::Model {
            release_id: Uuid::nil(),
            platform_id: Uuid::nil(),
            position: 0,
        };
        let parts = vec![
            Part::of(platforms(&["eu"]), IfTaken::Fail),
            Part::of(vec![link], IfTaken::Fail),
        ];
        let sql = statement(DbBackend::Postgres, parts).sql;
        let first = r#"WITH part_0 AS (INSERT INTO "platform" ("id", "name", "created_at") VALUES ($1, $2, $3))"#;
        let second = r#" INSERT INTO "release_platform" ("release_id", "platform_id", "position") VALUES ($4, $5, $6)"#;
        assert_eq!(sql, format!("{first}{second}"));
    }
}
