//! Summaries of releases by package, user and team.

use std::collections::HashMap;

use entity::Timestamp;
use entity::row::{Cells, Columns, Row};
use sea_orm::DbErr;
use sea_orm::sea_query::{self, Expr, ExprTrait, JoinType, Query, SelectStatement};

use super::order::release_of_package;
use super::{SummaryOrder, aggregates, order_by, release};
use crate::service::filter::{FilterContext, ReleaseFilter, StringFilter, StringListFilter};
use crate::service::page::{self, Direction, Key, Order, Page, PageArgs, ValueKind};
use crate::service::reference::is_storable;
use crate::service::{Result, Service, sql};

/// What cursors call the list of packages.
const PACKAGES: &str = "package summaries";

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

impl SummaryKind {
    fn column(self) -> Expr {
        match self {
            Self::Package => sql::column("package", "name"),
            Self::User => sql::column("release", "user"),
            Self::Team => sql::column("release", "team"),
        }
    }
}

struct Summary {
    name: Option<String>,
    release_count: i64,
    first_released_at: Option<Timestamp>,
    last_released_at: Option<Timestamp>,
}

impl Row for Summary {
    fn take(cells: &mut Cells<'_>) -> std::result::Result<Self, DbErr> {
        Ok(Self {
            name: cells.take()?,
            release_count: cells.take()?,
            first_released_at: cells.take()?,
            last_released_at: cells.take()?,
        })
    }
}

impl NameSummary {
    const fn without_releases(name: String) -> Self {
        Self {
            name: Some(name),
            release_count: 0,
            first_released_at: None,
            last_released_at: None,
        }
    }
}

impl From<Summary> for NameSummary {
    fn from(summary: Summary) -> Self {
        Self {
            name: summary.name,
            release_count: sql::unsigned(summary.release_count),
            first_released_at: summary.first_released_at,
            last_released_at: summary.last_released_at,
        }
    }
}

/// A page of the packages whose name meets `name`, by name when no order is given; with `platform`, only from
/// releases that name it. Without `with_totals` nothing but the names is wanted, and need be right.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn packages(
    service: &Service,
    name: Option<&StringFilter>,
    platform: Option<&str>,
    (order, with_totals): (&[SummaryOrder], bool),
    args: PageArgs,
) -> Result<Page<NameSummary>> {
    let unique = |table| Key::column(table, "name", ValueKind::Text, Direction::Asc);
    if platform.is_none() && order.iter().all(|it| it.is_by_name()) {
        let order = order_by(PACKAGES, "package", order, unique("package"));
        return packages_by_name(service, name, (&order, with_totals), &args).await;
    }
    let mut summaries = match (platform, name) {
        (None, _) => named_packages(service, name)?,
        (_, None) => releases_with_packages(),
        _ => with_releases(named_packages(service, name)?),
    };
    if let Some(platform) = platform {
        summaries.cond_where(on_platform(service, platform)?);
    }
    let summaries = summarize(summaries, SummaryKind::Package);
    let query = Query::select()
        .columns([
            "name",
            "release_count",
            "first_released_at",
            "last_released_at",
        ])
        .from_subquery(summaries, "summary")
        .take();
    let order = order_by(PACKAGES, "summary", order, unique("summary"));
    let page = page::fetch::<Summary>(service, (query, Columns::ALL), &order, &args).await?;
    Ok(page.map(NameSummary::from))
}

/// Finds the names of the page, which an index has in their order, and summarizes those alone, unless
/// they are all there are.
async fn packages_by_name(
    service: &Service,
    name: Option<&StringFilter>,
    (order, with_totals): (&Order, bool),
    args: &PageArgs,
) -> Result<Page<NameSummary>> {
    let mut names = named_packages(service, name)?;
    names.expr(SummaryKind::Package.column()).distinct();
    let page = page::fetch::<String>(service, (names, Columns::ALL), order, args).await?;
    if !with_totals {
        return Ok(page.map(NameSummary::without_releases));
    }
    let names: Vec<&str> = page.rows.iter().map(|it| it.row.as_str()).collect();
    let is_all = name.is_none() && !page.has_next_page && !page.has_previous_page;
    let summaries = if is_all {
        summaries_by_name(service, named_packages(service, None)?).await?
    } else {
        packages_of(service, &names).await?
    };
    // One may have gone just now.
    let summary = |name: String| summaries.get(&name).cloned();
    Ok(page
        .map(|name| summary(name.clone()).unwrap_or_else(|| NameSummary::without_releases(name))))
}

/// The packages of these names, by name.
async fn packages_of(service: &Service, names: &[&str]) -> Result<HashMap<String, NameSummary>> {
    let name = SummaryKind::Package.column();
    let mut packages = named_packages(service, None)?;
    match *names {
        [] => return Ok(HashMap::new()),
        [one] => packages.and_where(name.eq(one)),
        _ => packages.and_where(sql::among_texts(service, name, names)),
    };
    summaries_by_name(service, packages).await
}

async fn summaries_by_name(
    service: &Service,
    packages: SelectStatement,
) -> Result<HashMap<String, NameSummary>> {
    let query = summarize(packages, SummaryKind::Package);
    let summaries = sql::rows::<Summary>(service, &query).await?.into_iter();
    let summaries = summaries.filter_map(|it| Some((it.name.clone()?, it.into())));
    Ok(summaries.collect())
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
    let mut names = named_packages(service, name)?;
    if let Some(platform) = platform {
        names = with_releases(names)
            .cond_where(on_platform(service, platform)?)
            .take();
    }
    names.expr(SummaryKind::Package.column()).distinct();
    let names = Query::select().from_subquery(names, "names").take();
    sql::count(service, names).await
}

/// The package of this name.
///
/// # Errors
/// When the database fails.
pub async fn package(service: &Service, name: &str) -> Result<Option<NameSummary>> {
    if !is_storable(name) {
        return Ok(None);
    }
    Ok(packages_of(service, &[name]).await?.remove(name))
}

/// Everyone who made a release, by name, releases by nobody last; with `platform`, only from releases that name it.
///
/// # Errors
/// When the database fails.
pub async fn users(service: &Service, platform: Option<&str>) -> Result<Vec<NameSummary>> {
    people(service, SummaryKind::User, platform).await
}

/// Every team with a release, by name, releases for no team last; with `platform`, only from releases that name it.
///
/// # Errors
/// When the database fails.
pub async fn teams(service: &Service, platform: Option<&str>) -> Result<Vec<NameSummary>> {
    people(service, SummaryKind::Team, platform).await
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
    let condition = filter.condition(&FilterContext::of(service))?;
    let mut query = match kind {
        SummaryKind::Package => with_releases(named_packages(service, None)?),
        SummaryKind::User | SummaryKind::Team => living_releases(),
    };
    let column = kind.column();
    let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
    let mut wanted = vec![sql::among_texts(service, column.clone(), &known)];
    if names.contains(&None) {
        wanted.push(column.clone().is_null());
    }
    query.cond_where(condition).and_where(sql::any(wanted));
    let query = summarize(query, kind);
    let summaries = sql::rows::<Summary>(service, &query).await?.into_iter();
    Ok(summaries
        .map(|summary| (summary.name, sql::unsigned(summary.release_count)))
        .collect())
}

async fn people(
    service: &Service,
    kind: SummaryKind,
    platform: Option<&str>,
) -> Result<Vec<NameSummary>> {
    let mut query = living_releases();
    if let Some(platform) = platform {
        query.cond_where(on_platform(service, platform)?);
    }
    let mut query = summarize(query, kind);
    query
        .order_by_expr(kind.column().is_null(), sea_query::Order::Asc)
        .order_by_expr(kind.column(), sea_query::Order::Asc);
    let summaries = sql::rows::<Summary>(service, &query).await?.into_iter();
    Ok(summaries.map(NameSummary::from).collect())
}

/// One row for each name in `query`.
fn summarize(mut query: SelectStatement, kind: SummaryKind) -> SelectStatement {
    query
        .expr_as(kind.column(), "name")
        .add_group_by([kind.column()]);
    match kind {
        SummaryKind::Package => aggregates(&mut query, release_of_package(), true),
        SummaryKind::User | SummaryKind::Team => aggregates(&mut query, release(), false),
    }
    query
}

fn living_releases() -> SelectStatement {
    Query::select()
        .from("release")
        .and_where(sql::column("release", "deleted_at").is_null())
        .take()
}

/// The packages whose name meets `name`. Those of deleted releases are deleted themselves.
fn named_packages(service: &Service, name: Option<&StringFilter>) -> Result<SelectStatement> {
    let mut query = Query::select()
        .from("package")
        .and_where(sql::column("package", "deleted_at").is_null())
        .take();
    if let Some(name) = name {
        let column = SummaryKind::Package.column();
        query.and_where(name.condition(&column, &FilterContext::of(service))?);
    }
    Ok(query)
}

fn with_releases(mut packages: SelectStatement) -> SelectStatement {
    let release = sql::column("package", "release_id");
    packages
        .join(
            JoinType::InnerJoin,
            "release",
            sql::column("release", "id").eq(release),
        )
        .take()
}

/// All releases with their packages, in this order: SQLite looks the packages of a release up in
/// the order in which they were written. Left to itself it would go through the packages by name
/// and look their releases up all over the table, which takes four times as long.
fn releases_with_packages() -> SelectStatement {
    let of_release = sql::column("package", "release_id").eq(sql::column("release", "id"));
    let living = sql::column("package", "deleted_at").is_null();
    living_releases()
        .join(JoinType::LeftJoin, "package", of_release.and(living))
        // Not in the condition, where it would make the order of the join free again.
        .and_having(sql::column("package", "id").count().gt(0))
        .take()
}

/// Holds for the releases that name `platform`.
fn on_platform(service: &Service, platform: &str) -> Result<sea_orm::Condition> {
    let filter = ReleaseFilter {
        platforms: Some(StringListFilter {
            has: Some(platform.to_owned()),
            ..StringListFilter::default()
        }),
        ..ReleaseFilter::default()
    };
    filter.condition(&FilterContext::of(service))
}
