//! Counting facts in groups as SQLite comes upon them.

use std::collections::HashMap;
use std::mem;

use entity::DeployStatus;
use entity::row::Value;
use sea_orm::sea_query::Query;
use sea_orm::{ActiveEnum as _, DbErr, Iterable as _};
use uuid::Uuid;

use super::facts::{DURATION, Facts, ID, ROLLBACK, STATUS};
use super::group::{Counted, Group, Grouping, LAYER, PLACE};
use super::{Key, too_many};
use crate::service::readers::{FoundRow, Visit};
use crate::service::{Error, Result, Service};

/// The groups in `facts`, of which there may be `limit`; none where the database has to count them.
pub(super) async fn count(
    service: &Service,
    grouping: &Grouping,
    facts: &Facts,
    limit: (&'static str, usize),
) -> Result<Option<Vec<Group>>> {
    let mut query = Query::select();
    query
        .columns([ROLLBACK, STATUS])
        .columns(grouping.columns(PLACE))
        .columns(grouping.durations.then_some(DURATION))
        .columns(facts.repeated.then_some(ID))
        .from_subquery(facts.rows.clone(), LAYER);
    let statement = service.database.backend().build(&query);
    let counter = Counter::new(grouping.clone(), facts.repeated, limit);
    let counter = service.database.walk(&statement, counter).await?;
    Ok(counter.map(Counter::groups))
}

/// What was counted so far of rows with the columns above.
struct Counter {
    grouping: Grouping,
    /// Whether a fact may come again in the same group.
    repeated: bool,
    /// What there may be how many of.
    limit: (&'static str, usize),
    statuses: Vec<(String, DeployStatus)>,
    groups: Vec<Met>,
    /// Where in `groups` the one with these values is, as [`Counter::write_values`] writes them.
    by_values: HashMap<Vec<u8>, usize>,
    /// The values of the last row, whose group the next one is often of, and where that is.
    last: (Vec<u8>, usize),
    /// Those of this row.
    values: Vec<u8>,
}

/// A group that was met.
struct Met {
    key: Key,
    place: i64,
    counted: Counted,
    /// The last fact of it, if facts are repeated.
    last: Option<Uuid>,
}

/// Where the values of the group begin in a row.
const GROUP: usize = 2;

impl Counter {
    fn new(grouping: Grouping, repeated: bool, limit: (&'static str, usize)) -> Self {
        let statuses = DeployStatus::iter().map(|status| (status.to_value(), status));
        Self {
            grouping,
            repeated,
            limit,
            statuses: statuses.collect(),
            groups: Vec::new(),
            by_values: HashMap::new(),
            last: (Vec::new(), 0),
            values: Vec::new(),
        }
    }

    fn groups(self) -> Vec<Group> {
        let groups = self.groups.into_iter();
        let groups = groups.map(|met| met.counted.into_group(met.place, met.key));
        groups.collect()
    }

    /// Where the values of the group end in a row.
    const fn end(&self) -> usize {
        GROUP + self.grouping.dimensions.len() + self.grouping.by_place as usize
    }

    /// Where in `groups` the one of a row is.
    fn find(&mut self, row: &FoundRow<'_>) -> Result<usize> {
        self.write_values(row)?;
        if self.values == self.last.0 && !self.groups.is_empty() {
            return Ok(self.last.1);
        }
        let found = match self.by_values.get(&self.values) {
            Some(found) => *found,
            None => self.add(row)?,
        };
        mem::swap(&mut self.last.0, &mut self.values);
        self.last.1 = found;
        Ok(found)
    }

    /// Writes the values of a row's group so that no two groups have the same.
    fn write_values(&mut self, row: &FoundRow<'_>) -> Result<()> {
        self.values.clear();
        for place in GROUP..self.end() {
            match row.value(place)? {
                Value::Null => self.values.push(0),
                Value::Integer(number) => {
                    self.values.push(1);
                    self.values.extend(number.to_ne_bytes());
                }
                Value::Text(text) => {
                    self.values.push(2);
                    self.values.extend(text.len().to_ne_bytes());
                    self.values.extend(text.as_bytes());
                }
                Value::Id(_) => return Err(wrong("a group")),
            }
        }
        Ok(())
    }

    /// Adds the group of a row.
    fn add(&mut self, row: &FoundRow<'_>) -> Result<usize> {
        let (what, limit) = self.limit;
        if self.groups.len() >= limit {
            return Err(too_many(what, limit));
        }
        let mut key = Key::default();
        for (at, dimension) in (GROUP..).zip(&self.grouping.dimensions) {
            *key.value_mut(*dimension) = match row.value(at)? {
                Value::Null => None,
                Value::Text(text) => Some(text.to_owned()),
                _ => return Err(wrong(dimension.column())),
            };
        }
        let place = if self.grouping.by_place {
            integer(row, self.end() - 1, PLACE)?
        } else {
            0
        };
        let found = self.groups.len();
        self.by_values.insert(self.values.clone(), found);
        self.groups.push(Met {
            key,
            place,
            counted: Counted::default(),
            last: None,
        });
        Ok(found)
    }

    /// The fact of a row, if facts are repeated.
    fn fact(&self, row: &FoundRow<'_>) -> Result<Option<Uuid>> {
        if !self.repeated {
            return Ok(None);
        }
        match row.value(self.end() + usize::from(self.grouping.durations))? {
            Value::Id(id) => Ok(Some(id)),
            _ => Err(wrong(ID)),
        }
    }

    fn status(&self, row: &FoundRow<'_>) -> Result<DeployStatus> {
        let value = row.value(1)?;
        let mut statuses = self.statuses.iter();
        let status = statuses.find(|(name, _)| value == Value::Text(name));
        Ok(status.ok_or_else(|| wrong(STATUS))?.1)
    }
}

impl Visit for Counter {
    fn visit(&mut self, row: &FoundRow<'_>) -> Result<()> {
        let (found, fact) = (self.find(row)?, self.fact(row)?);
        let is_rollback = integer(row, 0, ROLLBACK)? != 0;
        let status = self.status(row)?;
        let duration = self.end();
        let group = self.groups.get_mut(found);
        let group = group.ok_or_else(|| wrong("a group"))?;
        // All rows of a fact come before those of the next.
        if fact.is_some() && fact == group.last {
            return Ok(());
        }
        group.last = fact;
        *group.counted.counts.of_mut(is_rollback, status) += 1;
        if self.grouping.durations
            && let Value::Integer(duration) = row.value(duration)?
        {
            group.counted.durations.push(duration);
        }
        Ok(())
    }
}

fn integer(row: &FoundRow<'_>, place: usize, what: &str) -> Result<i64> {
    match row.value(place)? {
        Value::Integer(number) => Ok(number),
        _ => Err(wrong(what)),
    }
}

fn wrong(what: &str) -> Error {
    DbErr::Type(format!("{what} is missing or wrong")).into()
}
