//! Questions about platforms. One that no release names any more does not exist.

use std::collections::HashMap;

use entity::{Timestamp, platform};
use uuid::Uuid;

use crate::service::filter::{ReleaseFilter, StringFilter};
use crate::service::page::{Page, PageArgs};
use crate::service::summary::SummaryOrder;
use crate::service::{Error, Result, Service};

/// What there is to say about the releases of a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformSummary {
    /// How many there are.
    pub release_count: u64,
    /// When the first was released.
    pub first_released_at: Option<Timestamp>,
    /// When the last was released.
    pub last_released_at: Option<Timestamp>,
}

/// A page of the platforms whose name meets `name`; by name when no order is given.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    name: Option<&StringFilter>,
    order: &[SummaryOrder],
    args: PageArgs,
) -> Result<Page<platform::Model>> {
    let _ = (service, name, order, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many platforms have a name that meets `name`.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn count(service: &Service, name: Option<&StringFilter>) -> Result<u64> {
    let _ = (service, name);
    Err(Error::Corrupt("not written yet".into()))
}

/// The platforms with these ids.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, platform::Model>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The platform of this name.
///
/// # Errors
/// When the database fails.
pub async fn find(service: &Service, name: &str) -> Result<Option<platform::Model>> {
    let _ = (service, name);
    Err(Error::Corrupt("not written yet".into()))
}

/// What there is to say about the releases of each platform.
///
/// # Errors
/// When the database fails.
pub async fn summaries(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, PlatformSummary>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many releases that meet `filter` name each platform. Platforms without any are left out.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn release_counts(
    service: &Service,
    ids: &[Uuid],
    filter: &ReleaseFilter,
) -> Result<HashMap<Uuid, u64>> {
    let _ = (service, ids, filter);
    Err(Error::Corrupt("not written yet".into()))
}
