//! Fetching a page of one list.

use entity::row::{Columns, Row};
use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, SelectStatement};

use super::args::Slice;
use super::bounds::{Segment, segments};
use super::order::{Nulls, Order};
use super::{Page, PageArgs, PageRow};
use crate::service::sql::Planning;
use crate::service::{Result, Service, sql};

/// What the rows of a page are called that are found and not read yet.
const FOUND: &str = "found";

/// Fetches a page of the rows of `query`, which has no order and no limit. Where nothing of the
/// rows is wanted, the arguments are checked and nothing is asked.
///
/// # Errors
/// When the arguments make no sense, or the database fails.
pub(in crate::service) async fn fetch<T: Row>(
    service: &Service,
    (query, columns): (SelectStatement, Columns),
    order: &Order,
    args: &PageArgs,
) -> Result<Page<T>> {
    fetch_planned(service, (query, columns, Planning::Freely), order, args).await
}

/// The same, by statements that are planned so.
///
/// # Errors
/// As for [`fetch`].
pub(in crate::service) async fn fetch_planned<T: Row>(
    service: &Service,
    (query, columns, planning): (SelectStatement, Columns, Planning),
    order: &Order,
    args: &PageArgs,
) -> Result<Page<T>> {
    fetch_parts(service, (columns, planning), order, args, |part| {
        part.rows(query.clone())
    })
    .await
}

/// Fetches a page of the rows of `all`, whose ids are `id`: first finds it, in `found`, and then
/// reads it. What is found need not select anything; its last key is the id.
///
/// For conditions that take a look into other tables, so that many rows may be met which are not on
/// the page: to find it, the columns that are compared are enough, which an index may have.
///
/// # Errors
/// As for [`fetch`].
pub(in crate::service) async fn search<T: Row>(
    service: &Service,
    (all, columns, id): (SelectStatement, Columns, Expr),
    (found, order, planning): (SelectStatement, &Order, Planning),
    args: &PageArgs,
) -> Result<Page<T>> {
    fetch_parts(service, (columns, planning), order, args, |part| {
        part.read((all.clone(), &id), part.rows(found.clone()))
    })
    .await
}

/// Fetches a page, each part of it by the statement that `query` makes for it.
async fn fetch_parts<T: Row>(
    service: &Service,
    (columns, planning): (Columns, Planning),
    order: &Order,
    args: &PageArgs,
    query: impl Fn(&Part) -> SelectStatement,
) -> Result<Page<T>> {
    let slice = args.check(order, &service.settings)?;
    if columns == Columns::NONE {
        return Ok(Page::default());
    }
    let mut rows: Vec<PageRow<T>> = Vec::new();
    for segment in segments(order, &slice) {
        let missing = (slice.limit + 1).saturating_sub(rows.len() as u64);
        if missing == 0 {
            break;
        }
        let part = Part {
            order,
            slice: &slice,
            segment,
            missing,
            backend: service.database.backend(),
        };
        let query = query(&part);
        // How many rows are left out matters.
        let has_offset = slice.offset > 0;
        let planning = if has_offset {
            Planning::Freely
        } else {
            planning
        };
        let query = (&query, planning);
        rows.extend(sql::read(service, query, columns, |cells| order.take(cells)).await?);
    }
    let (has_next_page, has_previous_page) = slice.cut(&mut rows);
    Ok(Page {
        rows,
        has_next_page,
        has_previous_page,
    })
}

/// A part of a page, which one statement fetches.
struct Part<'a> {
    order: &'a Order,
    slice: &'a Slice,
    segment: Segment,
    /// How many rows it may have.
    missing: u64,
    backend: DbBackend,
}

impl Part<'_> {
    /// The rows of `query` that belong to it, each with what it is sorted by.
    fn rows(&self, mut query: SelectStatement) -> SelectStatement {
        self.order.select_values(&mut query);
        query
            .and_where(self.segment.condition.clone())
            .limit(self.missing);
        self.sort(&mut query, self.order);
        if self.slice.offset > 0 {
            query.offset(self.slice.offset);
        }
        query
    }

    /// The rows of `all` whose ids are the last keys of those that are `found`.
    fn read(
        &self,
        (mut all, id): (SelectStatement, &Expr),
        found: SelectStatement,
    ) -> SelectStatement {
        let order = self.order.over(FOUND);
        order.select_values(&mut all);
        let same = order
            .keys
            .last()
            .map(|key| id.clone().eq(key.expression.clone()));
        let same = sql::all(same.into_iter().collect());
        all.join_subquery(JoinType::InnerJoin, found, FOUND, same);
        self.sort(&mut all, &order);
        all
    }

    fn sort(&self, query: &mut SelectStatement, order: &Order) {
        let mut nulls = self.segment.nulls;
        for key in &order.keys {
            key.sort(query, self.slice.backwards, nulls, self.backend);
            // Of the other keys nothing is known.
            nulls = Nulls::AsListed;
        }
    }
}
