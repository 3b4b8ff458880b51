//! Fetching a page of one list.

use sea_orm::sea_query::SelectStatement;
use sea_orm::{ConnectionTrait, FromQueryResult};

use super::bounds::segments;
use super::cursor::encode;
use super::order::{Nulls, Order};
use super::{Page, PageArgs, PageRow};
use crate::service::{Result, Service};

/// Fetches a page of the rows of `query`, which has no order and no limit.
///
/// # Errors
/// When the arguments make no sense, or the database fails.
pub(in crate::service) async fn fetch<T: FromQueryResult>(
    service: &Service,
    mut query: SelectStatement,
    order: &Order,
    args: &PageArgs,
) -> Result<Page<T>> {
    let slice = args.check(order, &service.settings)?;
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
        for row in service.reader().query_all(&query).await? {
            rows.push(PageRow {
                cursor: encode(order, &order.values(&row)?),
                row: T::from_query_result(&row, "")?,
            });
        }
    }
    let (has_next_page, has_previous_page) = slice.cut(&mut rows);
    Ok(Page {
        rows,
        has_next_page,
        has_previous_page,
    })
}
