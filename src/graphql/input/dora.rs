//! What DORA's metrics are asked for.

use async_graphql::{InputObject, Result};

use super::PackageFilter;
use crate::graphql::enums::{CountUnit, Interval};
use crate::graphql::scalars::DateTime;
use crate::service::stats::calendar::Zone;
use crate::service::stats::dora::DoraQuestion;

/// Which deployments DORA's metrics are asked of, e.g. `{ from: "2026-03-02", to: "2026-03-09",
/// platforms: "prod" }`.
#[derive(Clone, Debug, InputObject)]
pub struct DoraInput {
    /// What happened before does not count.
    pub from: DateTime,
    /// What happened then or later does not count; now when absent.
    pub to: Option<DateTime>,
    /// Only what went to these platforms, e.g. `["prod-eu", "prod-us"]`; everything when absent.
    pub platforms: Option<Vec<String>>,
    /// Only packages like this, e.g. `{ name: { eq: "api" } }`.
    pub filter: Option<PackageFilter>,
    /// Whether a release counts as one deployment, or each of its packages.
    #[graphql(default_with = "Some(CountUnit::Releases)")]
    pub count_by: Option<CountUnit>,
    /// How long a bucket of the series is.
    #[graphql(default_with = "Some(Interval::Week)")]
    pub interval: Option<Interval>,
    /// The IANA time zone whose clocks say where days and buckets begin, e.g. `Europe/Amsterdam`.
    #[graphql(default_with = "Some(\"UTC\".to_owned())")]
    pub time_zone: Option<String>,
    /// Whether a deployment with the status FAILED is a failed change by itself.
    #[graphql(default_with = "Some(true)")]
    pub count_failed_deployments: Option<bool>,
}

impl DoraInput {
    /// The question for the service.
    ///
    /// # Errors
    /// When there is no such time zone.
    pub fn question(self) -> Result<DoraQuestion> {
        let zone = self
            .time_zone
            .map_or(Ok(Zone::UTC), |name| Zone::named(&name))?;
        Ok(DoraQuestion {
            from: self.from.into(),
            to: self.to.map(Into::into),
            platforms: self.platforms,
            filter: self.filter.map(Into::into).unwrap_or_default(),
            count_by: self.count_by.unwrap_or(CountUnit::Releases).into(),
            interval: self.interval.unwrap_or(Interval::Week).into(),
            zone,
            count_failed_deployments: self.count_failed_deployments.unwrap_or(true),
        })
    }
}
