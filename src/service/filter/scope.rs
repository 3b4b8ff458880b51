//! Where in a filter its translation is, and how large the filter may be.

use std::cell::Cell;
use std::time::Duration;

use chrono::TimeDelta;
use entity::Timestamp;
use sea_orm::DbBackend;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, IntoIden, SelectStatement};

use crate::service::sql::{always, unindexed};
use crate::service::{Error, Result, Service};

/// Texts that are longer match nothing that Orlo is meant to keep.
const MAX_CHARACTERS: usize = 10_000;
/// `PostgreSQL` takes 65,535 parameters, `SQLite` 32,766.
const MAX_VALUES: usize = 10_000;
/// Each takes the planner time, and one on packages or releases a join.
const MAX_CONDITIONS: usize = 500;
/// Sub-queries that the planner may turn into joins; more take it minutes to put in order.
const MAX_JOINS: usize = 8;
/// How deep filters may nest.
const MAX_DEPTH: usize = 24;

/// What a filter depends on beside itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterContext {
    /// The database to ask.
    pub backend: DbBackend,
    /// The time now.
    pub now: Timestamp,
    /// After how long without news something in progress counts as stale.
    pub stale_after: Duration,
    /// Whether what was deleted is looked at as it was before.
    pub deleted_too: bool,
}

impl FilterContext {
    /// What filters depend on in `service`, now.
    #[must_use]
    pub fn of(service: &Service) -> Self {
        Self {
            backend: service.database.backend(),
            now: service.now(),
            stale_after: service.settings.stale_after,
            deleted_too: false,
        }
    }

    /// The same, where what was deleted is looked at as it was before: a package of a release that
    /// is deleted still has that release, and a deleted release still has the packages that were
    /// deleted with it.
    #[must_use]
    pub const fn with_deleted(mut self) -> Self {
        self.deleted_too = true;
        self
    }

    /// What was heard of before this, in Unix milliseconds, may be stale.
    pub(super) fn stale_before(&self) -> i64 {
        let stale_after = TimeDelta::from_std(self.stale_after).unwrap_or(TimeDelta::MAX);
        let limit = self.now.0.checked_sub_signed(stale_after);
        limit.map_or(i64::MIN, |limit| limit.timestamp_millis())
    }
}

/// How much of a filter has been translated so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    values: Cell<usize>,
    conditions: Cell<usize>,
    subqueries: Cell<usize>,
}

/// A place in a filter: the table whose rows it is about, and how deep it is.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    pub context: &'a FilterContext,
    budget: &'a Budget,
    table: String,
    depth: usize,
    is_probed: bool,
}

impl<'a> Scope<'a> {
    pub fn root(context: &'a FilterContext, budget: &'a Budget, table: &'static str) -> Self {
        Self {
            context,
            budget,
            table: table.to_owned(),
            depth: 0,
            is_probed: false,
        }
    }

    /// The same rows, one level deeper in the filter.
    pub fn deeper(&self) -> Result<Self> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(Error::LimitExceeded(format!(
                "a filter may be nested {MAX_DEPTH} levels deep at most"
            )));
        }
        let mut scope = self.clone();
        scope.depth = depth;
        Ok(scope)
    }

    /// Rows of `table`, which may be the same table again; and the beginning of a query for them.
    pub fn inside(&self, table: &'static str) -> Result<(Self, SelectStatement)> {
        let mut scope = self.deeper()?;
        scope.table = format!("{table}_{}", scope.depth);
        scope.is_probed = false;
        let mut query = SelectStatement::new();
        query.from_as(table, Alias::new(&scope.table));
        Ok((scope, query))
    }

    /// A condition with a sub-query, in a form that the planner leaves as it is where there are many.
    pub fn subquery(&self, condition: Expr) -> Expr {
        let subqueries = self.budget.subqueries.get() + 1;
        self.budget.subqueries.set(subqueries);
        if subqueries > MAX_JOINS {
            condition.is(always())
        } else {
            condition
        }
    }

    /// The same rows, where those of one record after the other are looked for.
    ///
    /// SQLite, which knows nothing of how many rows there are, may take a condition for a better way
    /// than the record, and then goes through all that meet it for each record. So it does not get to
    /// see that there are indexes for conditions, but for the one on a name, which leads to the record.
    /// Neither does it of other conditions that are no better way.
    pub fn probed(mut self) -> Self {
        self.is_probed = self.context.backend == DbBackend::Sqlite;
        self
    }

    /// A column of the table, to be compared.
    pub fn column(&self, name: &'static str) -> Expr {
        let column = self.key(name);
        if self.is_probed && name != "name" {
            return unindexed(column);
        }
        column
    }

    /// A column of the table that leads to its rows.
    pub fn key(&self, name: &'static str) -> Expr {
        Expr::col((Alias::new(&self.table).into_iden(), name.into_iden()))
    }

    /// Counts a condition.
    pub fn count(&self) -> Result<()> {
        spend(&self.budget.conditions, MAX_CONDITIONS, "conditions")
    }

    /// Counts a value that is compared with.
    pub fn count_value(&self) -> Result<()> {
        spend(&self.budget.values, MAX_VALUES, "values")
    }

    /// Counts a text that is compared with, and refuses it where a database would.
    pub fn check(&self, text: &str) -> Result<()> {
        if text.contains('\0') {
            return Err(Error::BadRequest(
                "a text in a filter must not contain the character NUL".to_owned(),
            ));
        }
        if text.len() > MAX_CHARACTERS && text.chars().count() > MAX_CHARACTERS {
            return Err(Error::BadRequest(format!(
                "a text in a filter may have {MAX_CHARACTERS} characters at most"
            )));
        }
        self.count_value()
    }
}

fn spend(spent: &Cell<usize>, limit: usize, what: &str) -> Result<()> {
    spent.set(spent.get() + 1);
    if spent.get() > limit {
        return Err(Error::LimitExceeded(format!(
            "a filter may have {limit} {what} at most"
        )));
    }
    Ok(())
}
