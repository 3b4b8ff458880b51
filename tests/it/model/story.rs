//! Random histories: what was told, in which order, and what is asked of it afterwards.
//!
//! They are dense in what goes wrong: few names, few instants (so that many times are equal),
//! times, versions and platforms that are missing, retries, corrections and deletions.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select, subsequence};

use super::wave::wave;

/// An instant.
pub type Time = DateTime<Utc>;

pub const NAMES: [&str; 3] = ["api", "db", "Web"];
pub const PLATFORMS: [&str; 3] = ["prod", "eu", "Us"];
pub const VERSIONS: [&str; 3] = ["1", "2", "3"];
const USERS: [&str; 3] = ["ann", "Bob", "éva"];
pub const TEAMS: [&str; 2] = ["shop", "pay"];
pub const STATUSES: [&str; 4] = ["SUCCESSFUL", "FAILED", "IN_PROGRESS", "NOT_STARTED"];
pub const INTERVALS: [&str; 6] = ["HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
pub const PARTS: [&str; 6] = [
    "HOUR_OF_DAY",
    "DAY_OF_WEEK",
    "DAY_OF_MONTH",
    "ISO_WEEK",
    "MONTH_OF_YEAR",
    "YEAR",
];

/// When everything is told: between the two times at which clocks are set.
pub const TOLD_AT: &str = "2026-06-15T12:00:00Z";

/// Zones, and the instants of 2026 at which their clocks are set: on and back, or back and on; by
/// half an hour; at midnight; never.
const ZONES: [(Tz, [&str; 2]); 6] = [
    (
        Tz::Europe__Amsterdam,
        ["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"],
    ),
    (
        Tz::America__New_York,
        ["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"],
    ),
    (
        Tz::Australia__Lord_Howe,
        ["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"],
    ),
    (
        Tz::America__Santiago,
        ["2026-04-05T03:00:00Z", "2026-09-06T04:00:00Z"],
    ),
    (
        Tz::Asia__Kolkata,
        ["2026-03-31T18:30:00Z", "2026-12-31T18:30:00Z"],
    ),
    (Tz::UTC, ["2026-03-02T00:00:00Z", "2026-12-28T00:00:00Z"]),
];

pub fn instant(text: &str) -> Time {
    text.parse().unwrap()
}

/// A release as it is told.
#[derive(Clone, Debug)]
pub struct Release {
    /// Told by `createRelease` rather than as a finished record.
    pub live: bool,
    pub user: Option<&'static str>,
    pub team: Option<&'static str>,
    pub platforms: Vec<&'static str>,
    pub started: Option<Time>,
    /// Only of a finished record.
    pub finished: Option<Time>,
    /// Only of a finished record.
    pub success: Option<bool>,
    pub packages: Vec<Package>,
}

/// A package as it is told.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: &'static str,
    pub version: Option<&'static str>,
    pub status: Option<&'static str>,
    pub rollback: Option<bool>,
    pub started: Option<Time>,
    pub finished: Option<Time>,
    pub committed: Option<Time>,
}

/// What is told later of what was told before. Where there is nothing to tell it of (any more), or
/// it makes no sense, it is left out.
#[derive(Clone, Debug)]
pub enum Change {
    DeleteRelease(Index),
    Platforms(Index, Vec<&'static str>),
    Team(Index, Option<&'static str>),
    ReleaseStart(Index, Option<Time>),
    ReleaseFinish(Index, Option<Time>),
    DeletePackage(Index),
    Name(Index, &'static str),
    Version(Index, Option<&'static str>),
    Status(Index, &'static str),
    Rollback(Index, bool),
    Start(Index, Option<Time>),
    Finish(Index, Option<Time>),
    Committed(Index, Option<Time>),
    /// A package that was over is tried again, and perhaps gets there.
    Retry(Index, Time, Option<(bool, Time)>),
    /// A failure of a release, or of the package alone.
    Failure(Index, bool, Option<Time>, Option<Index>),
    /// What becomes of a failure: its end, or the release that mended it.
    Resolution(Index, Option<Time>, Option<Index>),
    Remark(Index, Remark),
}

/// What a record carries that no question here is about.
#[derive(Clone, Debug)]
pub enum Remark {
    Note(&'static str),
    /// A key and its value, in place of all there is or beside it.
    Metadata(&'static str, &'static str, bool),
    References(Vec<&'static str>),
    Result(&'static str),
    Commit(Option<&'static str>),
    Diff(Option<&'static str>),
}

/// A condition, on releases or on packages.
#[derive(Clone, Debug)]
pub enum Filter {
    All,
    Name(&'static str),
    NotName(&'static str),
    Team(Option<&'static str>),
    Status(&'static str),
    NoVersion,
    Platform(&'static str),
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Questions {
    pub now: Time,
    pub zone: Tz,
    pub as_of: Option<Time>,
    pub by_release: bool,
    pub platform: Option<&'static str>,
    pub from: (&'static str, Option<Time>),
    pub to: (&'static str, Option<Time>),
    pub groups: Vec<usize>,
    pub packages: bool,
    pub filter: Filter,
    pub interval: &'static str,
    pub fill: bool,
    pub range: (Time, Time),
    pub part: &'static str,
    pub dora: Dora,
}

/// What is asked of DORA's metrics.
#[derive(Clone, Debug)]
pub struct Dora {
    pub range: (Time, Time),
    pub interval: &'static str,
    pub platforms: Option<Vec<&'static str>>,
    pub filter: Filter,
    pub packages: bool,
    pub count_failed: bool,
}

/// A history and what is asked of it.
#[derive(Clone, Debug)]
pub struct Story {
    pub releases: Vec<Release>,
    pub changes: Vec<Change>,
    pub questions: Questions,
}

/// What the releases of a story have in common: the instants of which there are few, and the names
/// and platforms. Where there is but one, its line is long.
#[derive(Clone, Debug)]
pub struct Stage {
    pub pool: Vec<Time>,
    pub names: &'static [&'static str],
    pub platforms: &'static [&'static str],
}

type Pool = Vec<Time>;

/// Any story.
pub fn story() -> impl Strategy<Value = Story> {
    let names = select(vec![1_usize, 1, 3]);
    let platforms = select(vec![1_usize, 2, 3]);
    let stages = (select(ZONES.to_vec()), names, platforms);
    stages.prop_flat_map(|((zone, settings), names, platforms)| {
        vec(near(settings), 6).prop_flat_map(move |pool| {
            let stage = Stage {
                pool,
                names: &NAMES[..names],
                platforms: &PLATFORMS[..platforms],
            };
            let questions = questions(&stage.pool, zone, settings);
            let told = (releases(&stage), vec(change(&stage), 0..7), questions);
            told.prop_map(|(releases, changes, questions)| Story {
                releases,
                changes,
                questions,
            })
        })
    })
}

/// Some instant near the times at which clocks are set, or New Year.
fn near(settings: [&'static str; 2]) -> impl Strategy<Value = Time> {
    let anchors = vec![
        settings[0],
        settings[0],
        settings[1],
        "2026-01-01T00:00:00Z",
    ];
    let quarters =
        prop_oneof![2 => Just(0), 2 => -12..12_i64, 2 => -180..180_i64, 1 => -5400..5400_i64];
    (select(anchors), quarters, -1..2_i64).prop_map(|(anchor, quarters, millis)| {
        instant(anchor) + TimeDelta::minutes(15 * quarters) + TimeDelta::milliseconds(millis)
    })
}

/// One of few instants, or one shortly after.
pub fn time(pool: &Pool) -> impl Strategy<Value = Time> + use<> {
    let later = select(vec![0, 0, 0, 1, 600_000_i64]);
    let time = (select(pool.clone()), later);
    time.prop_map(|(time, millis)| time + TimeDelta::milliseconds(millis))
}

fn maybe_time(pool: &Pool) -> impl Strategy<Value = Option<Time>> + use<> {
    option::weighted(0.7, time(pool))
}

pub fn maybe(values: &'static [&'static str]) -> impl Strategy<Value = Option<&'static str>> {
    option::weighted(0.8, select(values))
}

fn platforms(stage: &Stage) -> impl Strategy<Value = Vec<&'static str>> + use<> {
    let most = stage.platforms.len().min(2);
    let one_or_more = subsequence(stage.platforms.to_vec(), 1..=most);
    prop_oneof![1 => Just(Vec::new()), 4 => one_or_more]
}

/// Mostly one by one.
fn releases(stage: &Stage) -> impl Strategy<Value = Vec<Release>> + use<> {
    let one = release(stage).prop_map(|release| vec![release]);
    let some = vec(prop_oneof![6 => one, 1 => wave(stage)], 1..9);
    some.prop_map(|releases| releases.concat())
}

fn release(stage: &Stage) -> impl Strategy<Value = Release> + use<> {
    let people = (maybe(&USERS), maybe(&TEAMS), platforms(stage));
    let pool = &stage.pool;
    let times = (maybe_time(pool), maybe_time(pool));
    let told = (select(vec![false, false, true]), option::of(any::<bool>()));
    let all = (people, times, told, vec(package(stage), 0..4));
    all.prop_map(
        |((user, team, platforms), (started, finished), (live, success), packages)| Release {
            live,
            user,
            team,
            platforms,
            started,
            finished: finished.filter(|_| !live),
            success: success.filter(|_| !live),
            packages,
        },
    )
}

fn package(stage: &Stage) -> impl Strategy<Value = Package> + use<> {
    let status = vec![
        "SUCCESSFUL",
        "SUCCESSFUL",
        "FAILED",
        "IN_PROGRESS",
        "NOT_STARTED",
    ];
    let what = (
        select(stage.names),
        maybe(&VERSIONS),
        option::weighted(0.8, select(status)),
        option::weighted(0.3, any::<bool>()),
    );
    let pool = &stage.pool;
    let when = (maybe_time(pool), maybe_time(pool), maybe_time(pool));
    (what, when).prop_map(
        |((name, version, status, rollback), (started, finished, committed))| Package {
            name,
            version,
            status,
            rollback,
            started,
            finished,
            committed,
        },
    )
}

fn change(stage: &Stage) -> impl Strategy<Value = Change> + use<> {
    let pool = &stage.pool;
    let which = any::<Index>;
    let ends = || (option::of(time(pool)), option::of(which()));
    prop_oneof![
        1 => which().prop_map(Change::DeleteRelease),
        1 => (which(), platforms(stage)).prop_map(|(it, new)| Change::Platforms(it, new)),
        1 => (which(), maybe(&TEAMS)).prop_map(|(it, new)| Change::Team(it, new)),
        1 => (which(), maybe_time(pool)).prop_map(|(it, new)| Change::ReleaseStart(it, new)),
        1 => (which(), maybe_time(pool)).prop_map(|(it, new)| Change::ReleaseFinish(it, new)),
        1 => which().prop_map(Change::DeletePackage),
        1 => (which(), select(stage.names)).prop_map(|(it, new)| Change::Name(it, new)),
        1 => (which(), maybe(&VERSIONS)).prop_map(|(it, new)| Change::Version(it, new)),
        1 => (which(), select(&STATUSES)).prop_map(|(it, new)| Change::Status(it, new)),
        1 => (which(), any::<bool>()).prop_map(|(it, new)| Change::Rollback(it, new)),
        1 => (which(), maybe_time(pool)).prop_map(|(it, new)| Change::Start(it, new)),
        1 => (which(), maybe_time(pool)).prop_map(|(it, new)| Change::Finish(it, new)),
        1 => (which(), maybe_time(pool)).prop_map(|(it, new)| Change::Committed(it, new)),
        1 => (which(), time(pool), option::of((any::<bool>(), time(pool))))
            .prop_map(|(it, at, end)| Change::Retry(it, at, end)),
        4 => (which(), any::<bool>(), ends())
            .prop_map(|(it, alone, (at, by))| Change::Failure(it, alone, at, by)),
        1 => (which(), ends()).prop_map(|(it, (at, by))| Change::Resolution(it, at, by)),
        4 => (which(), remark()).prop_map(|(it, remark)| Change::Remark(it, remark)),
    ]
}

fn remark() -> impl Strategy<Value = Remark> {
    let text = || select(vec!["one", "two", "drei ✓"]);
    let references = vec!["SHOP-1", "https://example.org/2", "#3"];
    prop_oneof![
        text().prop_map(Remark::Note),
        (text(), text(), any::<bool>())
            .prop_map(|(key, value, all)| Remark::Metadata(key, value, all)),
        subsequence(references, 0..=2).prop_map(Remark::References),
        text().prop_map(Remark::Result),
        option::of(select(vec!["c0ffee1", "decade2"])).prop_map(Remark::Commit),
        option::of(select(vec![
            "https://example.org/a",
            "https://example.org/b"
        ]))
        .prop_map(Remark::Diff),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        6 => Just(Filter::All),
        1 => select(&NAMES).prop_map(Filter::Name),
        1 => select(&NAMES).prop_map(Filter::NotName),
        1 => option::of(select(&TEAMS)).prop_map(Filter::Team),
        1 => select(&STATUSES).prop_map(Filter::Status),
        1 => Just(Filter::NoVersion),
        1 => select(&PLATFORMS).prop_map(Filter::Platform),
    ]
}

/// A stretch of time and how it is cut, so that there are not too many buckets.
fn range(settings: [&'static str; 2]) -> impl Strategy<Value = ((Time, Time), &'static str)> {
    let year = (
        instant("2025-12-20T13:20:00Z"),
        instant("2027-01-20T04:05:06Z"),
    );
    let around = |setting, hours| {
        let setting = instant(setting);
        (
            setting - TimeDelta::hours(hours),
            setting + TimeDelta::hours(hours),
        )
    };
    let stretch = prop_oneof![
        1 => select(vec![settings[0], settings[1]]).prop_map(move |it| (around(it, 36), "HOUR")),
        1 => select(vec![settings[0], settings[1]]).prop_map(move |it| (around(it, 240), "DAY")),
        4 => select(&INTERVALS[2..]).prop_map(move |it| (year, it)),
    ];
    let jitter = select(vec![0_i64, 0, 1, 1_234_567]);
    (stretch, jitter.clone(), jitter).prop_map(|(((from, to), interval), early, late)| {
        let (early, late) = (
            TimeDelta::milliseconds(early),
            TimeDelta::milliseconds(late),
        );
        ((from + early, to - late), interval)
    })
}

fn questions(
    pool: &Pool,
    zone: Tz,
    settings: [&'static str; 2],
) -> impl Strategy<Value = Questions> + use<> {
    let later = Just(instant("2027-02-01T00:00:00Z"));
    let now = prop_oneof![time(pool), later];
    let point = || (select(&PLATFORMS), option::of(time(pool)));
    let versions = (
        option::of(time(pool)),
        any::<bool>(),
        option::of(select(&PLATFORMS)),
        point(),
        point(),
    );
    let counts = (
        subsequence((0..4).collect::<Vec<_>>(), 0..=2),
        any::<bool>(),
        filter(),
        any::<bool>(),
        range(settings),
        select(&PARTS),
    );
    (now, versions, counts, dora(pool, settings)).prop_map(
        move |(now, (as_of, by_release, platform, from, to), counts, dora)| {
            let (groups, packages, filter, fill, (range, interval), part) = counts;
            Questions {
                now,
                zone,
                as_of,
                by_release,
                platform,
                from,
                to,
                groups,
                packages,
                filter,
                interval,
                fill,
                range,
                part,
                dora,
            }
        },
    )
}

fn dora(pool: &Pool, settings: [&'static str; 2]) -> impl Strategy<Value = Dora> + use<> {
    let exact = (time(pool), 1..2_000_i64, select(&INTERVALS[1..])).prop_map(
        |(from, quarters, interval)| ((from, from + TimeDelta::minutes(15 * quarters)), interval),
    );
    let some = subsequence(PLATFORMS.to_vec(), 0..=2);
    (
        prop_oneof![3 => range(settings), 1 => exact],
        option::of(some),
        filter(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            |((range, interval), platforms, filter, packages, count_failed)| Dora {
                range,
                interval,
                platforms,
                filter,
                packages,
                count_failed,
            },
        )
}
