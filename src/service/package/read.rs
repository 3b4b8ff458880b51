//! Questions about packages.

use std::collections::HashMap;

use entity::{package, package_result};
use uuid::Uuid;

use super::PackageOrder;
use crate::service::filter::PackageFilter;
use crate::service::page::{Page, PageArgs};
use crate::service::reference::PackageRef;
use crate::service::{Error, Result, Service};

/// A page of the packages that meet `filter`; the latest start comes first when no order is given.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    filter: &PackageFilter,
    order: &[PackageOrder],
    args: PageArgs,
) -> Result<Page<package::Model>> {
    let _ = (service, filter, order, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many packages meet `filter`.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn count(service: &Service, filter: &PackageFilter) -> Result<u64> {
    let _ = (service, filter);
    Err(Error::Corrupt("not written yet".into()))
}

/// The packages with these ids; unknown and deleted ones are left out.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, package::Model>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The package that `reference` leads to, unless it is deleted or there are several.
///
/// # Errors
/// When the database fails.
pub async fn find(service: &Service, reference: &PackageRef) -> Result<Option<package::Model>> {
    let _ = (service, reference);
    Err(Error::Corrupt("not written yet".into()))
}

/// The packages of each release that meet `filter`, in the order of the release. Releases without any are left out.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn of_releases(
    service: &Service,
    ids: &[Uuid],
    filter: Option<&PackageFilter>,
) -> Result<HashMap<Uuid, Vec<package::Model>>> {
    let _ = (service, ids, filter);
    Err(Error::Corrupt("not written yet".into()))
}

/// A page of the results of each package, oldest first. Packages without any are left out.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn results(
    service: &Service,
    ids: &[Uuid],
    args: PageArgs,
) -> Result<HashMap<Uuid, Page<package_result::Model>>> {
    let _ = (service, ids, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many results each package has. Packages without any are left out.
///
/// # Errors
/// When the database fails.
pub async fn result_counts(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, u64>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}

/// The result with this id, unless its package is deleted.
///
/// # Errors
/// When the database fails.
pub async fn result(service: &Service, id: Uuid) -> Result<Option<package_result::Model>> {
    let _ = (service, id);
    Err(Error::Corrupt("not written yet".into()))
}

/// The results with these ids, unless their package is deleted.
///
/// # Errors
/// When the database fails.
pub async fn results_by_ids(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, package_result::Model>> {
    let _ = (service, ids);
    Err(Error::Corrupt("not written yet".into()))
}
