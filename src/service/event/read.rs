//! Questions about events.

use std::collections::HashMap;

use entity::{EventType, Timestamp, event};
use uuid::Uuid;

use crate::service::page::{Page, PageArgs};
use crate::service::{Error, Result, Service};

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of these types; none when empty.
    pub types: Option<Vec<EventType>>,
    /// Only what was recorded then or later.
    pub since: Option<Timestamp>,
}

/// A page of all events, in the order in which they were recorded; those of deleted records too.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    filter: &EventFilter,
    args: PageArgs,
) -> Result<Page<event::Model>> {
    let _ = (service, filter, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many events meet `filter`.
///
/// # Errors
/// When the database fails.
pub async fn count(service: &Service, filter: &EventFilter) -> Result<u64> {
    let _ = (service, filter);
    Err(Error::Corrupt("not written yet".into()))
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
    let _ = (service, ids, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many events each release has. Releases without any are left out.
///
/// # Errors
/// When the database fails.
pub async fn counts(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, u64>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The cursor of the event with this sequence, in every list of events.
#[must_use]
pub fn cursor(sequence: i64) -> String {
    sequence.to_string()
}

/// The sequence of the event that `cursor` stands for.
///
/// # Errors
/// When it is no cursor of an event.
pub fn sequence_of(cursor: &str) -> Result<i64> {
    let _ = cursor;
    Err(Error::Corrupt("not written yet".into()))
}
