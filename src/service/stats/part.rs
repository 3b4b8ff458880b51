//! The parts of the calendar that all time can be folded into.

use std::ops::RangeInclusive;

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::calendar::{DAY, HOUR};
use super::group::LAYER;

/// A part of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CalendarPart {
    /// 0 to 23.
    HourOfDay,
    /// 1 for Monday to 7 for Sunday.
    DayOfWeek,
    /// 1 to 31.
    DayOfMonth,
    /// 1 to 53, as ISO 8601 has it: week 1 is the one with the year's first Thursday.
    IsoWeek,
    /// 1 to 12.
    MonthOfYear,
    /// The year.
    Year,
}

/// The days from 1570-01-01 to 1970-01-01. Hours and days are counted from there, so that none has
/// a negative number: both databases divide towards zero. After 400 years the calendar repeats,
/// weekdays included.
const FIRST_DAYS: i64 = 146_097;

/// The column with the value of a part.
pub(super) const VALUE: &str = "value";

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The Thursday of the week that the day number `place` lies in. 1570-01-01 was a Thursday.
const THURSDAY: &str = "place - (place + 3) % 7 + 3";

/// The date of the day number `day`, counted from 1570-01-01: what each layer computes from the
/// one below. Years begin in March here, which puts the leap day at their end.
const DATE: [&[(&str, &str)]; 5] = [
    &[
        ("cycle", "(day + 573371) / 146097"),
        ("cycle_day", "(day + 573371) % 146097"),
    ],
    &[(
        "cycle_year",
        "(cycle_day - cycle_day / 1460 + cycle_day / 36524 - cycle_day / 146096) / 365",
    )],
    &[(
        "year_day",
        "cycle_day - (365 * cycle_year + cycle_year / 4 - cycle_year / 100)",
    )],
    &[("march_month", "(5 * year_day + 2) / 153")],
    &[
        ("date_year", "cycle * 400 + cycle_year + march_month / 10"),
        ("date_month", "(march_month + 2) % 12 + 1"),
        ("date_day", "year_day - (153 * march_month + 2) / 5 + 1"),
    ],
];

/// The number of the week whose Thursday is the day number `day` in the year `date_year`: how many
/// weeks that Thursday is behind New Year's Day.
const WEEK: &str = "(day - 365 * (date_year - 1570) - (date_year - 1569) / 4 \
                    + (date_year - 1501) / 100 - (date_year - 1201) / 400) / 7 + 1";

impl CalendarPart {
    /// The number of the hour or day on the clock that shows `clock` time.
    pub(super) fn slot(self, clock: Expr) -> Expr {
        let unit = if self == Self::HourOfDay { HOUR } else { DAY };
        clock.add(FIRST_DAYS * DAY).div(unit)
    }

    /// The rows of `slots` with the [`VALUE`] of this part in the hour or day whose number is
    /// `place`.
    pub(super) fn fold(self, slots: SelectStatement) -> SelectStatement {
        let (day, value) = match self {
            Self::HourOfDay => return layer(slots, &[(VALUE, "place % 24")]),
            Self::DayOfWeek => return layer(slots, &[(VALUE, "(place + 3) % 7 + 1")]),
            Self::DayOfMonth => ("place", "date_day"),
            Self::IsoWeek => (THURSDAY, WEEK),
            Self::MonthOfYear => ("place", "date_month"),
            Self::Year => ("place", "date_year"),
        };
        let mut layers = layer(slots, &[("day", day)]);
        for columns in DATE {
            layers = layer(layers, columns);
        }
        layer(layers, &[(VALUE, value)])
    }

    /// Every value that there is; none for years, which have no end.
    pub(super) fn values(self) -> Option<RangeInclusive<i64>> {
        match self {
            Self::HourOfDay => Some(0..=23),
            Self::DayOfWeek => Some(1..=7),
            Self::DayOfMonth => Some(1..=31),
            Self::IsoWeek => Some(1..=53),
            Self::MonthOfYear => Some(1..=12),
            Self::Year => None,
        }
    }

    /// How a person writes the value: `00:00`, `Monday`, `1`, `W01`, `January` or `2026`.
    pub(super) fn label(self, value: i64) -> String {
        let name = |names: &[&str]| {
            let index = usize::try_from(value - 1).ok();
            let name = index.and_then(|index| names.get(index));
            name.map_or_else(|| value.to_string(), |name| (*name).to_owned())
        };
        match self {
            Self::HourOfDay => format!("{value:02}:00"),
            Self::DayOfWeek => name(&DAYS),
            Self::DayOfMonth | Self::Year => value.to_string(),
            Self::IsoWeek => format!("W{value:02}"),
            Self::MonthOfYear => name(&MONTHS),
        }
    }
}

/// The rows of `below` with more columns, computed from those that are there.
fn layer(below: SelectStatement, columns: &[(&'static str, &'static str)]) -> SelectStatement {
    let mut query = Query::select();
    query.expr(Expr::cust("*")).from_subquery(below, LAYER);
    for (name, value) in columns {
        query.expr_as(Expr::cust(*value), *name);
    }
    query.take()
}
