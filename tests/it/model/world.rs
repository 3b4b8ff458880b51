//! What a story leaves behind, made slowly from plain structures by what is written of status,
//! time and identity.

use std::collections::HashMap;

use proptest::sample::Index;

use super::story::{self, Change, Filter, Remark, Story, TOLD_AT, Time, instant};

/// A release as it is in the end.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its external id.
    pub key: String,
    pub user: Option<&'static str>,
    pub team: Option<&'static str>,
    pub platforms: Vec<&'static str>,
    pub started: Option<Time>,
    pub finished: Option<Time>,
    pub success: Option<bool>,
    /// Whether somebody told of its start.
    start_told: bool,
    /// Whether it came as a finished record.
    recorded: bool,
    pub told_at: Time,
    pub is_deleted: bool,
    pub packages: Vec<Package>,
}

/// A package as it is in the end.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its external id.
    pub key: String,
    /// The id that Orlo gave it, which decides where nothing else does.
    pub id: String,
    pub name: &'static str,
    pub version: Option<&'static str>,
    pub status: &'static str,
    /// As told.
    pub rollback: Option<bool>,
    pub started: Option<Time>,
    pub finished: Option<Time>,
    pub committed: Option<Time>,
    pub is_deleted: bool,
}

/// A failure in production; releases and packages by their places.
#[derive(Clone, Debug)]
pub struct Failure {
    pub release: usize,
    pub package: Option<usize>,
    pub resolved: Option<Time>,
    pub resolved_by: Option<usize>,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub releases: Vec<Release>,
    pub failures: Vec<Failure>,
}

/// A package with its release.
#[derive(Clone, Copy, Debug)]
pub struct Deployment<'a> {
    pub package: &'a Package,
    pub release: &'a Release,
}

/// Where a deployment stands on its line.
pub type Place<'a> = (Time, Option<Time>, &'a str);

/// What is done to the world and has to be told, of releases and packages by their keys.
pub enum Step {
    DeleteRelease(String),
    DeletePackage(String),
    /// Fields, and fields to empty, as they are told.
    UpdateRelease(String, &'static str, serde_json::Value),
    UpdatePackage(String, &'static str, serde_json::Value),
    Retry(String, Time),
    Finish(String, bool, Time),
    Failure(String, Option<String>, Option<Time>, Option<String>),
    Resolution(usize, Option<Time>, Option<String>),
    /// A mutation, the type of its input, and that.
    Add(&'static str, &'static str, serde_json::Value),
}

impl World {
    /// The releases of a story as they are first told.
    pub fn new(story: &Story) -> Self {
        let releases = story.releases.iter().enumerate();
        let releases = releases.map(|(place, told)| Release::new(place, told));
        Self {
            releases: releases.collect(),
            failures: Vec::new(),
        }
    }

    /// Does what a change says; returns what has to be told for it.
    pub fn change(&mut self, change: &Change) -> Vec<Step> {
        use serde_json::json;
        let time = |time: &Option<Time>| json!(time.map(|it| it.to_rfc3339()));
        match change {
            Change::DeleteRelease(it) => self.release(*it).map_or_else(Vec::new, |release| {
                release.is_deleted = true;
                vec![Step::DeleteRelease(release.key.clone())]
            }),
            Change::Platforms(it, new) => self.set(*it, "platforms", json!(new), |release| {
                release.platforms.clone_from(new);
            }),
            Change::Team(it, new) => {
                self.set(*it, "team", json!(new), |release| release.team = *new)
            }
            Change::ReleaseStart(it, new) => self.set(*it, "startedAt", time(new), |release| {
                release.started = *new;
                release.start_told = new.is_some();
            }),
            Change::ReleaseFinish(it, new) => self.set(*it, "finishedAt", time(new), |release| {
                release.finished = *new;
            }),
            Change::DeletePackage(it) => self.package(*it).map_or_else(Vec::new, |package| {
                package.is_deleted = true;
                vec![Step::DeletePackage(package.key.clone())]
            }),
            Change::Name(it, new) => {
                self.put(*it, "name", json!(new), |package| package.name = new)
            }
            Change::Version(it, new) => {
                self.put(*it, "version", json!(new), |package| package.version = *new)
            }
            Change::Status(it, new) => {
                self.put(*it, "status", json!(new), |package| package.status = new)
            }
            Change::Rollback(it, new) => self.put(*it, "rollback", json!(new), |package| {
                package.rollback = Some(*new);
            }),
            Change::Start(it, new) => self.put(*it, "startedAt", time(new), |package| {
                package.started = *new;
            }),
            Change::Finish(it, new) => self.put(*it, "finishedAt", time(new), |package| {
                package.finished = *new;
            }),
            Change::Committed(it, new) => self.put(*it, "committedAt", time(new), |package| {
                package.committed = *new;
            }),
            Change::Retry(it, at, end) => self.retry(*it, *at, *end),
            Change::Failure(it, alone, at, by) => self.fail(*it, *alone, *at, *by),
            Change::Resolution(it, at, by) => self.resolve(*it, *at, *by),
            Change::Remark(it, remark) => self.remark(*it, remark),
        }
    }

    /// Nothing here keeps what is remarked.
    fn remark(&mut self, which: Index, remark: &Remark) -> Vec<Step> {
        use serde_json::json;
        let release = self.release(which).map(|it| json!({"externalId": it.key}));
        let package = self.package(which).map(|it| json!({"externalId": it.key}));
        let step = match remark {
            Remark::References(new) => return self.set(which, "references", json!(new), |_| ()),
            Remark::Commit(new) => return self.put(which, "commitSha", json!(new), |_| ()),
            Remark::Diff(new) => return self.put(which, "diffUrl", json!(new), |_| ()),
            Remark::Note(text) => release.map(|release| {
                let input = json!({ "release": release, "text": text });
                Step::Add("addNote", "AddNoteInput", input)
            }),
            Remark::Metadata(key, value, all) => release.map(|release| {
                let mode = if *all { "REPLACE" } else { "MERGE" };
                let metadata = json!({ *key: value });
                let input = json!({ "release": release, "metadata": metadata, "mode": mode });
                Step::Add("setMetadata", "SetMetadataInput", input)
            }),
            Remark::Result(text) => package.map(|package| {
                let input = json!({ "package": package, "content": text });
                Step::Add("addResult", "AddResultInput", input)
            }),
        };
        step.into_iter().collect()
    }

    /// One of the releases that are there.
    fn release(&mut self, which: Index) -> Option<&mut Release> {
        let place = which.index(self.releases.len());
        self.releases.get_mut(place).filter(|it| !it.is_deleted)
    }

    /// The places of one of the packages that are there, and of its release.
    fn place(&self, which: Index) -> Option<(usize, usize)> {
        let mut places = Vec::new();
        for (number, release) in self.releases.iter().enumerate() {
            for (place, package) in release.packages.iter().enumerate() {
                if !release.is_deleted && !package.is_deleted {
                    places.push((number, place));
                }
            }
        }
        (!places.is_empty()).then(|| *which.get(&places))
    }

    fn package(&mut self, which: Index) -> Option<&mut Package> {
        let (release, package) = self.place(which)?;
        Some(&mut self.releases[release].packages[package])
    }

    fn set(
        &mut self,
        which: Index,
        field: &'static str,
        value: serde_json::Value,
        apply: impl FnOnce(&mut Release),
    ) -> Vec<Step> {
        let Some(release) = self.release(which) else {
            return Vec::new();
        };
        apply(release);
        vec![Step::UpdateRelease(release.key.clone(), field, value)]
    }

    fn put(
        &mut self,
        which: Index,
        field: &'static str,
        value: serde_json::Value,
        apply: impl FnOnce(&mut Package),
    ) -> Vec<Step> {
        let Some(package) = self.package(which) else {
            return Vec::new();
        };
        apply(package);
        vec![Step::UpdatePackage(package.key.clone(), field, value)]
    }

    /// Only of packages that are over, in a release of whose start was told.
    fn retry(&mut self, which: Index, at: Time, end: Option<(bool, Time)>) -> Vec<Step> {
        let Some((release, package)) = self.place(which) else {
            return Vec::new();
        };
        let start_told = self.releases[release].start_told;
        let package = &mut self.releases[release].packages[package];
        let is_over = ["SUCCESSFUL", "FAILED"].contains(&package.status);
        if !is_over || !start_told {
            return Vec::new();
        }
        package.status = "IN_PROGRESS";
        package.started = Some(at);
        package.finished = None;
        let mut steps = vec![Step::Retry(package.key.clone(), at)];
        if let Some((success, at)) = end {
            package.status = if success { "SUCCESSFUL" } else { "FAILED" };
            package.finished = Some(at);
            steps.push(Step::Finish(package.key.clone(), success, at));
        }
        steps
    }

    fn fail(
        &mut self,
        which: Index,
        alone: bool,
        resolved: Option<Time>,
        by: Option<Index>,
    ) -> Vec<Step> {
        let of_package = alone.then(|| self.place(which)).flatten();
        let release = match of_package {
            Some((release, _)) => release,
            None => which.index(self.releases.len()),
        };
        if self.releases[release].is_deleted {
            return Vec::new();
        }
        let resolved_by = self.resolver(by);
        let package = of_package.map(|(_, package)| package);
        self.failures.push(Failure {
            release,
            package,
            resolved,
            resolved_by,
        });
        let key = |place: usize| self.releases[place].key.clone();
        let package = package.map(|it| self.releases[release].packages[it].key.clone());
        vec![Step::Failure(
            key(release),
            package,
            resolved,
            resolved_by.map(key),
        )]
    }

    fn resolve(&mut self, which: Index, at: Option<Time>, by: Option<Index>) -> Vec<Step> {
        let resolver = self.resolver(by);
        if self.failures.is_empty() || (at.is_none() && resolver.is_none()) {
            return Vec::new();
        }
        let place = which.index(self.failures.len());
        let failure = &mut self.failures[place];
        if self.releases[failure.release].is_deleted {
            return Vec::new();
        }
        failure.resolved = at.or(failure.resolved);
        failure.resolved_by = resolver.or(failure.resolved_by);
        let key = resolver.map(|it| self.releases[it].key.clone());
        vec![Step::Resolution(place, at, key)]
    }

    fn resolver(&self, by: Option<Index>) -> Option<usize> {
        let place = by?.index(self.releases.len());
        (!self.releases[place].is_deleted).then_some(place)
    }

    /// Takes over the ids that Orlo gave.
    pub fn learn(&mut self, ids: &HashMap<String, String>) {
        for package in self.releases.iter_mut().flat_map(|it| &mut it.packages) {
            package.id.clone_from(&ids[&package.key]);
        }
    }

    /// What was not deleted.
    pub fn living(&self) -> impl Iterator<Item = &Release> {
        self.releases.iter().filter(|it| !it.is_deleted)
    }

    /// All packages that were not deleted.
    pub fn deployments(&self) -> impl Iterator<Item = Deployment<'_>> {
        self.living().flat_map(|release| {
            let packages = release.living();
            packages.map(move |package| Deployment { package, release })
        })
    }

    /// The line of a name on a platform, or on none: what was deployed with success, in order.
    pub fn line(&self, name: &str, platform: Option<&str>) -> Vec<Deployment<'_>> {
        let is_on = |it: &Deployment<'_>| {
            it.package.name == name
                && it.package.status == "SUCCESSFUL"
                && it.platforms().contains(&platform)
        };
        let mut line: Vec<_> = self.deployments().filter(is_on).collect();
        line.sort_by(|one, other| one.place().cmp(&other.place()));
        line
    }
}

impl Release {
    fn new(place: usize, told: &story::Release) -> Self {
        let told_at = instant(TOLD_AT);
        let (mut started, mut finished) = (told.started, told.finished);
        if told.live && started.is_none() {
            started = Some(told_at);
        }
        if !told.live && started.is_none() && finished.is_none() {
            finished = Some(told_at);
        }
        let package = |(number, package)| Package::new((place, number), package, told);
        Self {
            key: format!("r{place}"),
            user: told.user,
            team: told.team,
            platforms: told.platforms.clone(),
            started,
            finished,
            success: told.success,
            start_told: told.started.is_some(),
            recorded: !told.live,
            told_at,
            is_deleted: false,
            packages: told.packages.iter().enumerate().map(package).collect(),
        }
    }

    /// The packages that were not deleted.
    pub fn living(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|it| !it.is_deleted)
    }

    pub fn status(&self) -> &'static str {
        let all: Vec<_> = self.living().map(|it| it.status).collect();
        let any = |status| all.contains(&status);
        let every = |status| all.iter().all(|it| *it == status);
        let is_over = self.finished.is_some() || self.recorded;
        if any("FAILED") {
            "FAILED"
        } else if any("IN_PROGRESS") {
            "IN_PROGRESS"
        } else if !all.is_empty() && every("SUCCESSFUL") {
            "SUCCESSFUL"
        } else if !all.is_empty() && every("NOT_STARTED") {
            "NOT_STARTED"
        } else if !all.is_empty() {
            if is_over { "SUCCESSFUL" } else { "IN_PROGRESS" }
        } else if is_over && self.success == Some(false) {
            "FAILED"
        } else if is_over {
            "SUCCESSFUL"
        } else if self.started.is_some() && self.start_told {
            "IN_PROGRESS"
        } else {
            "NOT_STARTED"
        }
    }

    pub fn is_partial(&self) -> bool {
        self.living().any(|it| it.status == "SUCCESSFUL")
            && self.living().any(|it| it.status != "SUCCESSFUL")
    }

    pub fn is_rollback(&self) -> bool {
        self.living().any(|it| it.rollback == Some(true))
    }

    /// When it counts in statistics.
    pub fn time(&self) -> Time {
        self.started.or(self.finished).unwrap_or(self.told_at)
    }
}

impl Package {
    fn new(place: (usize, usize), told: &story::Package, release: &story::Release) -> Self {
        let assumed = if release.live {
            match (told.started, told.finished) {
                (_, Some(_)) => "SUCCESSFUL",
                (Some(_), None) => "IN_PROGRESS",
                (None, None) => "NOT_STARTED",
            }
        } else if release.success == Some(false) {
            "FAILED"
        } else {
            "SUCCESSFUL"
        };
        Self {
            key: format!("r{}p{}", place.0, place.1),
            id: String::new(),
            name: told.name,
            version: told.version,
            status: told.status.unwrap_or(assumed),
            rollback: told.rollback,
            started: told.started,
            finished: told.finished,
            committed: told.committed,
            is_deleted: false,
        }
    }
}

impl<'a> Deployment<'a> {
    pub fn effective(self) -> Time {
        let Self { package, release } = self;
        let own = package.finished.or(package.started);
        let told = own.or(release.finished).or(release.started);
        told.unwrap_or(release.told_at)
    }

    pub fn place(self) -> Place<'a> {
        (self.effective(), self.package.started, &self.package.id)
    }

    /// The platforms of its release; none is one as well.
    pub fn platforms(self) -> Vec<Option<&'static str>> {
        match self.release.platforms.as_slice() {
            [] => vec![None],
            names => names.iter().copied().map(Some).collect(),
        }
    }

    /// When it counts in statistics.
    pub fn time(self) -> Time {
        let own = self.package.started.or(self.package.finished);
        own.unwrap_or_else(|| self.effective())
    }

    pub fn is(self, other: Deployment<'_>) -> bool {
        self.package.key == other.package.key
    }
}

/// Seconds from a start to a finish, where they are in order.
#[expect(clippy::cast_precision_loss, reason = "no story is that long")]
pub fn seconds(started: Option<Time>, finished: Option<Time>) -> Option<f64> {
    Some(millis(started, finished)? as f64 / 1000.0)
}

/// The same in milliseconds.
pub fn millis(started: Option<Time>, finished: Option<Time>) -> Option<i64> {
    let millis = (finished? - started?).num_milliseconds();
    (millis >= 0).then_some(millis)
}

impl Filter {
    /// The condition on packages, as a program sees it.
    pub fn takes(&self, it: Deployment<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Name(name) => it.package.name == *name,
            Self::NotName(name) => it.package.name != *name,
            Self::Team(team) => it.release.team == *team,
            Self::Status(status) => it.package.status == *status,
            Self::NoVersion => it.package.version.is_none(),
            Self::Platform(name) => it.release.platforms.contains(name),
        }
    }

    /// The condition on releases.
    pub fn takes_release(&self, release: &Release) -> bool {
        match self {
            Self::Team(team) => release.team == *team,
            Self::Status(status) => release.status() == *status,
            Self::Platform(name) => release.platforms.contains(name),
            Self::All => true,
            Self::Name(_) | Self::NotName(_) | Self::NoVersion => release
                .living()
                .any(|package| self.takes(Deployment { package, release })),
        }
    }

    /// The condition on packages, as callers write it.
    pub fn of_packages(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Self::All => json!({}),
            Self::Name(name) => json!({"name": {"eq": name}}),
            Self::NotName(name) => json!({"not": {"name": {"eq": name}}}),
            Self::Team(Some(team)) => json!({"release": {"team": {"eq": team}}}),
            Self::Team(None) => json!({"release": {"team": {"isNull": true}}}),
            Self::Status(status) => json!({"status": {"eq": status}}),
            Self::NoVersion => json!({"version": {"isNull": true}}),
            Self::Platform(name) => json!({"release": {"platforms": {"has": name}}}),
        }
    }

    /// The condition on releases, as callers write it.
    pub fn of_releases(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Self::Team(Some(team)) => json!({"team": {"eq": team}}),
            Self::Team(None) => json!({"team": {"isNull": true}}),
            Self::Status(status) => json!({"status": {"eq": status}}),
            Self::Platform(name) => json!({"platforms": {"has": name}}),
            Self::All => json!({}),
            of_packages => json!({"packages": {"some": of_packages.of_packages()}}),
        }
    }
}
