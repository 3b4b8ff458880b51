//! Reading and writing instants.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use entity::Timestamp;

use super::clock::to_millis;

/// Numbers below this are Unix seconds, from here on milliseconds: 100,000,000,000 is the year
/// 5138 in seconds and 1973 in milliseconds.
const FIRST_MILLISECONDS: f64 = 1e11;
/// 1970-01-01T00:00:00Z in Unix milliseconds.
const MIN_MILLIS: i64 = 0;
/// 9999-12-31T23:59:59.999Z in Unix milliseconds.
const MAX_MILLIS: i64 = 253_402_300_799_999;

/// The forms of a date with a time, tried in order. `%.f` also takes no fraction at all.
const WITH_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M%#z",
    "%Y-%m-%d %H:%M%#z",
];
const WITHOUT_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];

/// Reads an instant: RFC 3339 with any offset, a date or a date with a time (read as UTC), Unix
/// seconds or milliseconds.
///
/// # Errors
/// A sentence for the caller, when the text is none of these or the year is not 1970 to 9999.
pub fn parse(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return from_number(number);
    }
    let time = parse_text(text).ok_or_else(|| {
        format!(
            "{:?} is not a time; write it like 2026-03-03T15:30:00Z, 2026-03-03 or as Unix seconds",
            shorten(text)
        )
    })?;
    check_range(time)
}

/// Reads Unix seconds or, from 100,000,000,000 on, milliseconds.
///
/// # Errors
/// A sentence for the caller, when the year is not 1970 to 9999.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what does not fit is out of range anyway"
)]
pub fn from_number(number: f64) -> Result<Timestamp, String> {
    let millis = if number.abs() < FIRST_MILLISECONDS {
        number * 1000.0
    } else {
        number
    };
    let time = DateTime::from_timestamp_millis(millis.round() as i64);
    let time = time.filter(|_| number.is_finite());
    check_range(time.ok_or_else(|| format!("{number} is not a time between 1970 and 9999"))?)
}

/// Writes an instant as RFC 3339 in UTC with milliseconds, e.g. `2026-03-03T15:30:00.000Z`.
#[must_use]
pub fn format(time: Timestamp) -> String {
    time.0.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn parse_text(text: &str) -> Option<DateTime<Utc>> {
    let upper = text.to_ascii_uppercase();
    if let Some(date_time) = upper.strip_suffix('Z') {
        return parse_naive(date_time.trim_end());
    }
    let with_offset = WITH_OFFSET
        .iter()
        .find_map(|form| DateTime::parse_from_str(&upper, form).ok());
    with_offset
        .map(|time| time.to_utc())
        .or_else(|| parse_naive(&upper))
}

fn parse_naive(text: &str) -> Option<DateTime<Utc>> {
    let date_time = WITHOUT_OFFSET
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(date.and_time(NaiveTime::MIN))
        })?;
    Some(date_time.and_utc())
}

/// Whether a time lies between the years 1970 and 9999.
#[must_use]
pub fn is_storable(time: Timestamp) -> bool {
    (MIN_MILLIS..=MAX_MILLIS).contains(&time.0.timestamp_millis())
}

fn check_range(time: DateTime<Utc>) -> Result<Timestamp, String> {
    let time = to_millis(time);
    if is_storable(time) {
        Ok(time)
    } else {
        Err("a time must lie between the years 1970 and 9999".to_owned())
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        parse(text).map_or_else(|error| error, format)
    }

    #[test]
    fn every_form_of_a_time_is_read() {
        for text in [
            "2026-03-03T15:30:00Z",
            "2026-03-03t15:30:00.000z",
            "2026-03-03T15:30:00.000000Z",
            "2026-03-03T16:30:00+01:00",
            "2026-03-03T16:30:00+0100",
            "2026-03-03T16:30:00+01",
            "2026-03-03 16:30+01:00",
            "2026-03-03T15:30:00",
            "2026-03-03 15:30:00",
            "2026-03-03T15:30",
            " 1772551800 ",
            "1772551800000",
            "1772551800.0",
        ] {
            assert_eq!(read(text), "2026-03-03T15:30:00.000Z", "{text}");
        }
        assert_eq!(read("2026-03-03"), "2026-03-03T00:00:00.000Z");
        assert_eq!(read("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
        assert_eq!(read("0"), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            read("2016-12-31T23:59:59.9999Z"),
            "2016-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-30",
            "NaN",
            "inf",
            "1e30",
            "-5",
            "1969-12-31T23:59:59Z",
            "12000-01-01",
            "+12000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "2026-03-03T25:00:00Z",
            "2026-03-03Z15",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
