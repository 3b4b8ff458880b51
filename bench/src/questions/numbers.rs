//! Questions that are answered with numbers.

use serde_json::{Value, json};

use super::Question;
use crate::data::{BEGIN_MILLIS, END_MILLIS, Instant};
use crate::knowledge::{Counts, DAY_MILLIS, Knowledge, TEAM_ROWS, team_name};

const OF_TEAM: &str = "query Q5($team: String!) {
  releases(filter: { team: { eq: $team } }) { totalCount }
}";

const BY_DAY: &str = "query Q7($from: DateTime!, $to: DateTime!) {
  releaseSeries(from: $from, to: $to, interval: DAY) {
    start counts { total { total successful failed inProgress notStarted } }
  }
}";

const BY_TEAM_AND_STATUS: &str = "query Q7b($from: DateTime!, $to: DateTime!) {
  releaseStats(groupBy: TEAM, filter: { startedAt: { gte: $from, lt: $to } }) {
    key { team } counts { total { total successful failed inProgress notStarted } }
  }
}";

const CURRENT: &str = "query Q8($platform: String!) {
  currentVersions(platform: $platform) { package version deployedAt previousVersion }
}";

const OVER_ALL: &str = "query Q9 {
  releaseStats {
    counts {
      normal { total successful failed inProgress notStarted }
      rollback { total successful failed inProgress notStarted }
      total { total successful failed inProgress notStarted }
    }
    durationSeconds { sampleSize mean min max p50 p90 }
  }
}";

const OF_EVERY_TEAM: &str = "query Q9a {
  releaseStats(groupBy: TEAM) {
    key { team } counts { total { total successful failed inProgress notStarted } }
    durationSeconds { sampleSize mean min max p50 p90 }
  }
}";

const BY_WEEK_AND_TEAM: &str = "query Q10($from: DateTime!, $to: DateTime!) {
  releaseSeries(from: $from, to: $to, interval: WEEK, groupBy: TEAM) {
    start key { team } counts { total { total successful failed inProgress notStarted } }
  }
}";

/// The day of the week on which the history begins, a Friday, counted from Monday.
const FIRST_WEEKDAY: u64 = 4;
const WEEK_MILLIS: u64 = 7 * DAY_MILLIS;

/// Years that end with the history, a week before that, two weeks...
fn years() -> impl Iterator<Item = (u64, u64)> {
    (0..26)
        .map(|weeks| END_MILLIS - weeks * WEEK_MILLIS)
        .map(|to| (to - 365 * DAY_MILLIS, to))
}

fn window((from, to): (u64, u64)) -> Value {
    json!({ "from": Instant(from), "to": Instant(to) })
}

fn total(counts: Counts) -> Value {
    json!({ "total": counts.answer() })
}

/// What every request costs: no statement, one field.
pub fn none() -> Question {
    let mut question = Question::new("Q0", "nothing that is in the database");
    let expected = json!({ "server": {} });
    question.case("query Q0 { server { version } }", &json!({}), expected);
    question
}

pub fn of_team(known: &Knowledge) -> Question {
    let mut question = Question::new("Q5", "how many releases a team has");
    for (team, count) in &known.teams {
        let expected = json!({ "releases": { "totalCount": count } });
        question.case(OF_TEAM, &json!({ "team": team }), expected);
    }
    question
}

pub fn by_day(known: &Knowledge) -> Question {
    let mut question = Question::new("Q7", "releases by day and status over a year");
    for (from, to) in years() {
        let days = (from..to).step_by(DAY_MILLIS as usize).map(|start| {
            let teams = known.days.between(start, start + DAY_MILLIS);
            let counts = teams.into_iter().fold(Counts::default(), Counts::plus);
            json!({ "start": Instant(start), "counts": total(counts) })
        });
        let expected = json!({ "releaseSeries": days.collect::<Value>() });
        question.case(BY_DAY, &window((from, to)), expected);
    }
    question
}

/// The rows of the teams that have anything.
fn teams(counts: &[Counts; TEAM_ROWS]) -> impl Iterator<Item = (Value, Counts)> {
    let rows = counts
        .iter()
        .enumerate()
        .filter(|(_, counts)| counts.total() > 0);
    rows.map(|(row, counts)| (json!({ "team": team_name(row) }), *counts))
}

pub fn by_team_and_status(known: &Knowledge) -> Question {
    let title = "the releases of a year by team and status";
    let mut question = Question::new("Q7b", title);
    for (from, to) in years() {
        let counts = known.started_days.between(from, to);
        let rows =
            teams(&counts).map(|(key, counts)| json!({ "key": key, "counts": total(counts) }));
        let expected = json!({ "releaseStats": rows.collect::<Value>() });
        question.case(BY_TEAM_AND_STATUS, &window((from, to)), expected);
    }
    question
}

pub fn current(known: &Knowledge) -> Question {
    let mut question = Question::new("Q8", "what runs on a platform");
    for (platform, running) in &known.running {
        let expected = json!({ "currentVersions": running.answer() });
        question.case(CURRENT, &json!({ "platform": platform }), expected);
    }
    question
}

pub fn over_all(known: &Knowledge) -> Question {
    let title = "statistics over all releases, with percentiles";
    let mut question = Question::new("Q9", title);
    let durations = &known.durations;
    let seconds = json!({
        "sampleSize": durations.count,
        "mean": durations.sum / durations.count as f64,
        "max": durations.max,
    });
    let row = json!({ "counts": known.all.answer(), "durationSeconds": seconds });
    question.case(OVER_ALL, &json!({}), json!({ "releaseStats": [row] }));
    question
}

pub fn of_every_team(known: &Knowledge) -> Question {
    let mut question = Question::new("Q9a", "statistics of every team, with percentiles");
    let counts = known.days.between(BEGIN_MILLIS, END_MILLIS);
    let rows = teams(&counts).map(|(key, counts)| json!({ "key": key, "counts": total(counts) }));
    let expected = json!({ "releaseStats": rows.collect::<Value>() });
    question.case(OF_EVERY_TEAM, &json!({}), expected);
    question
}

pub fn by_week_and_team(known: &Knowledge) -> Question {
    let title = "a year of weeks by team and status";
    let mut question = Question::new("Q10", title);
    for (from, to) in years() {
        let monday = from - (from - BEGIN_MILLIS + FIRST_WEEKDAY * DAY_MILLIS) % WEEK_MILLIS;
        let seen = known.days.between(from, to);
        let mut points = Vec::new();
        for start in (monday..to).step_by(WEEK_MILLIS as usize) {
            let counts = known
                .days
                .between(start.max(from), (start + WEEK_MILLIS).min(to));
            for (row, _) in seen.iter().enumerate().filter(|(_, seen)| seen.total() > 0) {
                let key = json!({ "team": team_name(row) });
                let counts = total(counts[row]);
                points.push(json!({ "start": Instant(start), "key": key, "counts": counts }));
            }
        }
        let expected = json!({ "releaseSeries": points });
        question.case(BY_WEEK_AND_TEAM, &window((from, to)), expected);
    }
    question
}
