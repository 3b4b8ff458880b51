//! The units in which a calendar counts.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime};

use super::{DAY, HOUR};

/// A unit of the calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interval {
    /// From one full hour on the clock to the next.
    Hour,
    /// From midnight to midnight.
    #[default]
    Day,
    /// From Monday to Sunday, as ISO 8601 has it.
    Week,
    /// A month.
    Month,
    /// Three months, the first of which is January, April, July or October.
    Quarter,
    /// A year.
    Year,
}

impl Interval {
    /// What it is called in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Quarter => "QUARTER",
            Self::Year => "YEAR",
        }
    }

    /// The number of the unit that `clock` time lies in; the next one has the next number.
    pub(super) fn number(self, clock: i64) -> i64 {
        let day = clock.div_euclid(DAY);
        match self {
            Self::Hour => clock.div_euclid(HOUR),
            Self::Day => day,
            // 1970-01-01 was a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => month_number(clock),
            Self::Quarter => month_number(clock).div_euclid(3),
            Self::Year => month_number(clock).div_euclid(12),
        }
    }

    /// The clock time at which the unit of this number begins.
    pub(super) fn start(self, number: i64) -> i64 {
        match self {
            Self::Hour => number * HOUR,
            Self::Day => number * DAY,
            Self::Week => (number * 7 - 3) * DAY,
            Self::Month => month_start(number),
            Self::Quarter => month_start(number * 3),
            Self::Year => month_start(number * 12),
        }
    }
}

/// The number of the month that `clock` time lies in, counted from the year 0.
fn month_number(clock: i64) -> i64 {
    let date = DateTime::from_timestamp_millis(clock).unwrap_or_default();
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// The clock time at which the month of this number begins.
fn month_start(number: i64) -> i64 {
    let year = i32::try_from(number.div_euclid(12)).unwrap_or(i32::MAX);
    let month = u32::try_from(number.rem_euclid(12)).unwrap_or_default() + 1;
    let first = NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MAX);
    first.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_begins_where_its_number_changes() {
        use Interval::{Day, Hour, Month, Quarter, Week, Year};
        for interval in [Hour, Day, Week, Month, Quarter, Year] {
            for hour in (0..400_000).step_by(311) {
                let clock = hour * HOUR + 1234;
                let number = interval.number(clock);
                let (start, end) = (interval.start(number), interval.start(number + 1));
                assert!(start <= clock && clock < end, "{interval:?} {clock}");
                assert_eq!(interval.number(start), number);
                assert_eq!(interval.number(end - 1), number);
            }
        }
    }
}
