//! Inserting rows.

use sea_orm::sea_query::{
    CommonTableExpression, InsertStatement, OnConflict, WithClause, WithQuery,
};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Iterable,
    QueryTrait,
};

use super::error::Result;

/// Values in one statement at most; SQLite takes 32,766 and PostgreSQL 65,535.
const MAX_VALUES: usize = 30_000;

/// Values of several tables in one statement at most.
const MAX_TOGETHER: usize = 2_000;

/// Rows of several tables that go in together: on PostgreSQL in one statement, as long as they are
/// few, because each statement is a way to the server and back.
#[derive(Debug, Default)]
pub struct Inserts {
    statements: Vec<InsertStatement>,
    values: usize,
}

impl Inserts {
    /// Adds rows. What the rows refer to must have been added before; what was added may be
    /// inserted now or with [`Inserts::finish`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add<A: ActiveModelTrait>(
        &mut self,
        connection: &impl ConnectionTrait,
        rows: Vec<A>,
    ) -> Result<()> {
        let Some(rows) = self.try_add(rows) else {
            return Ok(());
        };
        std::mem::take(self).finish(connection).await?;
        let Some(rows) = self.try_add(rows) else {
            return Ok(());
        };
        insert_all(connection, rows, None).await?;
        Ok(())
    }

    /// Adds rows if there is room for them in one statement; gives them back if not.
    pub fn try_add<A: ActiveModelTrait>(&mut self, rows: Vec<A>) -> Option<Vec<A>> {
        let values = rows.len() * columns::<A>();
        if self.values + values > MAX_TOGETHER {
            return Some(rows);
        }
        if !rows.is_empty() {
            self.values += values;
            let statement = A::Entity::insert_many(rows).into_query();
            self.statements.push(statement);
        }
        None
    }

    /// Inserts what was not inserted yet. On PostgreSQL that is one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(mut self, connection: &impl ConnectionTrait) -> Result<()> {
        if connection.get_database_backend() == DbBackend::Postgres && self.statements.len() > 1 {
            let last = self.statements.pop();
            let all = last.map(|last| together(self.statements, last));
            if let Some(all) = all {
                connection.execute(&all).await?;
            }
            return Ok(());
        }
        for statement in &self.statements {
            connection.execute(statement).await?;
        }
        Ok(())
    }
}

/// `others` and `last` in one statement. References between the rows are checked when it ends.
fn together(others: Vec<InsertStatement>, last: InsertStatement) -> WithQuery {
    let mut with = WithClause::new();
    for (index, statement) in others.into_iter().enumerate() {
        let part = CommonTableExpression::new()
            .table_name(format!("part_{index}"))
            .query(statement)
            .to_owned();
        with.cte(part);
    }
    with.query(last)
}

/// Rows as sea-orm inserts them, every column set.
pub fn actives<M>(models: Vec<M>) -> Vec<<M::Entity as EntityTrait>::ActiveModel>
where
    M: sea_orm::ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
{
    models
        .into_iter()
        .map(|model| model.into_active_model().reset_all())
        .collect()
}

/// Inserts rows of one table, as many to a statement as the databases take. Returns how many went
/// in.
///
/// # Errors
/// When the database fails.
pub async fn insert_all<A: ActiveModelTrait>(
    connection: &impl ConnectionTrait,
    mut rows: Vec<A>,
    on_conflict: Option<OnConflict>,
) -> Result<u64> {
    let at_once = MAX_VALUES / columns::<A>();
    let mut inserted = 0;
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(at_once));
        let mut insert = A::Entity::insert_many(rows);
        if let Some(on_conflict) = &on_conflict {
            insert = insert.on_conflict(on_conflict.clone());
        }
        inserted += insert.exec_without_returning(connection).await?;
        rows = rest;
    }
    Ok(inserted)
}

fn columns<A: ActiveModelTrait>() -> usize {
    <A::Entity as EntityTrait>::Column::iter().count()
}
