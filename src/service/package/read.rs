//! Questions about packages.

use std::collections::HashMap;

use entity::row::Columns;
use entity::{package, package_result};
use sea_orm::sea_query::{ExprTrait as _, SelectStatement};
use sea_orm::{
    EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, RelationTrait,
};
use uuid::Uuid;

use super::PackageOrder;
use crate::service::filter::{FilterContext, PackageFilter};
use crate::service::page::{self, Children, Direction, Key, Order, Page, PageArgs};
use crate::service::reference::{self, Lock, PackageRef};
use crate::service::sql::Planning;
use crate::service::{Result, Service, sql};

const RESULTS: Children = Children {
    table: "package_result",
    id: "id",
    parent: "package_id",
};

/// A page of the packages that meet `filter`, with `columns` of them; the latest start comes first
/// when no order is given.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    (filter, columns): (&PackageFilter, Columns),
    order: &[PackageOrder],
    args: PageArgs,
) -> Result<Page<package::Model>> {
    let planning = Planning::once_if(is_usual(order) && filter.has_index_of_its_own());
    let backend = service.database.backend();
    let order = list_order(order).by_no_index_if(backend, filter.is_about_one_version());
    let query = matching(service, filter, columns)?;
    page::fetch_planned(service, (query, columns, planning), &order, &args).await
}

/// A page of the packages that meet `filter` for each of the names, ordered as in [`list`].
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn of_names(
    service: &Service,
    names: &[&str],
    (filter, columns): (&PackageFilter, Columns),
    order: &[PackageOrder],
    args: PageArgs,
) -> Result<HashMap<String, Page<package::Model>>> {
    let all = matching(service, filter, columns)?;
    let queries = names.iter().map(|name| {
        let mut query = all.clone();
        query.and_where(sql::column("package", "name").eq(*name));
        query
    });
    let order = list_order(order);
    let pages = page::fetch_each(service, (queries.collect(), columns), &order, &args).await?;
    let names = names.iter().map(|name| (*name).to_owned());
    Ok(names.zip(pages).collect())
}

/// How many packages that meet `filter` each name has. Names without any are left out.
///
/// # Errors
/// When the filter makes no sense, or the database fails.
pub async fn name_counts(
    service: &Service,
    names: &[&str],
    filter: &PackageFilter,
) -> Result<HashMap<String, u64>> {
    let name = sql::column("package", "name");
    let mut query = matching(service, filter, Columns::ALL)?;
    query.and_where(sql::among_texts(service, name.clone(), names));
    sql::count_by(service, query, name).await
}

/// How many packages meet `filter`.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn count(service: &Service, filter: &PackageFilter) -> Result<u64> {
    sql::count(service, matching(service, filter, Columns::ALL)?).await
}

/// The packages with these ids, even those that are deleted.
///
/// # Errors
/// When the database fails.
pub async fn by_ids_even_deleted(
    service: &Service,
    ids: &[Uuid],
    columns: Columns,
) -> Result<HashMap<Uuid, package::Model>> {
    let subject = ("packages, even deleted", columns);
    among(service, subject, ids, package::Entity::find).await
}

/// The packages with these ids; unknown and deleted ones are left out.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(
    service: &Service,
    ids: &[Uuid],
    columns: Columns,
) -> Result<HashMap<Uuid, package::Model>> {
    among(service, ("packages", columns), ids, living).await
}

async fn among(
    service: &Service,
    subject: (&'static str, Columns),
    ids: &[Uuid],
    packages: fn() -> sea_orm::Select<package::Entity>,
) -> Result<HashMap<Uuid, package::Model>> {
    let own = (("package", "id"), ids);
    let packages = sql::rows_among(service, subject, own, |among| {
        let mut query = packages().filter(among).into_query();
        sql::select::<package::Entity>(&mut query, subject.1);
        query
    });
    let packages: Vec<package::Model> = packages.await?;
    let packages = packages.into_iter();
    Ok(packages.map(|package| (package.id, package)).collect())
}

/// The package that `reference` leads to, unless it is deleted or there are several.
///
/// # Errors
/// When the database fails.
pub async fn find(service: &Service, reference: &PackageRef) -> Result<Option<package::Model>> {
    let found = reference::package(&service.reader(), reference, Lock::None).await?;
    Ok(found.found())
}

/// The packages of each release that meet `filter`, in the order of the release. Releases without any are left out.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn of_releases(
    service: &Service,
    ids: &[Uuid],
    (filter, columns): (Option<&PackageFilter>, Columns),
) -> Result<HashMap<Uuid, Vec<package::Model>>> {
    let query = |among| {
        let mut query = living()
            .filter(among)
            .order_by_asc(package::Column::ReleaseId)
            .order_by_asc(package::Column::Position)
            .order_by_asc(package::Column::Id)
            .into_query();
        sql::select::<package::Entity>(&mut query, columns);
        query
    };
    let owner = ("package", "release_id");
    let packages = if let Some(filter) = filter {
        let mut query = query(sql::among(service, sql::column(owner.0, owner.1), ids));
        query.cond_where(filter.condition(&FilterContext::of(service))?);
        sql::rows_with(service, &query, columns).await?
    } else {
        let subject = ("packages of releases", columns);
        sql::rows_among(service, subject, (owner, ids), query).await?
    };
    Ok(sql::grouped(packages, |package: &package::Model| {
        package.release_id
    }))
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
    let query = package_result::Entity::find().into_query();
    let order = Order::new("results", [], Key::id("package_result", Direction::Asc));
    page::fetch_grouped(service, RESULTS, query, &order, (ids, &args)).await
}

/// How many results each package has. Packages without any are left out.
///
/// # Errors
/// When the database fails.
pub async fn result_counts(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, u64>> {
    let results = package_result::Entity::find()
        .filter(sql::among(
            service,
            sql::column("package_result", "package_id"),
            ids,
        ))
        .into_query();
    let parent = sql::column("package_result", "package_id");
    sql::count_by(service, results, parent).await
}

/// The result with this id, unless its package is deleted.
///
/// # Errors
/// When the database fails.
pub async fn result(service: &Service, id: Uuid) -> Result<Option<package_result::Model>> {
    Ok(results_by_ids(service, &[id]).await?.remove(&id))
}

/// The results with these ids, unless their package is deleted.
///
/// # Errors
/// When the database fails.
pub async fn results_by_ids(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, package_result::Model>> {
    let results = package_result::Entity::find()
        .join(JoinType::InnerJoin, package_result::Relation::Package.def())
        .filter(package::COLUMN.deleted_at.is_null())
        .filter(sql::among(
            service,
            sql::column("package_result", "id"),
            ids,
        ))
        .all(&service.reader())
        .await?;
    Ok(results
        .into_iter()
        .map(|result| (result.id, result))
        .collect())
}

fn living() -> sea_orm::Select<package::Entity> {
    package::Entity::find().filter(package::COLUMN.deleted_at.is_null())
}

/// Whether the latest start comes first.
fn is_usual(order: &[PackageOrder]) -> bool {
    order.is_empty() || order == [PackageOrder::default()]
}

fn list_order(order: &[PackageOrder]) -> Order {
    let keys = order.iter().map(|order| order.key());
    let usual = Key::id("package", Direction::Desc);
    if order.is_empty() {
        Order::new("packages", [PackageOrder::default().key()], usual)
    } else {
        Order::new("packages", keys, usual)
    }
}

fn matching(
    service: &Service,
    filter: &PackageFilter,
    columns: Columns,
) -> Result<SelectStatement> {
    let condition = filter.condition(&FilterContext::of(service))?;
    let mut query = living().filter(condition).into_query();
    sql::select::<package::Entity>(&mut query, columns);
    Ok(query)
}
