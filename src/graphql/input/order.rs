//! What lists are ordered by.

use async_graphql::InputObject;

use crate::graphql::enums::{
    OrderDirection, PackageOrderField, ReleaseOrderField, SummaryOrderField,
};
use crate::service::{package, release, summary};

/// One key that releases are ordered by. Where it is equal the next key of the list decides, and
/// at last the id.
#[derive(Clone, Debug, PartialEq, Eq, InputObject)]
pub struct ReleaseOrder {
    /// What to order by.
    pub field: ReleaseOrderField,
    /// Which end comes first.
    #[graphql(default_with = "OrderDirection::Desc")]
    pub direction: OrderDirection,
}

/// One key that packages are ordered by. Where it is equal the next key of the list decides, and
/// at last the id.
#[derive(Clone, Debug, PartialEq, Eq, InputObject)]
pub struct PackageOrder {
    /// What to order by.
    pub field: PackageOrderField,
    /// Which end comes first.
    #[graphql(default_with = "OrderDirection::Desc")]
    pub direction: OrderDirection,
}

/// One key that platforms and summaries are ordered by. Where it is equal the next key of the
/// list decides, and at last the name.
#[derive(Clone, Debug, PartialEq, Eq, InputObject)]
pub struct SummaryOrder {
    /// What to order by.
    pub field: SummaryOrderField,
    /// Which end comes first.
    #[graphql(default_with = "OrderDirection::Asc")]
    pub direction: OrderDirection,
}

/// An order that a list takes, and the one it has when none is given.
pub trait Order: Sized {
    /// What the service calls it.
    type Key: From<Self>;

    /// The order of a list that was given none, in the form of an argument's default.
    fn usual() -> Option<Vec<Self>>;

    /// The keys for the service. An explicit null is as good as no order.
    fn keys(given: Option<Vec<Self>>) -> Vec<Self::Key> {
        let orders = given.or_else(Self::usual).unwrap_or_default();
        orders.into_iter().map(Into::into).collect()
    }
}

impl Order for ReleaseOrder {
    type Key = release::ReleaseOrder;

    fn usual() -> Option<Vec<Self>> {
        Some(vec![Self {
            field: ReleaseOrderField::StartedAt,
            direction: OrderDirection::Desc,
        }])
    }
}

impl Order for PackageOrder {
    type Key = package::PackageOrder;

    fn usual() -> Option<Vec<Self>> {
        Some(vec![Self {
            field: PackageOrderField::StartedAt,
            direction: OrderDirection::Desc,
        }])
    }
}

impl Order for SummaryOrder {
    type Key = summary::SummaryOrder;

    fn usual() -> Option<Vec<Self>> {
        Some(vec![Self {
            field: SummaryOrderField::Name,
            direction: OrderDirection::Asc,
        }])
    }
}

impl From<ReleaseOrder> for release::ReleaseOrder {
    fn from(ReleaseOrder { field, direction }: ReleaseOrder) -> Self {
        Self {
            field: field.into(),
            direction: direction.into(),
        }
    }
}

impl From<PackageOrder> for package::PackageOrder {
    fn from(PackageOrder { field, direction }: PackageOrder) -> Self {
        Self {
            field: field.into(),
            direction: direction.into(),
        }
    }
}

impl From<SummaryOrder> for summary::SummaryOrder {
    fn from(SummaryOrder { field, direction }: SummaryOrder) -> Self {
        Self {
            field: field.into(),
            direction: direction.into(),
        }
    }
}
