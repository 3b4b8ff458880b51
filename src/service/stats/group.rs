//! The last layer of a statement: counting the facts of each group.

use std::collections::HashMap;

use entity::DeployStatus;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{ConnectionTrait as _, Iterable as _, QueryResult};

use super::duration;
use super::facts::{Facts, ID, ROLLBACK, STATUS};
use super::{CountSplit, Dimension, DurationStats, Key, MAX_POINTS, Question, too_many, walk};
use crate::service::{Result, Service, sql};

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

/// What was counted in one group so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub counts: CountSplit,
    /// How long each took, in milliseconds.
    pub durations: Vec<i64>,
}

impl Grouping {
    /// The groups that `question` is about, with `by_place` in each place.
    pub fn of(question: &Question, by_place: bool) -> Self {
        Self {
            dimensions: question.dimensions(),
            by_place,
            durations: question.durations,
        }
    }

    /// The columns to group by, where `place` is the one that becomes [`PLACE`].
    pub fn columns(&self, place: &'static str) -> Vec<&'static str> {
        let dimensions = self.dimensions.iter().map(|dimension| dimension.column());
        dimensions.chain(self.by_place.then_some(place)).collect()
    }

    /// The groups in `facts`, of which there may be `limit`. They come in no order.
    pub async fn groups(
        &self,
        service: &Service,
        facts: Facts,
        limit: (&'static str, usize),
    ) -> Result<Vec<Group>> {
        let _permit = if self.durations {
            service.database.place_for_many().await
        } else {
            None
        };
        let counted_here = if facts.counted {
            None
        } else {
            walk::count(service, self, &facts, limit).await?
        };
        match counted_here {
            Some(groups) => Ok(self.with_all(groups)),
            None => self.fetch(service, self.count(facts), limit).await,
        }
    }

    /// The groups in `facts`, counted.
    pub fn count(&self, facts: Facts) -> SelectStatement {
        let Facts { mut rows, .. } = facts;
        if facts.counted {
            return self.add_up(rows, PLACE);
        }
        let mut count = Func::count(Expr::cust("*"));
        if facts.repeated && self.durations {
            let mut each = Query::select();
            each.expr(Expr::cust("*")).distinct();
            rows = each.from_subquery(rows, LAYER).take();
        } else if facts.repeated {
            count = Func::count_distinct(Expr::col(ID));
        }
        let mut groups = self.outcomes(rows, PLACE, count.into());
        if self.durations {
            duration::select(&mut groups);
        }
        groups
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
        let outcomes = 2 * DeployStatus::iter().count();
        query.limit((limit * outcomes) as u64 + 1);
        let mut groups: HashMap<(i64, Key), Counted> = HashMap::new();
        for row in service.reader().query_all(&query).await? {
            let group = groups.entry((self.place(&row)?, self.key(&row)?));
            self.read(&row, group.or_default())?;
        }
        if groups.len() > limit {
            return Err(too_many(what, limit));
        }
        let groups = groups.into_iter();
        let groups = groups.map(|((place, key), counted)| counted.into_group(place, key));
        Ok(self.with_all(groups.collect()))
    }

    /// Where there are no groups by anything, nothing at all is one too, though no fact tells of it.
    fn with_all(&self, mut groups: Vec<Group>) -> Vec<Group> {
        if self.dimensions.is_empty() && !self.by_place && groups.is_empty() {
            groups.push(Group::empty(Key::default(), 0));
        }
        groups
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

    /// Reads what a row says of one outcome of its group.
    fn read(&self, row: &QueryResult, group: &mut Counted) -> Result<()> {
        let (rollback, status) = (row.try_get("", ROLLBACK)?, row.try_get("", STATUS)?);
        *group.counts.of_mut(rollback, status) = sql::unsigned(row.try_get("", COUNT)?);
        if self.durations {
            duration::read(row, &mut group.durations)?;
        }
        Ok(())
    }
}

impl Counted {
    /// The group, when all is counted.
    pub fn into_group(self, place: i64, key: Key) -> Group {
        Group {
            key,
            place,
            counts: self.counts,
            durations: DurationStats::of(self.durations),
        }
    }
}

impl Group {
    /// A group in which nothing was counted.
    fn empty(key: Key, place: i64) -> Self {
        Counted::default().into_group(place, key)
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
