//! Questions about events.

use std::collections::HashMap;

use entity::row::Columns;
use entity::{EventType, Timestamp, event};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::horizon;
use crate::service::page::{
    self, Children, Direction, Key, Order, Page, PageArgs, Value, ValueKind,
};
use crate::service::{Error, Result, Service, sql};

const OF_RELEASES: Children = Children {
    table: "event",
    id: "sequence",
    parent: "release_id",
};

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of these types; none when empty.
    pub types: Option<Vec<EventType>>,
    /// Only what was recorded then or later.
    pub since: Option<Timestamp>,
}

/// A page of all events, in the order in which they were recorded; those of deleted records too.
/// It ends at the [`horizon`], so that going on behind the last row of a page never misses one.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    filter: &EventFilter,
    args: PageArgs,
) -> Result<Page<event::Model>> {
    let mut query = matching(filter);
    if let (Some(since), None) = (filter.since, &args.after) {
        query.and_where(sequence().gte(first_since(since)));
    }
    if let Some(horizon) = horizon(service).await? {
        query.and_where(sequence().lte(horizon));
    }
    page::fetch(service, (query, Columns::ALL), &order(), &args).await
}

/// The first `limit` events behind the sequence number `after`, up to `upto`, in order.
///
/// # Errors
/// When the database fails.
pub async fn between(
    service: &Service,
    after: i64,
    upto: i64,
    limit: u64,
) -> Result<Vec<event::Model>> {
    let events = event::Entity::find()
        .filter(event::Column::Sequence.gt(after))
        .filter(event::Column::Sequence.lte(upto))
        .order_by_asc(event::Column::Sequence)
        .limit(limit);
    Ok(events.all(&service.reader()).await?)
}

/// How many events meet `filter`.
///
/// # Errors
/// When the database fails.
pub async fn count(service: &Service, filter: &EventFilter) -> Result<u64> {
    sql::count(service, matching(filter)).await
}

/// A page of the events of each release, in the order in which they were recorded. Releases without any are left out.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn of_releases(
    service: &Service,
    ids: &[Uuid],
    args: PageArgs,
) -> Result<HashMap<Uuid, Page<event::Model>>> {
    let query = event::Entity::find().into_query();
    page::fetch_grouped(service, OF_RELEASES, query, &order(), (ids, &args)).await
}

/// How many events each release has. Releases without any are left out.
///
/// # Errors
/// When the database fails.
pub async fn counts(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, u64>> {
    let release = sql::column("event", "release_id");
    let among = sql::among(service, release.clone(), ids);
    let events = event::Entity::find().filter(among).into_query();
    sql::count_by(service, events, release).await
}

/// The cursor of the event with this sequence, in every list of events.
#[must_use]
pub fn cursor(sequence: i64) -> String {
    page::encode(&order(), &[Some(Value::Integer(sequence))])
}

/// The sequence of the event that `cursor` stands for.
///
/// # Errors
/// When it is no cursor of an event.
pub fn sequence_of(cursor: &str) -> Result<i64> {
    match page::decode(cursor, &order(), "after")?.as_slice() {
        [Some(Value::Integer(sequence))] => Ok(*sequence),
        _ => Err(Error::Corrupt(
            "a cursor of events without a sequence".to_owned(),
        )),
    }
}

/// The order in which the database took the events in.
fn order() -> Order {
    let sequence = Key::column("event", "sequence", ValueKind::Integer, Direction::Asc);
    Order::new("events", [], sequence)
}

/// Before this sequence number nothing was recorded then or later. Left to themselves, the databases
/// would read all older events in their order to find the first. `+ 0` has them take the index on
/// times, which has few entries to look at unless most events match; and where all do, the very
/// first event tells.
fn first_since(since: Timestamp) -> Expr {
    let very_first = event::Entity::find()
        .select_only()
        .column(event::Column::RecordedAt)
        .order_by_asc(event::Column::Sequence)
        .limit(1)
        .into_query();
    let first = event::Entity::find()
        .select_only()
        .expr(sequence().add(0).min())
        .filter(event::Column::RecordedAt.gte(since))
        .into_query();
    let value = |query: SelectStatement| Expr::SubQuery(None, Box::new(query.into()));
    CaseStatement::new()
        .case(value(very_first).gte(since), 0)
        .finally(value(first))
        .into()
}

fn sequence() -> Expr {
    sql::column("event", "sequence")
}

fn matching(filter: &EventFilter) -> SelectStatement {
    let EventFilter { types, since } = filter;
    let mut query = event::Entity::find();
    if let Some(types) = types {
        let types = types.iter().map(ActiveEnum::to_value);
        query = query.filter(event::Column::Type.is_in(types));
    }
    if let Some(since) = since {
        query = query.filter(event::Column::RecordedAt.gte(*since));
    }
    query.into_query()
}
