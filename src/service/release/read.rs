//! Questions about releases.

use std::collections::HashMap;

use entity::row::{Columns, Row};
use entity::{
    failure, platform, release, release_metadata, release_note, release_platform, release_reference,
};
use sea_orm::sea_query::{Expr, ExprTrait as _, SelectStatement};
use sea_orm::{
    DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationTrait, Select,
};
use uuid::Uuid;

use super::ReleaseOrder;
use crate::service::filter::{FilterContext, LEAD, ReleaseFilter};
use crate::service::page::{self, Direction, Key, Order, Page, PageArgs};
use crate::service::reference::ReleaseRef;
use crate::service::sql::Planning;
use crate::service::{Result, Service, sql, tally};

/// A page of the releases that meet `filter`, with `columns` of them; the latest start comes first
/// when no order is given.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn list(
    service: &Service,
    (filter, columns): (&ReleaseFilter, Columns),
    order: &[ReleaseOrder],
    args: PageArgs,
) -> Result<Page<release::Model>> {
    let planning = Planning::once_if(is_usual(order) && filter.has_index_of_its_own());
    let order = list_order(order);
    let context = FilterContext::of(service);
    let table = || (all(columns), columns, sql::column("release", "id"));
    if let Some(order) = order_of_lead(&order)
        && let Some((found, planning)) = filter.led(&context)?
    {
        let found = (found, &order, planning);
        return page::search(service, table(), found, &args).await;
    }
    let query = matching(service, filter, columns)?;
    // SQLite reads no row before it needs a column that the index lacks. PostgreSQL reads each that it
    // meets, or takes whichever index has every column of the page.
    if context.backend == DbBackend::Postgres && filter.looks_elsewhere() {
        let found = query.clone().clear_selects().take();
        let found = (found, &order, planning);
        return page::search(service, table(), found, &args).await;
    }
    page::fetch_planned(service, (query, columns, planning), &order, &args).await
}

/// A page of the releases that meet `filter` for each of the platforms, ordered as in [`list`].
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn of_platforms(
    service: &Service,
    platforms: &[Uuid],
    (filter, columns): (&ReleaseFilter, Columns),
    order: &[ReleaseOrder],
    args: PageArgs,
) -> Result<HashMap<Uuid, Page<release::Model>>> {
    let all = matching(service, filter, columns)?;
    let queries = platforms.iter().map(|platform| {
        let named = release_platform::Entity::find()
            .select_only()
            .column(release_platform::Column::ReleaseId)
            .filter(release_platform::COLUMN.platform_id.eq(*platform))
            .into_query();
        let mut query = all.clone();
        query.and_where(sql::column("release", "id").in_subquery(named));
        query
    });
    let order = list_order(order);
    let pages = page::fetch_each(service, (queries.collect(), columns), &order, &args).await?;
    Ok(platforms.iter().copied().zip(pages).collect())
}

/// How many releases meet `filter`.
///
/// # Errors
/// When the page arguments or the filter make no sense, or the database fails.
pub async fn count(service: &Service, filter: &ReleaseFilter) -> Result<u64> {
    if tally::knows(filter) {
        return tally::count(service, filter).await;
    }
    sql::count(service, matching(service, filter, Columns::ALL)?).await
}

/// The releases with these ids, even those that are deleted.
///
/// # Errors
/// When the database fails.
pub async fn by_ids_even_deleted(
    service: &Service,
    ids: &[Uuid],
    columns: Columns,
) -> Result<HashMap<Uuid, release::Model>> {
    let subject = ("releases, even deleted", columns);
    let releases = among(service, subject, ids, release::Entity::find).await?;
    Ok(releases.into_iter().map(|it| (it.id, it)).collect())
}

/// The releases with these ids; unknown and deleted ones are left out.
///
/// # Errors
/// When the database fails.
pub async fn by_ids(
    service: &Service,
    ids: &[Uuid],
    columns: Columns,
) -> Result<HashMap<Uuid, release::Model>> {
    let releases = living_among(service, ids, columns).await?;
    Ok(releases.into_iter().map(|it| (it.id, it)).collect())
}

async fn living_among(
    service: &Service,
    ids: &[Uuid],
    columns: Columns,
) -> Result<Vec<release::Model>> {
    among(service, ("releases", columns), ids, living).await
}

async fn among(
    service: &Service,
    subject: (&'static str, Columns),
    ids: &[Uuid],
    releases: fn() -> sea_orm::Select<release::Entity>,
) -> Result<Vec<release::Model>> {
    let own = (("release", "id"), ids);
    let releases = sql::rows_among(service, subject, own, |among| {
        let mut query = releases().filter(among).into_query();
        sql::select::<release::Entity>(&mut query, subject.1);
        query
    });
    releases.await
}

/// The release that `reference` leads to, unless it is deleted, with `columns` of it.
///
/// # Errors
/// When the database fails.
pub async fn find(
    service: &Service,
    reference: &ReleaseRef,
    columns: Columns,
) -> Result<Option<release::Model>> {
    if let Some(id) = reference.id() {
        return Ok(living_among(service, &[id], columns).await?.pop());
    }
    let Some(key) = reference.external_id() else {
        return Ok(None);
    };
    let query = all(columns)
        .and_where(sql::column("release", "external_id").eq(key))
        .take();
    Ok(sql::rows_with(service, &query, columns).await?.pop())
}

/// The platforms of each release, in its order. Releases without any are left out, here and below.
///
/// # Errors
/// When the database fails.
pub async fn platforms(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<platform::Model>>> {
    let subject = ("platforms of releases", Columns::ALL);
    let owner = ("release_platform", "release_id");
    let rows = sql::rows_among::<(_, Uuid)>(service, subject, (owner, ids), |among| {
        platform::Entity::find()
            .column(release_platform::Column::ReleaseId)
            .join_rev(
                JoinType::InnerJoin,
                release_platform::Relation::Platform.def(),
            )
            .filter(among)
            .order_by_asc(release_platform::Column::ReleaseId)
            .order_by_asc(release_platform::Column::Position)
            .into_query()
    });
    let mut platforms: HashMap<Uuid, Vec<platform::Model>> = HashMap::new();
    for (platform, release_id) in rows.await? {
        platforms.entry(release_id).or_default().push(platform);
    }
    Ok(platforms)
}

/// The references of each release, in its order.
///
/// # Errors
/// When the database fails.
pub async fn references(service: &Service, ids: &[Uuid]) -> Result<HashMap<Uuid, Vec<String>>> {
    use release_reference::{Column, Entity};
    let order = [Column::ReleaseId, Column::Position];
    let rows = belonging::<Entity>(service, "references of releases", ids, order).await?;
    let mut references: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        let list = references.entry(row.release_id).or_default();
        list.push(row.reference);
    }
    Ok(references)
}

/// The notes on each release, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn notes(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<release_note::Model>>> {
    use release_note::{Column, Entity};
    let order = [Column::ReleaseId, Column::Id];
    let notes = belonging::<Entity>(service, "notes of releases", ids, order).await?;
    Ok(sql::grouped(notes, |note| note.release_id))
}

/// The metadata of each release, by key.
///
/// # Errors
/// When the database fails.
pub async fn metadata(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<release_metadata::Model>>> {
    use release_metadata::{Column, Entity};
    let order = [Column::ReleaseId, Column::Key];
    let entries = belonging::<Entity>(service, "metadata of releases", ids, order).await?;
    Ok(sql::grouped(entries, |entry| entry.release_id))
}

/// The records of `E` that belong to releases, in this `order`.
async fn belonging<E>(
    service: &Service,
    what: &'static str,
    ids: &[Uuid],
    order: [E::Column; 2],
) -> Result<Vec<E::Model>>
where
    E: EntityTrait,
    E::Model: Row,
{
    let owner = (E::default().table_name(), "release_id");
    let rows = sql::rows_among(service, (what, Columns::ALL), (owner, ids), |among| {
        let found = E::find().filter(among);
        let sort = |found: Select<E>, column| found.order_by_asc(column);
        order.into_iter().fold(found, sort).into_query()
    });
    rows.await
}

/// The failures that each release caused, in the order of their detection.
///
/// # Errors
/// When the database fails.
pub async fn failures(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<failure::Model>>> {
    let subject = ("failures of releases", Columns::ALL);
    let owner = (("failure", "release_id"), ids);
    let failures = sql::rows_among(service, subject, owner, failures_of_the_living);
    Ok(sql::grouped(failures.await?, |failure: &failure::Model| {
        failure.release_id
    }))
}

/// The failures with these ids, unless their release is deleted.
///
/// # Errors
/// When the database fails.
pub async fn failures_by_ids(
    service: &Service,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, failure::Model>> {
    let subject = ("failures", Columns::ALL);
    let own = (("failure", "id"), ids);
    let failures = sql::rows_among(service, subject, own, failures_of_the_living);
    let failures: Vec<failure::Model> = failures.await?;
    Ok(failures
        .into_iter()
        .map(|failure| (failure.id, failure))
        .collect())
}

fn living() -> sea_orm::Select<release::Entity> {
    release::Entity::find().filter(release::COLUMN.deleted_at.is_null())
}

/// Whether the latest start comes first.
fn is_usual(order: &[ReleaseOrder]) -> bool {
    order.is_empty() || order == [ReleaseOrder::default()]
}

fn list_order(order: &[ReleaseOrder]) -> Order {
    let keys = order.iter().map(|order| order.key());
    let usual = Key::id("release", Direction::Desc);
    if order.is_empty() {
        Order::new("releases", [ReleaseOrder::default().key()], usual)
    } else {
        Order::new("releases", keys, usual)
    }
}

/// The same order by what the packages know that lead to releases; none if it depends on more.
fn order_of_lead(order: &Order) -> Option<Order> {
    let mut order = order.clone();
    for key in &mut order.keys {
        let column = match key.name {
            "started_at" => "release_started_at",
            "id" => "release_id",
            _ => return None,
        };
        key.expression = sql::column(LEAD, column);
    }
    Some(order)
}

fn matching(
    service: &Service,
    filter: &ReleaseFilter,
    columns: Columns,
) -> Result<SelectStatement> {
    let condition = filter.condition(&FilterContext::of(service))?;
    Ok(all(columns).cond_where(condition).take())
}

/// All releases, with `columns` of them.
fn all(columns: Columns) -> SelectStatement {
    let mut query = living().into_query();
    sql::select::<release::Entity>(&mut query, columns);
    query
}

fn failures_of_the_living(condition: Expr) -> SelectStatement {
    failure::Entity::find()
        .join(JoinType::InnerJoin, failure::Relation::Release.def())
        .filter(release::COLUMN.deleted_at.is_null())
        .filter(condition)
        .order_by_asc(failure::Column::DetectedAt)
        .order_by_asc(failure::Column::Id)
        .into_query()
}
