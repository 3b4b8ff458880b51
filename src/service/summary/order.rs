//! How lists of summaries are ordered.

use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use crate::service::page::{Direction, Key, Order, ValueKind};
use crate::service::sql;

/// One key of an order; the next one decides where this one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SummaryOrder {
    /// What to order by.
    pub field: SummaryOrderField,
    /// Which end comes first.
    pub direction: Direction,
}

/// What summaries can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SummaryOrderField {
    /// The name.
    Name,
    /// How many releases there are.
    ReleaseCount,
    /// When the first was released.
    FirstReleasedAt,
    /// When the last was released.
    LastReleasedAt,
}

impl SummaryOrder {
    /// Whether it needs to know nothing but the name.
    pub(in crate::service) fn is_by_name(self) -> bool {
        self.field == SummaryOrderField::Name
    }
}

impl SummaryOrderField {
    /// The column of a query for summaries that has it.
    pub(in crate::service) const fn column(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ReleaseCount => "release_count",
            Self::FirstReleasedAt => "first_released_at",
            Self::LastReleasedAt => "last_released_at",
        }
    }

    const fn kind(self) -> ValueKind {
        match self {
            Self::Name => ValueKind::Text,
            Self::ReleaseCount | Self::FirstReleasedAt | Self::LastReleasedAt => ValueKind::Integer,
        }
    }
}

/// The order of a `list` of summaries in `table`; by name when the caller has no wish.
pub(in crate::service) fn order_by(
    list: &'static str,
    table: &'static str,
    order: &[SummaryOrder],
    unique: Key,
) -> Order {
    let usual = [SummaryOrder {
        field: SummaryOrderField::Name,
        direction: Direction::Asc,
    }];
    let order = if order.is_empty() { &usual } else { order };
    let keys = order.iter().map(|SummaryOrder { field, direction }| {
        Key::column(table, field.column(), field.kind(), *direction)
    });
    Order::new(list, keys, unique)
}

/// Makes `query` compute the summaries of the releases with these ids and times. `repeated`: a release may
/// be there more than once.
pub(in crate::service) fn aggregates(
    query: &mut SelectStatement,
    (id, released_at): (Expr, Expr),
    repeated: bool,
) {
    let count = if repeated {
        id.count_distinct()
    } else {
        id.count()
    };
    query
        .expr_as(count, SummaryOrderField::ReleaseCount.column())
        .expr_as(
            Func::min(released_at.clone()),
            SummaryOrderField::FirstReleasedAt.column(),
        )
        .expr_as(
            Func::max(released_at),
            SummaryOrderField::LastReleasedAt.column(),
        );
}

/// A release of a query, and when it was made.
pub(in crate::service) fn release() -> (Expr, Expr) {
    let column = |name| sql::column("release", name);
    let times = ["started_at", "finished_at", "created_at"].map(column);
    (column("id"), Func::coalesce(times).into())
}

/// The same of the release of a package, which knows it but for releases without a start.
pub(super) fn release_of_package() -> (Expr, Expr) {
    let column = |name| sql::column("package", name);
    let (id, released_at) = release();
    let looked_up = Query::select()
        .expr(released_at)
        .from("release")
        .and_where(id.eq(column("release_id")))
        .take();
    let looked_up = Expr::SubQuery(None, Box::new(looked_up.into()));
    let released_at = Func::coalesce([column("release_started_at"), looked_up]);
    (column("release_id"), released_at.into())
}
