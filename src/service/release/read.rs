//! Questions about releases.

use std::collections::HashMap;

use entity::{failure, platform, release, release_metadata, release_note};
use uuid::Uuid;

use super::ReleaseOrder;
use crate::service::filter::ReleaseFilter;
use crate::service::page::{Page, PageArgs};
use crate::service::reference::ReleaseRef;
use crate::service::{Error, Result, Service};

/// A page of the releases that meet `filter`; the latest start comes first when no order is given.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    filter: &ReleaseFilter,
    order: &[ReleaseOrder],
    args: PageArgs,
) -> Result<Page<release::Model>> {
    let _ = (service, filter, order, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many releases meet `filter`.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn count(service: &Service, filter: &ReleaseFilter) -> Result<u64> {
    let _ = (service, filter);
    Err(Error::Corrupt("not written yet".into()))
}

/// The releases with these ids; unknown and deleted ones are left out.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, release::Model>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The release that `reference` leads to, unless it is deleted.
///
/// # Errors
/// When the database fails.
pub async fn find(service: &Service, reference: &ReleaseRef) -> Result<Option<release::Model>> {
    let _ = (service, reference);
    Err(Error::Corrupt("not written yet".into()))
}

/// The platforms of each release, in its order. Releases without any are left out, here and below.
///
/// # Errors
/// When the database fails.
pub async fn platforms(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<platform::Model>>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The references of each release, in its order.
///
/// # Errors
/// When the database fails.
pub async fn references(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The notes on each release, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn notes(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<release_note::Model>>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The metadata of each release, by key.
///
/// # Errors
/// When the database fails.
pub async fn metadata(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<release_metadata::Model>>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The failures that each release caused, in the order of their detection.
///
/// # Errors
/// When the database fails.
pub async fn failures(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<failure::Model>>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The failures with these ids, unless their release is deleted.
///
/// # Errors
/// When the database fails.
pub async fn failures_by_ids(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, failure::Model>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}
