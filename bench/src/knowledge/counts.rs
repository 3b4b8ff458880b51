//! Numbers of releases by outcome, day and team.

use serde_json::{Value, json};

use crate::data::{BEGIN_MILLIS, END_MILLIS, Instant, Status, TEAMS};

pub const DAY_MILLIS: u64 = 86_400_000;
/// One for each team, and one for no team.
pub const TEAM_ROWS: usize = TEAMS.len() + 1;

/// How many there are of each status.
#[derive(Clone, Copy, Default)]
pub struct Counts([u64; 4]);

impl Counts {
    fn add(&mut self, status: Status) {
        self.0[status as usize] += 1;
    }

    pub fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|status| {
            self.0[status] + other.0[status]
        }))
    }

    pub fn total(self) -> u64 {
        self.0.iter().sum()
    }

    /// As `OutcomeCounts` has it.
    pub fn answer(self) -> Value {
        let of = |status: Status| self.0[status as usize];
        json!({
            "total": self.total(),
            "successful": of(Status::Successful),
            "failed": of(Status::Failed),
            "inProgress": of(Status::InProgress),
            "notStarted": of(Status::NotStarted),
        })
    }
}

/// Rollbacks apart.
#[derive(Default)]
pub struct Split {
    normal: Counts,
    rollback: Counts,
}

impl Split {
    pub fn add(&mut self, rollback: bool, status: Status) {
        let counts = if rollback {
            &mut self.rollback
        } else {
            &mut self.normal
        };
        counts.add(status);
    }

    /// As `CountSplit` has it.
    pub fn answer(&self) -> Value {
        let Self { normal, rollback } = self;
        json!({
            "normal": normal.answer(),
            "rollback": rollback.answer(),
            "total": normal.plus(*rollback).answer(),
        })
    }
}

/// Counts for each day of the history and each team.
pub struct Days(Vec<[Counts; TEAM_ROWS]>);

impl Default for Days {
    fn default() -> Self {
        let days = (END_MILLIS - BEGIN_MILLIS) / DAY_MILLIS;
        Self(vec![[Counts::default(); TEAM_ROWS]; days as usize])
    }
}

impl Days {
    pub fn add(&mut self, at: Instant, team: Option<&str>, status: Status) {
        let day = (at.0 - BEGIN_MILLIS) / DAY_MILLIS;
        self.0[day as usize][team_row(team)].add(status);
    }

    /// The sums of each team over the days from one instant until before another.
    pub fn between(&self, from: u64, to: u64) -> [Counts; TEAM_ROWS] {
        let day = |at: u64| (at.saturating_sub(BEGIN_MILLIS) / DAY_MILLIS) as usize;
        let days = &self.0[day(from)..day(to).min(self.0.len())];
        let mut sums = [Counts::default(); TEAM_ROWS];
        for teams in days {
            for (sum, counts) in sums.iter_mut().zip(teams) {
                *sum = sum.plus(*counts);
            }
        }
        sums
    }
}

/// Teams by name, then none: the order of answers.
fn team_row(team: Option<&str>) -> usize {
    let Some(team) = team else { return TEAMS.len() };
    TEAMS.iter().filter(|other| **other < team).count()
}

/// The team of a row.
pub fn team_name(row: usize) -> Option<&'static str> {
    TEAMS
        .iter()
        .copied()
        .find(|team| team_row(Some(team)) == row)
}
