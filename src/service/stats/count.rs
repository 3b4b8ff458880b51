//! The last layer of a statement: counting the facts of each group.

use std::collections::HashMap;

use entity::DeployStatus;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{ActiveEnum as _, ConnectionTrait as _, DbBackend, QueryResult};

use super::duration::{self, Sample};
use super::facts::{Facts, ROLLBACK, STATUS, is_tallied};
use super::{Dimension, DurationStats, Key, MAX_POINTS, Question, too_many};
use crate::service::{Result, Service, sql};

/// How many there are of each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Those that ended well.
    pub successful: u64,
    /// Those that ended badly.
    pub failed: u64,
    /// Those under way.
    pub in_progress: u64,
    /// Those of which nothing has happened yet.
    pub not_started: u64,
}

impl OutcomeCounts {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.successful + self.failed + self.in_progress + self.not_started
    }
}

/// How many are rollbacks and how many are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountSplit {
    /// Those that are no rollbacks.
    pub normal: OutcomeCounts,
    /// Rollbacks.
    pub rollback: OutcomeCounts,
}

impl CountSplit {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> OutcomeCounts {
        OutcomeCounts {
            successful: self.normal.successful + self.rollback.successful,
            failed: self.normal.failed + self.rollback.failed,
            in_progress: self.normal.in_progress + self.rollback.in_progress,
            not_started: self.normal.not_started + self.rollback.not_started,
        }
    }

    /// The count of one outcome.
    const fn of_mut(&mut self, rollback: bool, status: DeployStatus) -> &mut u64 {
        let side = if rollback {
            &mut self.rollback
        } else {
            &mut self.normal
        };
        match status {
            DeployStatus::Successful => &mut side.successful,
            DeployStatus::Failed => &mut side.failed,
            DeployStatus::InProgress => &mut side.in_progress,
            DeployStatus::NotStarted => &mut side.not_started,
        }
    }
}

/// A count that the database makes: its column, and what it counts.
type Counted = (&'static str, bool, DeployStatus);

const COUNTS: [Counted; 8] = [
    ("normal_successful", false, DeployStatus::Successful),
    ("normal_failed", false, DeployStatus::Failed),
    ("normal_in_progress", false, DeployStatus::InProgress),
    ("normal_not_started", false, DeployStatus::NotStarted),
    ("rollback_successful", true, DeployStatus::Successful),
    ("rollback_failed", true, DeployStatus::Failed),
    ("rollback_in_progress", true, DeployStatus::InProgress),
    ("rollback_not_started", true, DeployStatus::NotStarted),
];

/// How many there are of an outcome, in a row of its own.
pub(super) const COUNT: &str = "count";

/// The name of a layer of a statement.
pub(super) const LAYER: &str = "layer";

/// A number that groups have in common beside their dimensions, such as the one of a bucket.
pub(super) const PLACE: &str = "place";

/// What a statement groups by.
#[derive(Clone, Debug)]
pub(super) struct Grouping {
    pub dimensions: Vec<Dimension>,
    /// Also by [`PLACE`].
    pub by_place: bool,
    /// Also the durations are wanted.
    pub durations: bool,
    /// Each outcome of a group has a row of its own.
    by_outcome: bool,
}

/// What was counted in one group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub key: Key,
    /// The value of [`PLACE`].
    pub place: i64,
    pub counts: CountSplit,
    pub durations: DurationStats,
}

impl Grouping {
    /// The groups that `question` is about, with `by_place` in each place.
    pub fn of(service: &Service, question: &Question, by_place: bool) -> Self {
        let (dimensions, durations) = (question.dimensions(), question.durations);
        // To count every outcome beside the others costs more than to tell them apart while facts
        // are put in groups; but SQLite need not do that where an index has them in order.
        let is_ordered = !by_place
            && service.database.backend() == DbBackend::Sqlite
            && matches!(dimensions[..], [] | [Dimension::Team | Dimension::User]);
        Self {
            dimensions,
            by_place,
            durations,
            by_outcome: !durations && (!is_ordered || is_tallied(question)),
        }
    }

    /// The columns to group by, where `place` is the one that becomes [`PLACE`].
    fn columns(&self, place: &'static str) -> Vec<&'static str> {
        let dimensions = self.dimensions.iter().map(|dimension| dimension.column());
        dimensions.chain(self.by_place.then_some(place)).collect()
    }

    /// The groups in `facts`, counted.
    pub fn count(&self, facts: Facts) -> SelectStatement {
        let Facts { rows, counted } = facts;
        if counted {
            return self.add_up(rows, PLACE);
        }
        if self.by_outcome {
            let count = Func::count(Expr::cust("*"));
            return self.outcomes(rows, PLACE, count.into());
        }
        let facts = if self.durations {
            duration::rank(rows, &self.columns(PLACE))
        } else {
            rows
        };
        let mut query = self.grouped(facts, PLACE);
        for (name, rollback, status) in COUNTS {
            let is_rollback = Expr::col(ROLLBACK);
            let side = if rollback {
                is_rollback
            } else {
                is_rollback.not()
            };
            let one = side.and(Expr::col(STATUS).eq(status.to_value()));
            let one: Expr = Expr::case(one, 1_i64).into();
            query.expr_as(Func::count(one), name);
        }
        if self.durations {
            duration::select(&mut query);
        }
        query
    }

    /// The groups in `counted`, which counts by place and without durations, where a group may be
    /// in several rows; `place` is the column that becomes [`PLACE`].
    pub fn add_up(&self, counted: SelectStatement, place: &'static str) -> SelectStatement {
        // PostgreSQL adds up to a decimal.
        let sum = || Func::sum(Expr::col(COUNT));
        let mut groups = self.outcomes(counted, place, sum().cast_as("bigint"));
        // What was tallied may have gone.
        groups.and_having(Expr::from(sum()).gt(0)).take()
    }

    /// One row for each group and outcome.
    fn outcomes(
        &self,
        layer: SelectStatement,
        place: &'static str,
        count: Expr,
    ) -> SelectStatement {
        self.grouped(layer, place)
            .columns([STATUS, ROLLBACK])
            .expr_as(count, COUNT)
            .group_by_columns([STATUS, ROLLBACK])
            .take()
    }

    fn grouped(&self, layer: SelectStatement, place: &'static str) -> SelectStatement {
        let mut query = Query::select();
        for dimension in &self.dimensions {
            query.column(dimension.column());
        }
        if self.by_place {
            query.expr_as(Expr::col(place), PLACE);
        }
        query
            .from_subquery(layer, LAYER)
            .group_by_columns(self.columns(place))
            .take()
    }

    /// The groups that `query` counts, of which there may be `limit`. They come in no order.
    pub async fn fetch(
        &self,
        service: &Service,
        mut query: SelectStatement,
        (what, limit): (&str, usize),
    ) -> Result<Vec<Group>> {
        let rows_each = if self.by_outcome { COUNTS.len() } else { 1 };
        query.limit((limit * rows_each) as u64 + 1);
        let mut groups: HashMap<(i64, Key), Group> = HashMap::new();
        for row in service.reader().query_all(&query).await? {
            let (key, place) = (self.key(&row)?, self.place(&row)?);
            let group = groups.entry((place, key.clone()));
            self.read(&row, group.or_insert_with(|| Group::empty(key, place)))?;
        }
        if self.dimensions.is_empty() && !self.by_place {
            // Nothing at all is a group too, though no fact tells of it.
            let (key, place) = (Key::default(), 0);
            let all = groups.entry((place, key.clone()));
            all.or_insert_with(|| Group::empty(key, place));
        }
        if groups.len() > limit {
            return Err(too_many(what, limit));
        }
        Ok(groups.into_values().collect())
    }

    fn key(&self, row: &QueryResult) -> Result<Key> {
        let mut key = Key::default();
        for dimension in &self.dimensions {
            *key.value_mut(*dimension) = row.try_get("", dimension.column())?;
        }
        Ok(key)
    }

    fn place(&self, row: &QueryResult) -> Result<i64> {
        Ok(if self.by_place {
            row.try_get("", PLACE)?
        } else {
            0
        })
    }

    /// Reads what a row says of its group.
    fn read(&self, row: &QueryResult, group: &mut Group) -> Result<()> {
        if self.by_outcome {
            let (rollback, status) = (row.try_get("", ROLLBACK)?, row.try_get("", STATUS)?);
            *group.counts.of_mut(rollback, status) = sql::unsigned(row.try_get("", COUNT)?);
            return Ok(());
        }
        for (name, rollback, status) in COUNTS {
            *group.counts.of_mut(rollback, status) = sql::unsigned(row.try_get("", name)?);
        }
        if self.durations {
            group.durations = Sample::read(row)?.into();
        }
        Ok(())
    }
}

impl Group {
    /// A group in which nothing was counted.
    fn empty(key: Key, place: i64) -> Self {
        Self {
            key,
            place,
            counts: CountSplit::default(),
            durations: DurationStats::default(),
        }
    }
}

/// Puts groups in order: by place, then by key.
pub(super) fn sort(groups: &mut [Group], dimensions: &[Dimension]) {
    groups.sort_by(|one, other| {
        let by_place = one.place.cmp(&other.place);
        by_place.then_with(|| one.key.compare(&other.key, dimensions))
    });
}

/// The groups for each of `places` in turn and each key that there is, with nothing counted where
/// the database found none. Without dimensions there is one key. `groups` must be in order.
pub(super) fn fill(
    groups: Vec<Group>,
    dimensions: &[Dimension],
    places: &[i64],
) -> Result<Vec<Group>> {
    let mut keys: Vec<Key> = groups.iter().map(|group| group.key.clone()).collect();
    keys.sort_by(|one, other| one.compare(other, dimensions));
    keys.dedup();
    if dimensions.is_empty() {
        keys = vec![Key::default()];
    }
    if keys.len().saturating_mul(places.len()) > MAX_POINTS {
        return Err(too_many("points", MAX_POINTS));
    }
    let mut found = groups.into_iter().peekable();
    let mut filled = Vec::with_capacity(keys.len() * places.len());
    for &place in places {
        for key in &keys {
            let next = found.next_if(|group| group.place == place && group.key == *key);
            filled.push(next.unwrap_or_else(|| Group::empty(key.clone(), place)));
        }
    }
    Ok(filled)
}
