//! Fetching a page for each of many parents, in one statement.

use std::collections::HashMap;

use entity::row::{Cells, Columns, Row};
use sea_orm::sea_query::{
    ExprTrait, JoinType, OverStatement, Query, SelectStatement, WindowStatement,
};
use uuid::Uuid;

use super::args::Slice;
use super::bounds::segments;
use super::order::{Nulls, Order};
use super::{Page, PageArgs, PageRow};
use crate::service::{Result, Service, sql};

/// The name of the numbered rows, and of what is in them.
const NUMBERED: &str = "numbered";
const PLACE: &str = "place";
const CHILD: &str = "child";
const PARENT: &str = "parent";

/// Rows that belong to parents.
#[derive(Clone, Copy, Debug)]
pub(in crate::service) struct Children {
    /// Their table.
    pub table: &'static str,
    /// The column that tells them apart.
    pub id: &'static str,
    /// The column with the id of their parent.
    pub parent: &'static str,
}

/// Fetches a page of the children of each of `parents`; `query` selects children and has no
/// conditions, no order and no limit. Parents without children have no page.
///
/// # Errors
/// When the arguments make no sense, or the database fails.
pub(in crate::service) async fn fetch_grouped<T: Row>(
    service: &Service,
    children: Children,
    mut query: SelectStatement,
    order: &Order,
    (parents, args): (&[Uuid], &PageArgs),
) -> Result<HashMap<Uuid, Page<T>>> {
    let slice = args.check(order, &service.settings)?;
    let numbered = numbered(service, children, order, (parents, &slice));
    let place = || sql::column(NUMBERED, PLACE);
    let skipped = i64::try_from(slice.offset).unwrap_or(i64::MAX);
    let wanted = i64::try_from(slice.limit + 1).unwrap_or(i64::MAX);
    let own = sql::column(children.table, children.id).eq(sql::column(NUMBERED, CHILD));
    query
        .join_subquery(JoinType::InnerJoin, numbered, NUMBERED, own)
        .and_where(place().gt(skipped))
        .and_where(place().lte(skipped.saturating_add(wanted)))
        .order_by_expr(place(), sea_orm::sea_query::Order::Asc);
    order.select_values(&mut query);
    query.expr_as(sql::column(children.table, children.parent), PARENT);
    let mut groups: HashMap<Uuid, Vec<PageRow<T>>> = HashMap::new();
    let take = |cells: &mut Cells<'_>| Ok((order.take(cells)?, cells.take::<Uuid>()?));
    for (row, parent) in
        sql::read(service, (&query, sql::Planning::Freely), Columns::ALL, take).await?
    {
        groups.entry(parent).or_default().push(row);
    }
    let pages = groups.into_iter().map(|(parent, mut rows)| {
        let (has_next_page, has_previous_page) = slice.cut(&mut rows);
        let page = Page {
            rows,
            has_next_page,
            has_previous_page,
        };
        (parent, page)
    });
    Ok(pages.collect())
}

/// The ids of the children in `slice`, numbered for each parent. Only ids, so that long texts are
/// read for the page alone.
fn numbered(
    service: &Service,
    children: Children,
    order: &Order,
    (parents, slice): (&[Uuid], &Slice),
) -> SelectStatement {
    let backend = service.database.backend();
    let parent = sql::column(children.table, children.parent);
    let mut window = WindowStatement::new();
    window.add_partition_by(parent.clone());
    for key in &order.keys {
        key.sort(&mut window, slice.backwards, Nulls::AsListed, backend);
    }
    let conditions = segments(order, slice).into_iter();
    let conditions = conditions.map(|segment| segment.condition).collect();
    Query::select()
        .expr_as(sql::column(children.table, children.id), CHILD)
        .expr_window_as(sql::call("row_number", []), window, PLACE)
        .from(children.table)
        .and_where(sql::among(service, parent, parents))
        .and_where(sql::any(conditions))
        .take()
}
