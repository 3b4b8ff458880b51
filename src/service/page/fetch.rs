//! Fetching a page of one list.

use entity::row::{Columns, Row};
use sea_orm::sea_query::SelectStatement;

use super::bounds::segments;
use super::order::{Nulls, Order};
use super::{Page, PageArgs, PageRow};
use crate::service::{Result, Service, sql};

/// Fetches a page of the rows of `query`, which has no order and no limit. Where nothing of the
/// rows is wanted, the arguments are checked and nothing is asked.
///
/// # Errors
/// When the arguments make no sense, or the database fails.
pub(in crate::service) async fn fetch<T: Row>(
    service: &Service,
    (mut query, columns): (SelectStatement, Columns),
    order: &Order,
    args: &PageArgs,
) -> Result<Page<T>> {
    let slice = args.check(order, &service.settings)?;
    if columns == Columns::NONE {
        return Ok(Page::default());
    }
    order.select_values(&mut query);
    let backend = service.database.backend();
    let mut rows: Vec<PageRow<T>> = Vec::new();
    for segment in segments(order, &slice) {
        let missing = (slice.limit + 1).saturating_sub(rows.len() as u64);
        if missing == 0 {
            break;
        }
        let mut query = query.clone();
        query.and_where(segment.condition).limit(missing);
        let mut nulls = segment.nulls;
        for key in &order.keys {
            key.sort(&mut query, slice.backwards, nulls, backend);
            // Of the other keys nothing is known.
            nulls = Nulls::AsListed;
        }
        if slice.offset > 0 {
            query.offset(slice.offset);
        }
        rows.extend(sql::read(service, &query, columns, |cells| order.take(cells)).await?);
    }
    let (has_next_page, has_previous_page) = slice.cut(&mut rows);
    Ok(Page {
        rows,
        has_next_page,
        has_previous_page,
    })
}
