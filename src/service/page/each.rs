//! Fetching a page of each of many lists, many lists in one statement.

use entity::row::{Cells, Columns, Row};
use sea_orm::sea_query::{Asterisk, Expr, Order as SortOrder, Query, SelectStatement, UnionType};

use super::args::Slice;
use super::bounds::segments;
use super::fetch::fetch;
use super::order::{Nulls, Order};
use super::{Page, PageArgs, PageRow};
use crate::service::sql::Planning;
use crate::service::{Error, Result, Service, sql};

/// What united lists are called, one of them, and the column that tells them apart.
const UNITED: &str = "united";
const BRANCH: &str = "branch";
const LIST: &str = "list";

/// Lists in one statement at most; `SQLite` takes no more than 500.
const MAX_LISTS: usize = 100;
/// Parameters in one statement at most; `SQLite` takes no more than 32,766.
const MAX_PARAMETERS: usize = 30_000;

/// Fetches a page of the rows of each of `queries`, which have neither order nor limit. The pages
/// come in the order of the queries, and no list is read further than its page reaches.
///
/// # Errors
/// When the arguments make no sense, or the database fails.
pub(in crate::service) async fn fetch_each<T: Row>(
    service: &Service,
    (mut queries, columns): (Vec<SelectStatement>, Columns),
    order: &Order,
    args: &PageArgs,
) -> Result<Vec<Page<T>>> {
    if queries.len() == 1
        && let Some(query) = queries.pop()
    {
        return Ok(vec![fetch(service, (query, columns), order, args).await?]);
    }
    let slice = args.check(order, &service.settings)?;
    let branches: Vec<_> = queries
        .into_iter()
        .map(|query| branch(service, query, order, &slice))
        .collect();
    let mut pages = Vec::with_capacity(branches.len());
    for branches in branches.chunks(lists_at_once(service, &branches)) {
        for mut rows in fetch_united(service, (branches, columns), order, slice.backwards).await? {
            let (has_next_page, has_previous_page) = slice.cut(&mut rows);
            pages.push(Page {
                rows,
                has_next_page,
                has_previous_page,
            });
        }
    }
    Ok(pages)
}

/// The rows of one list that its page needs, each with what it is sorted by.
fn branch(
    service: &Service,
    mut query: SelectStatement,
    order: &Order,
    slice: &Slice,
) -> SelectStatement {
    let conditions = segments(order, slice).into_iter();
    let conditions = conditions.map(|segment| segment.condition).collect();
    order.select_values(&mut query);
    query
        .and_where(sql::any(conditions))
        .limit(slice.limit + 1)
        .offset(slice.offset);
    let backend = service.database.backend();
    for key in &order.keys {
        key.sort(&mut query, slice.backwards, Nulls::AsListed, backend);
    }
    query
}

/// How many lists fit into one statement, as far as the first tells.
fn lists_at_once(service: &Service, branches: &[SelectStatement]) -> usize {
    let first = branches.first().map(|branch| {
        let statement = service.database.backend().build(branch);
        statement.values.map_or(0, |values| values.0.len())
    });
    // One more tells the lists apart.
    let each = first.unwrap_or(0) + 1;
    (MAX_PARAMETERS / each).clamp(1, MAX_LISTS)
}

/// The rows of `branches`, each list by itself and in its order.
async fn fetch_united<T: Row>(
    service: &Service,
    (branches, columns): (&[SelectStatement], Columns),
    order: &Order,
    backwards: bool,
) -> Result<Vec<Vec<PageRow<T>>>> {
    let mut selects = (0_i64..).zip(branches).map(|(list, branch)| {
        // Only a query around it may have an order and a limit of its own.
        Query::select()
            .column((BRANCH, Asterisk))
            .expr_as(Expr::val(list), LIST)
            .from_subquery(branch.clone(), BRANCH)
            .take()
    });
    let Some(mut united) = selects.next() else {
        return Ok(Vec::new());
    };
    united.unions(selects.map(|select| (UnionType::All, select)));
    let mut query = Query::select()
        .column((UNITED, Asterisk))
        .from_subquery(united, UNITED)
        .order_by((UNITED, LIST), SortOrder::Asc)
        .take();
    for key in &order.over(UNITED).keys {
        let backend = service.database.backend();
        key.sort(&mut query, backwards, Nulls::AsListed, backend);
    }
    let mut lists: Vec<_> = branches.iter().map(|_| Vec::new()).collect();
    let take = |cells: &mut Cells<'_>| Ok((order.take(cells)?, cells.take::<i64>()?));
    for (row, list) in sql::read(service, (&query, Planning::Freely), columns, take).await? {
        let list = usize::try_from(list)
            .ok()
            .and_then(|list| lists.get_mut(list));
        let list = list.ok_or_else(|| Error::Corrupt("a row of no list".to_owned()))?;
        list.push(row);
    }
    Ok(lists)
}
