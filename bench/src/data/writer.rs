//! Makes up one release after the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::calendar::{Calendar, LAST_START_MILLIS};
use super::names::{self, PACKAGES, PLATFORMS, TEAMS, USERS};
use super::random::{Random, Weighted};
use super::release::{Instant, Package, Release, Status};

const SEED: u64 = 0x0a1b_2c3d;
const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
/// How many of a thousand releases deploy 1, 2, 3... packages.
const BY_PACKAGES: [u64; 12] = [350, 250, 180, 90, 50, 30, 20, 10, 8, 5, 4, 3];
/// The same for platforms.
const BY_PLATFORMS: [u64; 4] = [700, 200, 70, 30];
const REMARKS: [&str; 6] = [
    "Watch the error rate for an hour.",
    "Feature flag stays off until Monday.",
    "Approved by the duty manager; see the change ticket.",
    "Second attempt after the health check timed out.",
    "Database migration ran beforehand, about four minutes.",
    "Hotfix for the incident of this morning, please read the ticket before rolling back.",
];
const LOG_LINES: [&str; 6] = [
    "pulling image from the registry",
    "waiting for 3 of 3 replicas to become ready",
    "readiness probe failed: connection refused",
    "draining connections of the old version",
    "health check passed after 12 s",
    "error: deadline exceeded while waiting for rollout to finish",
];

/// The releases from the first to the last.
pub struct History {
    size: u64,
    next: u64,
    random: Random,
    calendar: Calendar,
    by_name: Weighted,
    by_packages: Weighted,
    by_platforms: Weighted,
    by_platform: Weighted,
    names: Vec<String>,
    versions: Vec<Versions>,
}

/// How far the versions of a package have come.
#[derive(Clone, Copy)]
struct Versions {
    current: [u64; 3],
    previous: [u64; 3],
}

impl History {
    pub fn new(size: u64) -> Self {
        let first = Versions {
            current: [1, 0, 0],
            previous: [0, 9, 0],
        };
        Self {
            size,
            next: 0,
            random: Random::new(SEED),
            calendar: Calendar::new(),
            by_name: Weighted::zipf(PACKAGES as u64),
            by_packages: Weighted::new(BY_PACKAGES),
            by_platforms: Weighted::new(BY_PLATFORMS),
            by_platform: Weighted::zipf(PLATFORMS.len() as u64),
            names: (0..PACKAGES).map(names::package).collect(),
            versions: vec![first; PACKAGES],
        }
    }

    fn release(&mut self, index: u64) -> Release {
        let start = self.calendar.start(index, self.size, &mut self.random);
        let lead = self.by_name.draw(&mut self.random);
        let team = lead % TEAMS.len();
        let packages = self.packages(index, lead, start);
        let open = packages
            .iter()
            .any(|package| package.status == Status::InProgress);
        let last = packages
            .iter()
            .filter_map(|package| package.finished_at)
            .max();
        let closing = self.random.skewed(1_000, 5 * MINUTE);
        let finished_at = last.filter(|_| !open).map(|last| Instant(last.0 + closing));
        // Some pipelines tell only that they are done.
        let knows_start = finished_at.is_none() || !self.random.permille(10);
        Release {
            external_id: format!("ci-{index:08}"),
            user: self.user(team),
            team: (!self.random.permille(15)).then_some(TEAMS[team]),
            platforms: self.platforms(),
            references: self.references(team),
            notes: self.notes(),
            metadata: self.metadata(index),
            started_at: knows_start.then_some(Instant(start)),
            finished_at,
            packages,
        }
    }

    /// Mostly somebody of the team.
    fn user(&mut self, team: usize) -> String {
        let index = if self.random.permille(100) {
            self.random.index(USERS)
        } else {
            let member = self.random.skewed(0, (USERS / TEAMS.len()) as u64) as usize;
            member * TEAMS.len() + team
        };
        names::user(index)
    }

    fn platforms(&mut self) -> Vec<&'static str> {
        if self.random.permille(8) {
            return Vec::new();
        }
        let count = self.by_platforms.draw(&mut self.random) + 1;
        let mut platforms = Vec::with_capacity(count);
        while platforms.len() < count {
            let platform = PLATFORMS[self.by_platform.draw(&mut self.random)];
            if !platforms.contains(&platform) {
                platforms.push(platform);
            }
        }
        platforms
    }

    fn references(&mut self, team: usize) -> Vec<String> {
        let mut references = Vec::new();
        if self.random.permille(700) {
            let key = TEAMS[team][..3].to_uppercase();
            references.push(format!("{key}-{}", self.random.below(self.next / 4 + 10)));
        }
        if self.random.permille(120) {
            let change = self.random.below(1_000_000);
            references.push(format!(
                "https://changes.example.com/{}/{change}",
                TEAMS[team]
            ));
        }
        references
    }

    fn notes(&mut self) -> Vec<String> {
        let count = if self.random.permille(180) {
            1 + self.random.below(8) / 7
        } else {
            0
        };
        (0..count)
            .map(|_| self.random.pick(&REMARKS).to_owned())
            .collect()
    }

    fn metadata(&mut self, index: u64) -> BTreeMap<&'static str, String> {
        let pipeline = self.random.pick(&["jenkins", "github", "gitlab", "argo"]);
        let trigger = self
            .random
            .pick(&["merge", "merge", "merge", "manual", "schedule"]);
        let mut metadata = BTreeMap::new();
        metadata.insert("build", (100_000 + index).to_string());
        metadata.insert("pipeline", pipeline.to_owned());
        if self.random.permille(600) {
            metadata.insert("trigger", trigger.to_owned());
        }
        metadata
    }

    /// They are deployed one after the other, until one fails.
    fn packages(&mut self, index: u64, lead: usize, start: u64) -> Vec<Package> {
        let count = self.by_packages.draw(&mut self.random) + 1;
        let outcome = self.outcome(start);
        let fate = self.random.index(count);
        let rollback = self.random.permille(25);
        let mut at = start + self.random.skewed(500, MINUTE);
        let mut packages = Vec::with_capacity(count);
        for place in 0..count {
            let status = match place.cmp(&fate) {
                std::cmp::Ordering::Less => Status::Successful,
                std::cmp::Ordering::Equal => outcome,
                std::cmp::Ordering::Greater if outcome == Status::Successful => outcome,
                std::cmp::Ordering::Greater => Status::NotStarted,
            };
            // The packages of a team are as many apart as there are teams.
            let which = (lead + place * TEAMS.len()) % PACKAGES;
            let package = self.package(index, which, status, rollback, &mut at);
            packages.push(package);
        }
        packages
    }

    /// How the package goes by which the release is remembered. Little is under way for long.
    fn outcome(&mut self, start: u64) -> Status {
        let under_way = if start + DAY / 4 > LAST_START_MILLIS {
            500
        } else {
            2
        };
        if self.random.permille(under_way) {
            Status::InProgress
        } else if self.random.permille(4) {
            Status::NotStarted
        } else if self.random.permille(65) {
            Status::Failed
        } else {
            Status::Successful
        }
    }

    fn package(
        &mut self,
        index: u64,
        which: usize,
        status: Status,
        rollback: bool,
        at: &mut u64,
    ) -> Package {
        let started_at = (status != Status::NotStarted).then_some(Instant(*at));
        let finished = matches!(status, Status::Successful | Status::Failed);
        *at += self.random.skewed(2_000, 40 * MINUTE);
        let finished_at = finished.then_some(Instant(*at));
        *at += 500;
        let [major, minor, patch] = self.version(which, rollback);
        let commit = [self.random.next(), self.random.next(), self.random.next()];
        let age = self.random.skewed(10 * MINUTE, 30 * DAY);
        let external = self.random.permille(200);
        let diff = self.random.permille(250);
        let name = &self.names[which];
        Package {
            version: format!("{major}.{minor}.{patch}"),
            status,
            external_id: external.then(|| format!("ci-{index:08}/{name}")),
            rollback,
            diff_url: diff.then(|| {
                format!(
                    "https://code.example.com/{name}/compare/{:012x}",
                    commit[0] >> 16
                )
            }),
            commit_sha: format!(
                "{:016x}{:016x}{:08x}",
                commit[0],
                commit[1],
                commit[2] >> 32
            ),
            committed_at: started_at
                .filter(|_| !self.random.permille(200))
                .map(|at| Instant(at.0 - age)),
            started_at,
            finished_at,
            results: self.results(status),
            name: self.names[which].clone(),
        }
    }

    /// Mostly the next one; now and then the same once more.
    fn version(&mut self, which: usize, rollback: bool) -> [u64; 3] {
        let Versions { current, previous } = self.versions[which];
        let next = match self.random.below(100) {
            _ if rollback => previous,
            0 => [current[0] + 1, 0, 0],
            1..15 => [current[0], current[1] + 1, 0],
            15..75 => [current[0], current[1], current[2] + 1],
            _ => return current,
        };
        // After a rollback versions go on from the one that was too bad.
        let current = next.max(current);
        self.versions[which] = Versions {
            current,
            previous: if rollback {
                previous
            } else {
                self.versions[which].current
            },
        };
        next
    }

    /// What a deployment said: a lot when it failed.
    fn results(&mut self, status: Status) -> Vec<String> {
        match status {
            Status::Failed => vec![self.log(12)],
            Status::Successful if self.random.permille(120) => vec![self.log(3)],
            _ => Vec::new(),
        }
    }

    fn log(&mut self, lines: u64) -> String {
        let mut log = String::new();
        for second in 0..=self.random.below(lines) {
            let line = self.random.pick(&LOG_LINES);
            // Writing to a text cannot fail.
            let _ = writeln!(log, "[{:>4} s] {line}", 7 * second + 1);
        }
        log
    }
}

impl Iterator for History {
    type Item = Release;

    fn next(&mut self) -> Option<Release> {
        let index = self.next;
        self.next += 1;
        (index < self.size).then(|| self.release(index))
    }
}
