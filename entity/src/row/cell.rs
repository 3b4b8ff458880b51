//! What values become.

use sea_orm::prelude::{DateTimeUtc, Uuid};
use sea_orm::{ActiveEnum, DbErr};

use super::{Cells, Kind};
use crate::{DeployStatus, EventType, Timestamp};

/// A value of a row.
pub trait Cell: Sized {
    /// How it goes into JSON.
    const KIND: Kind;

    /// The value at `place`.
    ///
    /// # Errors
    /// When it is missing or not what it should be.
    fn of(cells: &Cells<'_>, place: usize) -> Result<Self, DbErr>;

    /// Stands for a value that was not asked for.
    fn absent() -> Self;
}

impl<T: Stored> Cell for Option<T> {
    const KIND: Kind = T::KIND;

    fn of(cells: &Cells<'_>, place: usize) -> Result<Self, DbErr> {
        T::get(cells, place)
    }

    fn absent() -> Self {
        None
    }
}

/// A value that may be stored in a column.
pub trait Stored: Sized {
    /// How it goes into JSON.
    const KIND: Kind = Kind::AsIs;
    /// What stands for a value that was not asked for.
    const ABSENT: Self;

    /// The value at `place`; none when it is null.
    ///
    /// # Errors
    /// When it is missing or not what it should be.
    fn get(cells: &Cells<'_>, place: usize) -> Result<Option<Self>, DbErr>;
}

/// What is stored as it is.
macro_rules! stored {
    ($ty:ty, $kind:expr, $absent:expr) => {
        impl Stored for $ty {
            const KIND: Kind = $kind;
            const ABSENT: Self = $absent;

            fn get(cells: &Cells<'_>, place: usize) -> Result<Option<Self>, DbErr> {
                cells.get(place)
            }
        }

        never_null!($ty);
    };
}

/// Enumerations, which are stored by name.
macro_rules! named {
    ($ty:ty, $absent:expr) => {
        impl Stored for $ty {
            const ABSENT: Self = $absent;

            fn get(cells: &Cells<'_>, place: usize) -> Result<Option<Self>, DbErr> {
                let name: Option<String> = cells.get(place)?;
                name.map(|name| Self::try_from_value(&name)).transpose()
            }
        }

        never_null!($ty);
    };
}

macro_rules! never_null {
    ($ty:ty) => {
        impl Cell for $ty {
            const KIND: Kind = <$ty as Stored>::KIND;

            fn of(cells: &Cells<'_>, place: usize) -> Result<Self, DbErr> {
                <$ty as Stored>::get(cells, place)?.ok_or_else(|| null(place))
            }

            fn absent() -> Self {
                Self::ABSENT
            }
        }
    };
}

stored!(bool, Kind::AsIs, false);
stored!(i32, Kind::AsIs, 0);
stored!(i64, Kind::AsIs, 0);
stored!(String, Kind::AsIs, Self::new());
stored!(Uuid, Kind::Bytes, Self::nil());
named!(DeployStatus, Self::NotStarted);
named!(EventType, Self::ReleaseCreated);

impl Stored for Timestamp {
    const ABSENT: Self = Self(DateTimeUtc::UNIX_EPOCH);

    fn get(cells: &Cells<'_>, place: usize) -> Result<Option<Self>, DbErr> {
        let Some(millis) = cells.get(place)? else {
            return Ok(None);
        };
        let time = DateTimeUtc::from_timestamp_millis(millis);
        let time = time.ok_or_else(|| DbErr::Type(format!("{millis} is no time")))?;
        Ok(Some(Self(time)))
    }
}

never_null!(Timestamp);

fn null(place: usize) -> DbErr {
    DbErr::Type(format!("the value at {place} is null"))
}
