//! What runs where, what it replaced, what differs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::counts::as_read;
use super::story::{PLATFORMS, Questions, Time};
use super::world::{Deployment, World, seconds};
use crate::app::TestApp;

/// Asks what the questions say, and compares.
pub async fn check(app: &TestApp, world: &World, questions: &Questions) {
    check_records(app, world, questions).await;
    check_current(app, world, questions).await;
    check_differences(app, world, questions).await;
}

fn rfc(time: Time) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// What is said of each release and package by itself.
async fn check_records(app: &TestApp, world: &World, questions: &Questions) {
    let query = "query ($platform: String!) { releases(first: 1000) { nodes {
        externalId status isPartial rollback durationSeconds packages {
            externalId status effectiveAt durationSeconds isCurrent rollbackDetected
            isCurrentThere: isCurrent(platform: $platform)
            previous { externalId } previousThere: previous(platform: $platform) { externalId }
    } } } }";
    let there = questions.platform.unwrap_or(PLATFORMS[0]);
    let mut data = app.query(query, json!({ "platform": there })).await;
    let nodes = data["releases"]["nodes"].as_array_mut().unwrap();
    nodes.sort_by_key(|node| node["externalId"].to_string());
    let mut expected: Vec<_> = world.living().collect();
    expected.sort_by_key(|release| release.key.clone());
    let key = |it: Option<Deployment<'_>>| it.map(|it| json!({ "externalId": it.package.key }));
    let expected = expected.into_iter().map(|release| {
        let packages = release.living().map(|package| {
            let it = Deployment { package, release };
            let on_there = [Some(there)];
            json!({
                "externalId": package.key,
                "status": package.status,
                "effectiveAt": rfc(it.effective()),
                "durationSeconds": seconds(package.started, package.finished),
                "isCurrent": is_current(world, it, &it.platforms(), questions.now),
                "isCurrentThere": is_current(world, it, &on_there, questions.now),
                "rollbackDetected": is_rollback(world, it, &it.platforms()),
                "previous": key(previous(world, it, &it.platforms())),
                "previousThere": key(previous(world, it, &on_there)),
            })
        });
        json!({
            "externalId": release.key,
            "status": release.status(),
            "isPartial": release.is_partial(),
            "rollback": release.is_rollback(),
            "durationSeconds": seconds(release.started, release.finished),
            "packages": packages.collect::<Vec<_>>(),
        })
    });
    assert_eq!(json!(nodes), as_read(&json!(expected.collect::<Vec<_>>())));
}

/// The lines among these platforms that a deployment is on, or would be.
fn own_lines<'a>(
    world: &'a World,
    it: Deployment<'_>,
    platforms: &[Option<&'static str>],
) -> Vec<Vec<Deployment<'a>>> {
    let own = it.platforms();
    let platforms = platforms.iter().filter(|platform| own.contains(platform));
    platforms
        .map(|platform| world.line(it.package.name, *platform))
        .collect()
}

fn is_current(
    world: &World,
    it: Deployment<'_>,
    platforms: &[Option<&'static str>],
    now: Time,
) -> bool {
    let lines = own_lines(world, it, platforms);
    lines.into_iter().any(|mut line| {
        line.retain(|other| other.effective() <= now);
        line.last().is_some_and(|last| last.is(it))
    })
}

/// What it replaced, or would replace; the latest where there are several.
fn previous<'a>(
    world: &'a World,
    it: Deployment<'_>,
    platforms: &[Option<&'static str>],
) -> Option<Deployment<'a>> {
    let mut found: Vec<Deployment<'a>> = Vec::new();
    for line in own_lines(world, it, platforms) {
        let before = |other: &Deployment<'_>| {
            if it.package.status == "SUCCESSFUL" {
                other.place() < it.place()
            } else {
                other.effective() <= it.effective()
            }
        };
        found.extend(line.into_iter().rfind(before));
    }
    found
        .into_iter()
        .max_by(|one, other| one.place().cmp(&other.place()))
}

/// Whether it brought back, on one of these platforms, a version that another had replaced.
pub fn is_rollback(world: &World, it: Deployment<'_>, platforms: &[Option<&'static str>]) -> bool {
    let Some(version) = it.package.version else {
        return false;
    };
    own_lines(world, it, platforms).into_iter().any(|line| {
        let Some(place) = line.iter().position(|other| other.is(it)) else {
            return false;
        };
        let earlier = &line[..place];
        let other = earlier.last().and_then(|last| last.package.version);
        other.is_some_and(|other| other != version)
            && earlier.iter().any(|it| it.package.version == Some(version))
    })
}

/// What runs on a platform, or on none, at a time: each with what was there before.
fn current<'a>(
    world: &'a World,
    platform: Option<&str>,
    (time, by_release): (Time, bool),
) -> Vec<(Deployment<'a>, Option<Deployment<'a>>)> {
    let names: BTreeSet<_> = world.deployments().map(|it| it.package.name).collect();
    let last_two = names.into_iter().filter_map(|name| {
        let mut line = world.line(name, platform);
        line.retain(|it| it.effective() <= time);
        line.retain(|it| !by_release || it.release.status() == "SUCCESSFUL");
        let last = line.pop()?;
        Some((last, line.pop()))
    });
    last_two.collect()
}

async fn check_current(app: &TestApp, world: &World, questions: &Questions) {
    let query = "query ($platform: String, $at: DateTime, $byRelease: Boolean) {
        currentVersions(platform: $platform, asOf: $at, byRelease: $byRelease) {
            package platform version previousVersion deployedAt deployment { externalId } } }";
    let Questions {
        now,
        as_of,
        by_release,
        platform,
        ..
    } = questions;
    let variables = json!({
        "platform": platform,
        "at": as_of.map(rfc),
        "byRelease": by_release,
    });
    let data = app.query(query, variables).await;
    let time = as_of.unwrap_or(*now);
    let mut platforms: Vec<_> = match platform {
        Some(platform) => vec![Some(*platform)],
        None => PLATFORMS.iter().copied().map(Some).collect(),
    };
    platforms.sort_unstable();
    if platform.is_none() {
        platforms.push(None);
    }
    let mut expected = Vec::new();
    for (order, platform) in platforms.into_iter().enumerate() {
        for (it, before) in current(world, platform, (time, *by_release)) {
            let row = json!({
                "package": it.package.name,
                "platform": platform,
                "version": it.package.version,
                "previousVersion": before.and_then(|before| before.package.version),
                "deployedAt": rfc(it.effective()),
                "deployment": { "externalId": it.package.key },
            });
            expected.push((it.package.name, order, row));
        }
    }
    expected.sort_by_key(|(name, order, _)| (*name, *order));
    let expected: Vec<_> = expected.into_iter().map(|(_, _, row)| row).collect();
    assert_eq!(data["currentVersions"], json!(expected));
}

async fn check_differences(app: &TestApp, world: &World, questions: &Questions) {
    let query = "query ($from: VersionPoint!, $to: VersionPoint!) {
        versionDiff(from: $from, to: $to, includeUnchanged: true) {
            package change fromVersion toVersion } }";
    let Questions { now, from, to, .. } = questions;
    let point =
        |(platform, at): &(&str, Option<Time>)| json!({ "platform": platform, "at": at.map(rfc) });
    let variables = json!({ "from": point(from), "to": point(to) });
    let data = app.query(query, variables).await;
    let state = |(platform, at): &(&'static str, Option<Time>)| {
        let all = current(world, Some(platform), (at.unwrap_or(*now), false));
        all.into_iter()
            .map(|(it, _)| (it.package.name, it.package.version))
            .collect::<Vec<_>>()
    };
    let (before, after) = (state(from), state(to));
    let names: BTreeSet<_> = before.iter().chain(&after).map(|(name, _)| *name).collect();
    let expected = names.into_iter().map(|name| {
        let of = |state: &[(&str, Option<&'static str>)]| {
            state
                .iter()
                .find(|(it, _)| *it == name)
                .map(|(_, version)| *version)
        };
        let change = match (of(&before), of(&after)) {
            (None, _) => "ADDED",
            (_, None) => "REMOVED",
            (one, other) if one == other => "UNCHANGED",
            _ => "CHANGED",
        };
        json!({
            "package": name,
            "change": change,
            "fromVersion": of(&before).flatten(),
            "toVersion": of(&after).flatten(),
        })
    });
    let expected: Vec<Value> = expected.collect();
    assert_eq!(data["versionDiff"], json!(expected));
}
