//! Questions about platforms. One that no release names any more does not exist.

use std::collections::HashMap;

use entity::row::{Cells, Columns, Row};
use entity::{Timestamp, platform};
use sea_orm::DbErr;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement};
use uuid::Uuid;

use crate::service::filter::{FilterContext, ReleaseFilter, StringFilter};
use crate::service::page::{self, Direction, Key, Page, PageArgs};
use crate::service::reference::is_storable;
use crate::service::summary::{SummaryOrder, aggregates, order_by, release};
use crate::service::{Result, Service, sql};

/// What platforms are joined with when they are ordered by it.
const SUMMARY: &str = "summary";
const SUMMARY_COLUMNS: [&str; 3] = ["release_count", "first_released_at", "last_released_at"];

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

struct Summary {
    platform_id: Uuid,
    release_count: i64,
    first_released_at: Option<Timestamp>,
    last_released_at: Option<Timestamp>,
}

impl Row for Summary {
    fn take(cells: &mut Cells<'_>) -> std::result::Result<Self, DbErr> {
        Ok(Self {
            platform_id: cells.take()?,
            release_count: cells.take()?,
            first_released_at: cells.take()?,
            last_released_at: cells.take()?,
        })
    }
}

impl From<Summary> for PlatformSummary {
    fn from(summary: Summary) -> Self {
        Self {
            release_count: sql::unsigned(summary.release_count),
            first_released_at: summary.first_released_at,
            last_released_at: summary.last_released_at,
        }
    }
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
    let mut platforms = matching(service, name)?;
    if !order.iter().all(|it| it.is_by_name()) {
        let own = sql::column(SUMMARY, "platform_id").eq(sql::column("platform", "id"));
        platforms
            .columns(SUMMARY_COLUMNS.map(|column| (SUMMARY, column)))
            .join_subquery(JoinType::InnerJoin, summary(), SUMMARY, own);
    }
    let query = Query::select()
        .columns(["id", "name", "created_at"])
        .from_subquery(platforms, "platform")
        .take();
    let order = order_by(
        "platforms",
        "platform",
        order,
        Key::id("platform", Direction::Asc),
    );
    page::fetch(service, (query, Columns::ALL), &order, &args).await
}

/// How many platforms have a name that meets `name`.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn count(service: &Service, name: Option<&StringFilter>) -> Result<u64> {
    sql::count(service, matching(service, name)?).await
}

/// The platforms with these ids.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, platform::Model>> {
    let subject = ("platforms", Columns::ALL);
    let own = (("platform", "id"), ids);
    let platforms = sql::rows_among(service, subject, own, |among| {
        living(service).and_where(among).take()
    });
    let platforms: Vec<platform::Model> = platforms.await?;
    Ok(platforms
        .into_iter()
        .map(|platform| (platform.id, platform))
        .collect())
}

/// The platform of this name.
///
/// # Errors
/// When the database fails.
pub async fn find(service: &Service, name: &str) -> Result<Option<platform::Model>> {
    if !is_storable(name) {
        return Ok(None);
    }
    let mut query = living(service);
    query.and_where(sql::column("platform", "name").eq(name));
    Ok(sql::rows(service, &query).await?.pop())
}

/// What there is to say about the releases of each platform.
///
/// # Errors
/// When the database fails.
pub async fn summaries(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, PlatformSummary>> {
    let platform = sql::column("release_platform", "platform_id");
    let mut query = summary();
    query.and_where(sql::among(service, platform, ids));
    let summaries = sql::rows::<Summary>(service, &query).await?.into_iter();
    Ok(summaries
        .map(|summary| (summary.platform_id, summary.into()))
        .collect())
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
    let platform = sql::column("release_platform", "platform_id");
    let mut query = naming();
    query
        .and_where(sql::among(service, platform.clone(), ids))
        .cond_where(filter.condition(&FilterContext::of(service))?);
    sql::count_by(service, query, platform).await
}

/// What there is to say about each platform.
fn summary() -> SelectStatement {
    let platform = sql::column("release_platform", "platform_id");
    let mut query = naming();
    query
        .expr_as(platform.clone(), "platform_id")
        .add_group_by([platform]);
    aggregates(&mut query, release(), false);
    query
}

/// Which releases name which platform, deleted releases apart.
fn naming() -> SelectStatement {
    let release = sql::column("release_platform", "release_id");
    Query::select()
        .from("release_platform")
        .join(
            JoinType::InnerJoin,
            "release",
            sql::column("release", "id").eq(release),
        )
        .and_where(sql::column("release", "deleted_at").is_null())
        .take()
}

/// The releases that name the platform of the query around.
fn releases() -> SelectStatement {
    let own = sql::column("release_platform", "platform_id").eq(sql::column("platform", "id"));
    naming().and_where(own).take()
}

/// The platforms that a release names.
fn living(service: &Service) -> SelectStatement {
    let releases = releases().expr(Expr::cust("1")).take();
    Query::select()
        .columns([
            ("platform", "id"),
            ("platform", "name"),
            ("platform", "created_at"),
        ])
        .from("platform")
        .and_where(sql::probe(service.database.backend(), releases))
        .take()
}

fn matching(service: &Service, name: Option<&StringFilter>) -> Result<SelectStatement> {
    let mut query = living(service);
    if let Some(name) = name {
        let column = sql::column("platform", "name");
        query.and_where(name.condition(&column, &FilterContext::of(service))?);
    }
    Ok(query)
}
