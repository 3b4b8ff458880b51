//! Buckets where clocks do odd things.

use super::{Bucket, Interval, Zone, buckets};
use crate::service::time::{format, parse};
use crate::service::{Error, Result};

fn cut(zone: &str, interval: Interval, from: &str, to: &str) -> Result<Vec<Bucket>> {
    let (from, to) = (parse(from).unwrap(), parse(to).unwrap());
    buckets(Zone::named(zone).unwrap(), interval, from, to)
}

/// The beginnings of the buckets and the end of the last.
fn bounds(zone: &str, interval: Interval, from: &str, to: &str) -> Vec<String> {
    let buckets = cut(zone, interval, from, to).unwrap();
    assert!(buckets.windows(2).all(|two| two[0].end == two[1].start));
    let end = buckets.last().map(|bucket| bucket.end);
    let starts = buckets.iter().map(|bucket| bucket.start);
    let bounds = starts.chain(end);
    bounds
        .map(|bound| format(bound).replace(":00.000Z", ""))
        .collect()
}

#[test]
fn days_have_as_many_hours_as_their_clocks_say() {
    let day = |from, to| bounds("Europe/Amsterdam", Interval::Day, from, to);
    assert_eq!(
        day("2026-03-29T12:00:00Z", "2026-03-29T12:00:01Z"),
        ["2026-03-28T23:00", "2026-03-29T22:00"]
    );
    assert_eq!(
        day("2026-10-25T12:00:00Z", "2026-10-25T12:00:01Z"),
        ["2026-10-24T22:00", "2026-10-25T23:00"]
    );
    let hours = |from, to| {
        cut("Europe/Amsterdam", Interval::Hour, from, to)
            .unwrap()
            .len()
    };
    assert_eq!(hours("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 23);
    assert_eq!(hours("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25);
}

#[test]
fn a_day_that_is_jumped_over_is_not_there() {
    let days = bounds(
        "Pacific/Apia",
        Interval::Day,
        "2011-12-29T12:00:00Z",
        "2012-01-01",
    );
    // The 29th ends at 10:00 UTC where the 31st begins.
    let expected = [
        "2011-12-29T10:00",
        "2011-12-30T10:00",
        "2011-12-31T10:00",
        "2012-01-01T10:00",
    ];
    assert_eq!(days, expected);
}

#[test]
fn a_day_without_midnight_begins_with_its_first_hour() {
    // Clocks jumped from 00:00 to 01:00 on 2018-11-04, from -03:00 to -02:00.
    let days = bounds(
        "America/Sao_Paulo",
        Interval::Day,
        "2018-11-04T12:00:00Z",
        "2018-11-04T13:00:00Z",
    );
    assert_eq!(days, ["2018-11-04T03:00", "2018-11-05T02:00"]);
}

#[test]
fn a_day_with_two_midnights_begins_at_the_first() {
    // Clocks went back from 01:00 to 00:00 on 2026-11-01, from -04:00 to -05:00.
    let days = bounds(
        "America/Havana",
        Interval::Day,
        "2026-11-01T05:30:00Z",
        "2026-11-01T05:31:00Z",
    );
    assert_eq!(days, ["2026-11-01T04:00", "2026-11-02T05:00"]);
    // Clocks went back from 00:01 to 23:01 the day before; that evening comes twice.
    let days = bounds(
        "America/St_Johns",
        Interval::Day,
        "2009-11-01T02:45:00Z",
        "2009-11-01T02:46:00Z",
    );
    assert_eq!(days, ["2009-11-01T02:30", "2009-11-02T03:30"]);
}

#[test]
fn hours_follow_clocks_that_are_off_by_half() {
    let hours = |zone, from, to| bounds(zone, Interval::Hour, from, to);
    assert_eq!(
        hours(
            "Asia/Kolkata",
            "2026-03-01T10:00:00Z",
            "2026-03-01T11:00:00Z"
        ),
        ["2026-03-01T09:30", "2026-03-01T10:30", "2026-03-01T11:30"]
    );
    // Clocks are set by half an hour on Lord Howe Island: on from 02:00, back from 02:00.
    let zone = "Australia/Lord_Howe";
    assert_eq!(
        hours(zone, "2026-10-03T14:45:00Z", "2026-10-03T16:15:00Z"),
        [
            "2026-10-03T14:30",
            "2026-10-03T15:30",
            "2026-10-03T16:00",
            "2026-10-03T17:00"
        ]
    );
    assert_eq!(
        hours(zone, "2026-04-04T14:30:00Z", "2026-04-04T15:45:00Z"),
        ["2026-04-04T14:00", "2026-04-04T15:30", "2026-04-04T16:30"]
    );
}

#[test]
fn weeks_begin_on_monday_and_quarters_in_their_month() {
    assert_eq!(
        bounds("UTC", Interval::Week, "2026-01-01", "2026-01-06"),
        ["2025-12-29T00:00", "2026-01-05T00:00", "2026-01-12T00:00"]
    );
    assert_eq!(
        bounds(
            "America/New_York",
            Interval::Quarter,
            "2026-03-31",
            "2026-04-01T04:00:00Z"
        ),
        ["2026-01-01T05:00", "2026-04-01T04:00"]
    );
    assert_eq!(
        bounds("UTC", Interval::Year, "1970-01-01", "1971-01-01"),
        ["1970-01-01T00:00", "1971-01-01T00:00"]
    );
}

#[test]
fn there_may_be_ten_thousand_buckets() {
    let hours = |to| cut("UTC", Interval::Hour, "2026-01-01", to).map(|list| list.len());
    assert_eq!(hours("2027-02-21T16:00:00Z").unwrap(), 10_000);
    let error = hours("2027-02-21T16:00:00.001Z").unwrap_err();
    assert!(matches!(&error, Error::LimitExceeded(text) if text.contains("10001 buckets")));
    let error = hours("9999-12-31").unwrap_err();
    assert!(matches!(&error, Error::LimitExceeded(text) if text.contains("69898608 buckets")));
}

#[test]
fn time_must_run_forwards() {
    let error = cut("UTC", Interval::Day, "2026-01-01", "2026-01-01").unwrap_err();
    assert!(matches!(error, Error::BadRequest(_)));
}

#[test]
fn buckets_have_no_gaps_in_any_zone() {
    for zone in chrono_tz::TZ_VARIANTS {
        for (interval, from, to) in [
            (Interval::Hour, "2011-12-28", "2012-01-02"),
            (Interval::Day, "1985-01-01", "1987-01-01"),
            (Interval::Day, "2007-01-01", "2012-01-01"),
            (Interval::Week, "1970-01-01", "2010-01-01"),
        ] {
            let list = cut(zone.name(), interval, from, to).unwrap();
            let (from, to) = (parse(from).unwrap(), parse(to).unwrap());
            assert!(
                list[0].start.0 <= from.0 && from.0 < list[0].end.0,
                "{zone}"
            );
            let last = list[list.len() - 1];
            assert!(last.start.0 < to.0 && to.0 <= last.end.0, "{zone}");
            assert!(
                list.iter().all(|bucket| bucket.start.0 < bucket.end.0),
                "{zone}"
            );
            assert!(
                list.windows(2).all(|two| two[0].end == two[1].start),
                "{zone}"
            );
        }
    }
}
