//! Summaries of releases by package, user and team.

use std::collections::HashMap;

use entity::Timestamp;

use super::SummaryOrder;
use crate::service::filter::{ReleaseFilter, StringFilter};
use crate::service::page::{Page, PageArgs};
use crate::service::{Error, Result, Service};

/// The releases that have a name in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameSummary {
    /// The name of the package, user or team; none for releases that name nobody.
    pub name: Option<String>,
    /// How many releases there are.
    pub release_count: u64,
    /// When the first was released.
    pub first_released_at: Option<Timestamp>,
    /// When the last was released.
    pub last_released_at: Option<Timestamp>,
}

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SummaryKind {
    /// A package's.
    Package,
    /// A user's.
    User,
    /// A team's.
    Team,
}

/// A page of the packages whose name meets `name`, by name when no order is given; with `platform`, only from releases that name it.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn packages(
    service: &Service,
    name: Option<&StringFilter>,
    platform: Option<&str>,
    order: &[SummaryOrder],
    args: PageArgs,
) -> Result<Page<NameSummary>> {
    let _ = (service, name, platform, order, args);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many packages have a name that meets `name`; with `platform`, only from releases that name it.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn package_count(
    service: &Service,
    name: Option<&StringFilter>,
    platform: Option<&str>,
) -> Result<u64> {
    let _ = (service, name, platform);
    Err(Error::Corrupt("not written yet".into()))
}

/// The package of this name.
///
/// # Errors
/// When the database fails.
pub async fn package(service: &Service, name: &str) -> Result<Option<NameSummary>> {
    let _ = (service, name);
    Err(Error::Corrupt("not written yet".into()))
}

/// Everyone who made a release, by name, releases by nobody last; with `platform`, only from releases that name it.
///
/// # Errors
/// When the database fails.
pub async fn users(service: &Service, platform: Option<&str>) -> Result<Vec<NameSummary>> {
    let _ = (service, platform);
    Err(Error::Corrupt("not written yet".into()))
}

/// Every team with a release, by name, releases for no team last; with `platform`, only from releases that name it.
///
/// # Errors
/// When the database fails.
pub async fn teams(service: &Service, platform: Option<&str>) -> Result<Vec<NameSummary>> {
    let _ = (service, platform);
    Err(Error::Corrupt("not written yet".into()))
}

/// How many releases that meet `filter` each name has. Names without any are left out.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn release_counts(
    service: &Service,
    kind: SummaryKind,
    names: &[Option<String>],
    filter: &ReleaseFilter,
) -> Result<HashMap<Option<String>, u64>> {
    let _ = (service, kind, names, filter);
    Err(Error::Corrupt("not written yet".into()))
}
