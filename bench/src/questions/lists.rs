//! Questions that are answered with records.

use std::collections::HashMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Question;
use crate::data::Release;
use crate::knowledge::{FAILED, Knowledge, LATEST, RECENTLY};
use crate::process::Server;

const PAGE: &str = "($first: Int!, $after: String) {
  releases(first: $first, after: $after) {
    nodes {
      id externalId user team status startedAt finishedAt durationSeconds
      platformNames references metadata notes { text author }
      packages { name version status rollback }
    }
    pageInfo { hasNextPage endCursor }
  }
}";

const FAILED_OF_TEAM: &str =
    "($first: Int!, $team: String!, $since: DateTime!, $package: String!) {
  releases(first: $first, filter: {
    team: { eq: $team }, startedAt: { gte: $since }
    packages: { some: { name: { eq: $package }, status: { eq: FAILED } } }
  }) {
    nodes { id externalId user team status startedAt packages { name version status } }
  }
}";

const RELEASE: &str = "query Q3($id: ID!) {
  release(by: { id: $id }) {
    id externalId user team status rollback isPartial isStale
    startedAt finishedAt durationSeconds createdAt updatedAt inferredFields
    platforms { id name } references metadata notes { id text author createdAt }
    packages {
      id externalId name version status rollback rollbackDetected isStale
      startedAt finishedAt durationSeconds effectiveAt diffUrl commitSha committedAt
      createdAt updatedAt inferredFields results { nodes { id content byteCount createdAt } }
    }
    failures { id detectedAt resolvedAt reference description }
    events { nodes { id type occurredAt recordedAt actor changes } }
  }
}";

/// What a schema that is made from the tables of a database would show.
const RELEASE_COLUMNS: &str = "query Q3a($id: ID!) {
  release(by: { id: $id }) {
    id externalId user team status rollback startedAt finishedAt createdAt updatedAt
    platforms { id name } references metadata notes { id text author createdAt }
    packages {
      id externalId name version status rollback startedAt finishedAt diffUrl commitSha createdAt
    }
  }
}";

const DEPLOYMENTS: &str = "query Q6($package: String!) {
  packages(first: 100, filter: { name: { eq: $package } }) {
    nodes {
      id name version status rollback startedAt finishedAt durationSeconds
      release { id externalId user team status platformNames }
    }
  }
}";

/// How many cases there are where there could be thousands.
const VARIETY: usize = 40;
/// The length of the pages that are compared with each other.
const MIDDLE: usize = 50;

fn external_id(number: u64) -> Value {
    json!({ "externalId": format!("ci-{number:08}") })
}

/// What is shown of a release in a list.
fn listed(release: &Release) -> Value {
    let notes = release
        .notes
        .iter()
        .map(|text| json!({ "text": text, "author": null }));
    let packages = release.packages.iter().map(|package| {
        json!({
            "name": package.name, "version": package.version,
            "status": package.status, "rollback": package.rollback,
        })
    });
    json!({
        "externalId": release.external_id, "user": release.user, "team": release.team,
        "status": release.status(), "platformNames": release.platforms,
        "references": release.references, "metadata": release.metadata,
        "startedAt": release.started_at, "finishedAt": release.finished_at,
        "durationSeconds": release.duration_seconds(),
        "notes": notes.collect::<Value>(), "packages": packages.collect::<Value>(),
    })
}

fn latest_page(mut question: Question, known: &Knowledge, first: usize) -> Question {
    let nodes: Value = known.latest.iter().rev().take(first).map(listed).collect();
    let query = format!("query {}{PAGE}", question.code);
    let expected = json!({ "releases": { "nodes": nodes } });
    question.case(&query, &json!({ "first": first }), expected);
    question
}

pub fn latest(known: &Knowledge) -> Question {
    let title = "the latest 100 releases with packages, platforms, notes, references, metadata";
    latest_page(Question::new("Q1", title), known, LATEST)
}

pub fn first_page(known: &Knowledge) -> Question {
    let title = "the first page of 50, to compare with Q4";
    latest_page(Question::new("Q4a", title), known, MIDDLE)
}

/// How many releases [`failed`] asks for of those that there are in a small history too.
const FEW: usize = 2;

/// The latest releases with a failed package: a page, and a short one that is always full.
pub fn failed(known: &Knowledge) -> [Question; 2] {
    let title = "20 releases of a team in the last 90 days with a FAILED package of a name";
    let mut page = Question::new("Q2", title);
    let title = "2 of those, which a small history has too";
    let mut full = Question::new("Q2a", title);
    let mut pairs: Vec<_> = known.failed.iter().collect();
    pairs.sort_by_key(|(_, ids)| FAILED - ids.len());
    for ((team, package), ids) in pairs.into_iter().take(VARIETY) {
        for (question, first, fewest) in [(&mut page, FAILED, 0), (&mut full, FEW, FEW)] {
            if ids.len() < fewest {
                continue;
            }
            let variables = json!({
                "first": first, "team": team, "package": package, "since": RECENTLY,
            });
            let latest = ids.iter().rev().take(first);
            let nodes = latest.map(|id| json!({ "externalId": id }));
            let expected = json!({ "releases": { "nodes": nodes.collect::<Value>() } });
            let query = format!("query {}{FAILED_OF_TEAM}", question.code);
            question.case(&query, &variables, expected);
        }
    }
    [page, full]
}

/// Everything that was recorded of a release.
fn whole(release: &Release) -> Value {
    let mut whole = listed(release);
    let platforms = release.platforms.iter().map(|name| json!({ "name": name }));
    whole["platforms"] = platforms.collect();
    whole
        .as_object_mut()
        .map(|whole| whole.remove("platformNames"));
    whole["rollback"] = release.rollback().into();
    let packages = release.packages.iter().map(|package| {
        let results = package
            .results
            .iter()
            .map(|content| json!({ "content": content.trim_end() }));
        json!({
            "externalId": package.external_id, "name": package.name, "version": package.version,
            "status": package.status, "rollback": package.rollback,
            "startedAt": package.started_at, "finishedAt": package.finished_at,
            "diffUrl": package.diff_url, "commitSha": package.commit_sha,
            "committedAt": package.committed_at,
            "results": { "nodes": results.collect::<Value>() },
        })
    });
    whole["packages"] = packages.collect();
    let added = release.packages.iter().map(|_| "PACKAGE_ADDED");
    let events = std::iter::once("RELEASE_CREATED").chain(added);
    let events = events.map(|event| json!({ "type": event }));
    whole["events"] = json!({ "nodes": events.collect::<Value>() });
    whole["failures"] = json!([]);
    whole
}

/// What of that is in [`RELEASE_COLUMNS`].
fn columns(mut whole: Value) -> Value {
    let without = |record: &mut Value, names: &[&str]| {
        for name in names {
            record
                .as_object_mut()
                .and_then(|fields| fields.remove(*name));
        }
    };
    without(&mut whole, &["durationSeconds", "events", "failures"]);
    for package in whole["packages"].as_array_mut().into_iter().flatten() {
        without(package, &["committedAt", "results"]);
    }
    whole
}

/// One release by its id, with everything in it and with less.
///
/// # Errors
/// When the server does not tell the ids.
pub fn by_id(known: &Knowledge, server: &Server) -> anyhow::Result<[Question; 2]> {
    let mut all = Question::new("Q3", "one release by its id, with everything in it");
    let title = "one release by its id, with no output, history and derived fields";
    let mut some = Question::new("Q3a", title);
    for samples in known.samples.chunks(100) {
        let wanted: Vec<_> = samples.iter().map(|release| &release.external_id).collect();
        let query = "query Ids($in: [String!]) {
          releases(first: 100, filter: { externalId: { in: $in } }) { nodes { id externalId } }
        }";
        let answer = server.query(query, &json!({ "in": wanted }))?;
        let nodes = answer["releases"]["nodes"]
            .as_array()
            .context("no releases")?;
        let ids: HashMap<_, _> = nodes
            .iter()
            .map(|node| (node["externalId"].as_str(), &node["id"]))
            .collect();
        for release in samples {
            let id = ids.get(&Some(release.external_id.as_str()));
            let variables = json!({ "id": id });
            let whole = whole(release);
            let expected = json!({ "release": columns(whole.clone()) });
            some.case(RELEASE_COLUMNS, &variables, expected);
            all.case(RELEASE, &variables, json!({ "release": whole }));
        }
    }
    Ok([all, some])
}

pub fn middle(known: &Knowledge, server: &Server) -> anyhow::Result<Question> {
    let title = "50 releases from the middle of the whole history, behind a cursor";
    let mut question = Question::new("Q4", title);
    let half = known.started.len() / 2;
    for step in 0..20 {
        let offset = half + step * half / 200;
        let query = "query Cursor($offset: Int!) {
          releases(first: 1, offset: $offset) { pageInfo { endCursor } }
        }";
        let answer = server.query(query, &json!({ "offset": offset }))?;
        let after = &answer["releases"]["pageInfo"]["endCursor"];
        let behind = known.started.iter().rev().skip(offset + 1).take(MIDDLE);
        let nodes: Value = behind.map(|number| external_id(*number)).collect();
        let expected = json!({ "releases": { "nodes": nodes } });
        let variables = json!({ "first": MIDDLE, "after": after });
        question.case(&format!("query Q4{PAGE}"), &variables, expected);
    }
    Ok(question)
}

pub fn deployments(known: &Knowledge) -> Question {
    let title = "the latest 100 deployments of a package with release and platforms";
    let mut question = Question::new("Q6", title);
    let mut packages: Vec<_> = known
        .deployments
        .iter()
        .filter_map(|(name, latest)| Some((name, latest.list()?)))
        .collect();
    packages.sort_unstable();
    let every = packages.len().div_ceil(VARIETY).max(1);
    for (name, latest) in packages.into_iter().step_by(every) {
        let nodes = latest.iter().map(|(at, number, version)| {
            json!({
                "name": name, "version": version, "startedAt": at,
                "release": external_id(*number),
            })
        });
        let expected = json!({ "packages": { "nodes": nodes.collect::<Value>() } });
        question.case(DEPLOYMENTS, &json!({ "package": name }), expected);
    }
    question
}
