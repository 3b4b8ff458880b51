//! What the answers must be: the history once more, counted without any database.

mod counts;
mod current;
mod latest;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::data::{END_MILLIS, History, Instant, PLATFORMS, Release, Status};

pub use counts::{Counts, DAY_MILLIS, Days, Split, TEAM_ROWS, team_name};
pub use current::Running;
pub use latest::Latest;

/// How many releases are known as a whole, to be asked for by id.
const SAMPLES: u64 = 500;
/// The longest first page that is asked for.
pub const LATEST: usize = 100;
/// How many are asked for of those in which a package failed.
pub const FAILED: usize = 20;
/// Where the last 90 days begin.
pub const RECENTLY: Instant = Instant(END_MILLIS - 90 * DAY_MILLIS);

/// Everything that answers are compared with.
#[derive(Default)]
pub struct Knowledge {
    /// The numbers of the releases that have a start, in the order of it.
    pub started: Vec<u64>,
    /// The last of them.
    pub latest: VecDeque<Release>,
    /// Some from all over the history.
    pub samples: Vec<Release>,
    /// How many releases each team has.
    pub teams: BTreeMap<&'static str, u64>,
    /// The latest deployments of each package.
    pub deployments: HashMap<String, Latest>,
    /// The latest recent releases of a team in which a package of a name failed.
    pub failed: BTreeMap<(&'static str, String), VecDeque<String>>,
    /// By day, where releases without a start count when they finished.
    pub days: Days,
    /// By day, without those.
    pub started_days: Days,
    pub all: Split,
    pub durations: Durations,
    /// What runs on each platform.
    pub running: BTreeMap<&'static str, Running>,
}

/// The durations of all releases that have one, in seconds.
#[derive(Default)]
pub struct Durations {
    pub count: u64,
    pub sum: f64,
    pub max: f64,
}

impl Knowledge {
    /// What there is to know of the first so many releases.
    pub fn of(size: u64) -> Self {
        let mut known = Self::default();
        for platform in PLATFORMS {
            known.running.insert(platform, Running::default());
        }
        let every = (size / SAMPLES).max(1);
        for (number, release) in (0..).zip(History::new(size)) {
            known.count(&release);
            known.list(number, &release);
            if number % every == every / 2 {
                known.samples.push(release.clone());
            }
            if release.started_at.is_some() {
                known.started.push(number);
                push_bounded(&mut known.latest, release, LATEST);
            }
        }
        known
    }

    fn count(&mut self, release: &Release) {
        let status = release.status();
        if let Some(team) = release.team {
            *self.teams.entry(team).or_default() += 1;
        }
        if let Some(at) = release.started_at.or(release.finished_at) {
            self.days.add(at, release.team, status);
        }
        if let Some(at) = release.started_at {
            self.started_days.add(at, release.team, status);
        }
        self.all.add(release.rollback(), status);
        if let Some(seconds) = release.duration_seconds() {
            self.durations.count += 1;
            self.durations.sum += seconds;
            self.durations.max = self.durations.max.max(seconds);
        }
    }

    fn list(&mut self, number: u64, release: &Release) {
        for package in &release.packages {
            if !self.deployments.contains_key(&package.name) {
                self.deployments
                    .insert(package.name.clone(), Latest::default());
            }
            if let Some(latest) = self.deployments.get_mut(&package.name) {
                latest.add(number, package);
            }
            let recent = release.started_at >= Some(RECENTLY);
            if let (Status::Failed, true, Some(team)) = (package.status, recent, release.team) {
                let failed = self.failed.entry((team, package.name.clone())).or_default();
                push_bounded(failed, release.external_id.clone(), FAILED);
            }
            for platform in &release.platforms {
                if let Some(running) = self.running.get_mut(platform) {
                    running.add(package);
                }
            }
        }
    }
}

/// Keeps the last so many.
fn push_bounded<T>(queue: &mut VecDeque<T>, value: T, bound: usize) {
    if queue.len() == bound {
        queue.pop_front();
    }
    queue.push_back(value);
}
