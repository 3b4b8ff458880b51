//! How lists of summaries are ordered.

use sea_orm::sea_query::{ExprTrait, Func, SelectStatement};

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

/// Makes `query`, which joins releases to something, compute their summaries. `repeated`: a release
/// may be there more than once.
pub(in crate::service) fn aggregates(query: &mut SelectStatement, repeated: bool) {
    let release = |column| sql::column("release", column);
    let released_at = || {
        let times = ["started_at", "finished_at", "created_at"];
        Func::coalesce(times.map(release))
    };
    let count = if repeated {
        release("id").count_distinct()
    } else {
        release("id").count()
    };
    query
        .expr_as(count, SummaryOrderField::ReleaseCount.column())
        .expr_as(
            Func::min(released_at()),
            SummaryOrderField::FirstReleasedAt.column(),
        )
        .expr_as(
            Func::max(released_at()),
            SummaryOrderField::LastReleasedAt.column(),
        );
}
