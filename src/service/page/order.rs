//! What a list is sorted by.

use entity::row::{Cells, Row};
use sea_orm::sea_query::{Expr, NullOrdering, OrderedStatement, SelectStatement};
use sea_orm::{DbBackend, DbErr};
use uuid::Uuid;

use super::cursor::{Value, encode};
use super::{Direction, PageRow};
use crate::service::sql;

/// What the columns with the sort values are called in the results of a query.
const ALIASES: [&str; 9] = [
    "key_0", "key_1", "key_2", "key_3", "key_4", "key_5", "key_6", "key_7", "key_8",
];

/// What kind of values a list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum ValueKind {
    Integer,
    Text,
    Id,
}

/// One thing that a list is sorted by.
#[derive(Clone, Debug)]
pub(in crate::service) struct Key {
    /// What cursors call it.
    pub name: &'static str,
    /// How the database computes it.
    pub expression: Expr,
    /// What it is.
    pub kind: ValueKind,
    /// Whether it may have no value.
    pub nullable: bool,
    /// Which end comes first.
    pub direction: Direction,
}

impl Key {
    /// The column `name` of `table`, which always has a value.
    pub fn column(
        table: &'static str,
        name: &'static str,
        kind: ValueKind,
        direction: Direction,
    ) -> Self {
        Self {
            name,
            expression: sql::column(table, name),
            kind,
            nullable: false,
            direction,
        }
    }

    /// The id of `table`.
    pub fn id(table: &'static str, direction: Direction) -> Self {
        Self::column(table, "id", ValueKind::Id, direction)
    }

    /// The same, where it may have no value.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// How the database sorts by it, going `backwards` or not.
    pub fn sort(
        &self,
        query: &mut impl OrderedStatement,
        backwards: bool,
        nulls: Nulls,
        backend: DbBackend,
    ) {
        use sea_orm::sea_query::Order;
        let direction = self.effective_direction(backwards);
        let (order, usual) = match direction {
            Direction::Asc => (Order::Asc, NullOrdering::First),
            Direction::Desc => (Order::Desc, NullOrdering::Last),
        };
        let wanted = match (nulls, backwards) {
            (Nulls::AsIndexed, _) => usual,
            (Nulls::AsListed, false) => NullOrdering::Last,
            (Nulls::AsListed, true) => NullOrdering::First,
        };
        // SQLite would do the same unasked, and looks no further for an index when asked.
        let is_unasked = backend == DbBackend::Sqlite && wanted == usual;
        if self.nullable && !is_unasked {
            query.order_by_expr_with_nulls(self.expression.clone(), order, wanted);
        } else {
            query.order_by_expr(self.expression.clone(), order);
        }
    }

    /// Which end comes first, going `backwards` or not.
    pub const fn effective_direction(&self, backwards: bool) -> Direction {
        if backwards {
            self.direction.reversed()
        } else {
            self.direction
        }
    }
}

/// Where rows without a value go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) enum Nulls {
    /// Behind all others in the order of the list.
    AsListed,
    /// Where the indexes have them, because it does not matter: either all rows have a value or
    /// none has.
    AsIndexed,
}

/// All that a list is sorted by. The last key is different for each row.
#[derive(Clone, Debug)]
pub(in crate::service) struct Order {
    /// What cursors call the list.
    pub list: &'static str,
    /// What decides first comes first.
    pub keys: Vec<Key>,
    /// What cursors of this order have in common, e.g. `started_at-,id-`.
    pub signature: String,
}

impl Order {
    /// The order by `keys`, and where they do not decide, by `unique`, in the direction of the
    /// last of them. A key that was named before decides nothing and is left out.
    pub fn new(list: &'static str, keys: impl IntoIterator<Item = Key>, mut unique: Key) -> Self {
        let mut kept: Vec<Key> = Vec::new();
        for key in keys {
            if kept.iter().all(|other| other.name != key.name) {
                kept.push(key);
            }
        }
        if let Some(last) = kept.last() {
            unique.direction = last.direction;
        }
        if kept.iter().all(|other| other.name != unique.name) {
            kept.push(unique);
        }
        let names = kept.iter().map(|key| match key.direction {
            Direction::Asc => format!("{}+", key.name),
            Direction::Desc => format!("{}-", key.name),
        });
        Self {
            list,
            signature: names.collect::<Vec<_>>().join(","),
            keys: kept,
        }
    }

    /// Makes `query` tell what its rows are sorted by.
    pub fn select_values(&self, query: &mut SelectStatement) {
        for (key, alias) in self.keys.iter().zip(ALIASES) {
            query.expr_as(key.expression.clone(), alias);
        }
    }

    /// The same order of what [`Self::select_values`] was applied to, when that is called `name`.
    pub fn over(&self, name: &'static str) -> Self {
        let mut order = self.clone();
        for (key, alias) in order.keys.iter_mut().zip(ALIASES) {
            key.expression = sql::column(name, alias);
        }
        order
    }

    /// The same order, where there are `few` rows in a form in which SQLite does not see that an index has
    /// it: it would rather go through all that this one has than sort the few that another one leads to.
    pub fn by_no_index_if(mut self, backend: DbBackend, few: bool) -> Self {
        if few && backend == DbBackend::Sqlite {
            for key in &mut self.keys {
                key.expression = sql::unindexed(key.expression.clone());
            }
        }
        self
    }

    /// Takes a row, and behind it what [`Self::select_values`] made the query tell.
    pub fn take<T: Row>(&self, cells: &mut Cells<'_>) -> Result<PageRow<T>, DbErr> {
        let row = T::take(cells)?;
        let cursor = encode(self, &self.values(cells)?);
        Ok(PageRow { row, cursor })
    }

    fn values(&self, cells: &mut Cells<'_>) -> Result<Vec<Option<Value>>, DbErr> {
        let take = |key: &Key| {
            Ok(match key.kind {
                ValueKind::Integer => cells.take::<Option<i64>>()?.map(Value::Integer),
                ValueKind::Text => cells.take::<Option<String>>()?.map(Value::Text),
                ValueKind::Id => cells.take::<Option<Uuid>>()?.map(Value::Id),
            })
        };
        self.keys.iter().map(take).collect()
    }
}
