//! Releases as they followed each other.

use entity::{Timestamp, release};
use sea_orm::sea_query::{ExprTrait as _, Order};
use sea_orm::{EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};

use super::CountUnit;
use super::calendar::check_order;
use crate::service::filter::{FilterContext, ReleaseFilter};
use crate::service::{Error, Result, Service, sql};

/// How many releases one timeline may have.
pub const MAX_TIMELINE: u64 = 10_000;

/// A release and the time that it counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it started, else finished, else was recorded.
    pub time: Timestamp,
    /// The release.
    pub release: release::Model,
}

/// The releases from `from` up to but without `to` (now when missing) that meet `filter`, by time;
/// of many the first `limit`.
///
/// # Errors
/// When filter, time or limit make no sense, or the database fails.
pub async fn timeline(
    service: &Service,
    filter: &ReleaseFilter,
    (from, to): (Timestamp, Option<Timestamp>),
    limit: i64,
) -> Result<Vec<Moment>> {
    let to = to.unwrap_or_else(|| service.now());
    check_order(from, to)?;
    let limit = u64::try_from(limit).unwrap_or_default();
    if !(1..=MAX_TIMELINE).contains(&limit) {
        return Err(Error::BadRequest(format!(
            "limit must be between 1 and {MAX_TIMELINE}"
        )));
    }
    let unit = CountUnit::Releases;
    let [started, otherwise] = unit.happened((from, to));
    let mut query = release::Entity::find()
        .filter(release::COLUMN.deleted_at.is_null())
        .filter(filter.condition(&FilterContext::of(service))?)
        .filter(started.or(otherwise))
        .limit(limit)
        .into_query();
    query
        .order_by_expr(unit.time(), Order::Asc)
        .order_by_expr(sql::column("release", "id"), Order::Asc);
    let releases = sql::rows::<release::Model>(service, &query).await?;
    let moments = releases.into_iter().map(|release| Moment {
        time: release
            .started_at
            .or(release.finished_at)
            .unwrap_or(release.created_at),
        release,
    });
    Ok(moments.collect())
}
