//! Time zones and when their clocks are set.

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use super::DAY;
use crate::service::{Error, Result};

/// How far apart clocks are looked at. No zone sets them twice within this time and back again;
/// the shortest time between two settings since 1970 is just under a week.
const PROBE: i64 = 3 * DAY;
/// From here on, 2100-01-01, `chrono-tz` knows of no clocks that are set.
const LAST_SETTING: i64 = 4_102_444_800_000;

/// A time zone of the IANA database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Zone(Tz);

/// A time in which the clocks of a zone keep the same distance from UTC. It lasts until the next
/// span of the list begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins, in Unix milliseconds; of the first span in a list, the least there is.
    pub start: i64,
    /// What must be added to an instant to get what clocks show, in milliseconds.
    pub offset: i64,
}

impl Zone {
    /// The zone of Coordinated Universal Time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name, e.g. `Europe/Amsterdam`.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<Self> {
        let zone = name.trim().parse().map(Self);
        zone.map_err(|_| {
            let name: String = name.chars().take(64).collect();
            Error::BadRequest(format!(
                "timeZone: {name:?} is no time zone; write one of the IANA database, like \
                 \"Europe/Amsterdam\""
            ))
        })
    }

    /// What must be added to the instant `time` to get what clocks show then.
    #[must_use]
    pub fn offset(self, time: i64) -> i64 {
        let time = DateTime::from_timestamp_millis(time).unwrap_or_default();
        let offset = self.0.offset_from_utc_datetime(&time.naive_utc());
        i64::from(offset.fix().local_minus_utc()) * 1000
    }

    /// What clocks show at the instant `time`.
    #[must_use]
    pub fn clock(self, time: i64) -> i64 {
        time + self.offset(time)
    }

    /// The spans from the instant `from` to the instant `to`, in order. The first also stands for
    /// what was before, the last for what comes after.
    #[must_use]
    pub fn spans(self, from: i64, to: i64) -> Vec<Span> {
        let mut offset = self.offset(from);
        let mut spans = vec![Span {
            start: i64::MIN,
            offset,
        }];
        let (mut known, end) = (from, to.min(LAST_SETTING));
        while known < end {
            let probe = (known + PROBE).min(end);
            let after = self.offset(probe);
            if after != offset {
                let start = self.setting(known, probe);
                offset = after;
                spans.push(Span { start, offset });
            }
            known = probe;
        }
        spans
    }

    /// The first instant behind `before` at which clocks show something else than they would if
    /// they had not been set; they are set once until `after`.
    fn setting(self, mut before: i64, mut after: i64) -> i64 {
        let offset = self.offset(before);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if self.offset(middle) == offset {
                before = middle;
            } else {
                after = middle;
            }
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::super::HOUR;
    use super::*;

    fn millis(time: &str) -> i64 {
        crate::service::time::parse(time)
            .unwrap()
            .0
            .timestamp_millis()
    }

    #[test]
    fn clocks_are_set_twice_a_year() {
        let zone = Zone::named("Europe/Amsterdam").unwrap();
        let spans = zone.spans(millis("2026-01-01"), millis("2027-01-01"));
        let expected = [
            (i64::MIN, HOUR),
            (millis("2026-03-29T01:00:00Z"), 2 * HOUR),
            (millis("2026-10-25T01:00:00Z"), HOUR),
        ];
        let expected = expected.map(|(start, offset)| Span { start, offset });
        assert_eq!(spans, expected);
    }

    #[test]
    fn spans_say_what_the_zone_says() {
        for zone in chrono_tz::TZ_VARIANTS {
            let zone = Zone(zone);
            let spans = zone.spans(0, LAST_SETTING + DAY);
            for day in (0..48_000).step_by(53) {
                let time = day * DAY + 7 * HOUR;
                let span = spans.iter().rfind(|span| span.start <= time);
                assert_eq!(
                    span.unwrap().offset,
                    zone.offset(time),
                    "{zone:?} at {time}"
                );
            }
        }
    }

    #[test]
    fn a_zone_must_be_known() {
        assert!(Zone::named(" Asia/Kolkata ").is_ok());
        let error = Zone::named("Mars/Olympus").unwrap_err().to_string();
        assert!(error.contains("timeZone") && error.contains("Mars/Olympus"));
    }
}
