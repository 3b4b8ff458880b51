//! The calendar, read off clocks one instant at a time.

use chrono::{Datelike as _, NaiveDate, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

use super::story::Time;

/// The label of the bucket that an instant lies in: its first date on the calendar of `zone`; of
/// hours the instant at which they began.
pub fn bucket(interval: &str, zone: Tz, time: Time) -> String {
    let date = zone.from_utc_datetime(&time.naive_utc()).date_naive();
    let first = |month| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap();
    let date = match interval {
        "HOUR" => return hour_start(zone, time).to_rfc3339(),
        "DAY" => date,
        "WEEK" => date - TimeDelta::days(date.weekday().num_days_from_monday().into()),
        "MONTH" => first(date.month()),
        "QUARTER" => first(date.month0() / 3 * 3 + 1),
        _ => first(1),
    };
    date.to_string()
}

/// Goes back, minute by minute, to where clocks showed a full hour or had just jumped to this one.
fn hour_start(zone: Tz, time: Time) -> Time {
    let minute = TimeDelta::minutes(1);
    let shown = |time: Time| zone.from_utc_datetime(&time.naive_utc());
    let hour = |time: Time| (shown(time).date_naive(), shown(time).hour());
    let mut start = Utc
        .timestamp_opt(time.timestamp().div_euclid(60) * 60, 0)
        .unwrap();
    while shown(start).minute() != 0 && hour(start) == hour(start - minute) {
        start -= minute;
    }
    start
}

/// The value of a part of the calendar at an instant.
pub fn part(part: &str, zone: Tz, time: Time) -> String {
    let local = zone.from_utc_datetime(&time.naive_utc());
    match part {
        "HOUR_OF_DAY" => local.hour().to_string(),
        "DAY_OF_WEEK" => local.weekday().number_from_monday().to_string(),
        "DAY_OF_MONTH" => local.day().to_string(),
        "ISO_WEEK" => local.iso_week().week().to_string(),
        "MONTH_OF_YEAR" => local.month().to_string(),
        _ => local.year().to_string(),
    }
}

/// The date that clocks show.
pub fn date(zone: Tz, time: Time) -> NaiveDate {
    zone.from_utc_datetime(&time.naive_utc()).date_naive()
}
