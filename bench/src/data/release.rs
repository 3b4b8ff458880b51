//! Releases as `orlo import` reads them.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat};
use serde::{Serialize, Serializer};

/// One act of deploying.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    pub external_id: String,
    pub user: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<&'static str>,
    pub platforms: Vec<&'static str>,
    pub references: Vec<String>,
    pub notes: Vec<String>,
    pub metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Instant>,
    pub packages: Vec<Package>,
}

impl Release {
    /// How it went, told from its packages: all of these are finished records.
    pub fn status(&self) -> Status {
        let all = |status| self.packages.iter().all(|package| package.status == status);
        let any = |status| self.packages.iter().any(|package| package.status == status);
        if any(Status::Failed) {
            Status::Failed
        } else if any(Status::InProgress) {
            Status::InProgress
        } else if all(Status::NotStarted) {
            Status::NotStarted
        } else {
            Status::Successful
        }
    }

    pub fn rollback(&self) -> bool {
        self.packages.iter().any(|package| package.rollback)
    }

    pub fn duration_seconds(&self) -> Option<f64> {
        let millis = self.finished_at?.0 - self.started_at?.0;
        Some(millis as f64 / 1_000.0)
    }
}

/// What was deployed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    pub name: String,
    pub version: String,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rollback: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff_url: Option<String>,
    pub commit_sha: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Instant>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Instant>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    NotStarted,
    InProgress,
    Successful,
    Failed,
}

/// Unix milliseconds, written as RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub u64);

impl Instant {
    pub fn text(self) -> String {
        DateTime::from_timestamp_millis(self.0.cast_signed())
            .unwrap_or_default()
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}
