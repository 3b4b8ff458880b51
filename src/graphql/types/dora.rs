//! DORA's metrics.

use async_graphql::{Context, Description, Object, Result, SimpleObject};

use super::{DurationStats, Package};
use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::objects::Objects;
use crate::graphql::scalars::DateTime;
use crate::service::page::PageArgs;
use crate::service::stats::dora::{self, DoraQuestion};

/// A part of a whole.
#[derive(Clone, Debug, SimpleObject)]
pub struct Rate {
    /// The part as a number from 0 to 1; null when the denominator is 0.
    pub value: Option<f64>,
    /// How many count.
    pub numerator: u64,
    /// Out of how many.
    pub denominator: u64,
}

impl From<dora::Rate> for Rate {
    fn from(rate: dora::Rate) -> Self {
        Self {
            value: rate.value(),
            numerator: rate.numerator,
            denominator: rate.denominator,
        }
    }
}

/// How often was deployed.
#[derive(Clone, Debug, SimpleObject)]
pub struct DeploymentFrequency {
    /// Successful deployments for each day of 24 hours.
    pub per_day: f64,
    /// Successful deployments for each week of 168 hours.
    pub per_week: f64,
    /// Successful deployments, rollbacks among them.
    pub deployments: u64,
    /// Those of them that are rollbacks.
    pub rollbacks: u64,
    /// Days of the time zone on which something was deployed.
    pub active_days: u64,
    /// The median of such days over the full ISO weeks; null when there is no full week.
    pub median_active_days_per_week: Option<f64>,
}

/// How long changes took from their first commit to their deployment, in seconds.
#[derive(Clone, Debug, SimpleObject)]
pub struct LeadTime {
    /// The times, over first deployments of a version whose `committedAt` is known.
    pub stats: DurationStats,
    /// Deployments that had a `committedAt`, of all that should.
    pub coverage: Rate,
}

/// How long it took to recover from failed changes, in seconds.
#[derive(Clone, Debug, SimpleObject)]
pub struct RecoveryTime {
    /// The times, over failed changes whose recovery is known.
    pub stats: DurationStats,
    /// Failed changes of which no recovery is known.
    pub unrecovered: u64,
}

/// DORA's metrics of one stretch of time.
#[derive(Clone, Debug, SimpleObject)]
pub struct DoraPoint {
    /// Where the stretch begins. The first bucket of a series may begin before `from`; what
    /// happened before `from` does not count all the same.
    pub start: DateTime,
    /// Where it ends, exclusive.
    pub end: DateTime,
    /// Whether it is not over yet.
    pub is_partial: bool,
    /// How often was deployed.
    pub deployment_frequency: DeploymentFrequency,
    /// How long changes took from commit to deployment.
    pub change_lead_time: LeadTime,
    /// Failed changes, of all that were deployed and are no rollbacks.
    pub change_fail_rate: Rate,
    /// How long it took to recover from failed changes.
    pub failed_deployment_recovery_time: RecoveryTime,
    /// Deployments made only to mend (rollbacks, and those that resolved a failure), of all.
    pub deployment_rework_rate: Rate,
}

impl DoraPoint {
    fn new(point: &dora::DoraPoint, now: entity::Timestamp) -> Self {
        let frequency = point.deployment_frequency;
        Self {
            start: point.bucket.start.into(),
            end: point.bucket.end.into(),
            is_partial: point.bucket.is_partial(now),
            deployment_frequency: DeploymentFrequency {
                per_day: frequency.per_day,
                per_week: frequency.per_week,
                deployments: frequency.deployments,
                rollbacks: frequency.rollbacks,
                active_days: frequency.active_days,
                median_active_days_per_week: frequency.median_active_days_per_week,
            },
            change_lead_time: LeadTime {
                stats: point.change_lead_time.stats.into(),
                coverage: point.change_lead_time.coverage.into(),
            },
            change_fail_rate: point.change_fail_rate.into(),
            failed_deployment_recovery_time: RecoveryTime {
                stats: point.recovery_time.stats.into(),
                unrecovered: point.recovery_time.unrecovered,
            },
            deployment_rework_rate: point.rework_rate.into(),
        }
    }
}

/// DORA's metrics of software delivery, as a whole and along time.
#[derive(Clone, Debug, Description)]
pub struct DoraReport(pub DoraQuestion);

#[Object(use_type_description)]
impl DoraReport {
    /// The metrics of the whole time that was asked for.
    async fn total(&self, ctx: &Context<'_>) -> Result<DoraPoint> {
        let service = ctx.service()?;
        Ok(DoraPoint::new(
            &dora::total(service, &self.0).await?,
            service.now(),
        ))
    }

    /// The metrics of each bucket, oldest first, empty ones included; 10,000 at most.
    async fn series(&self, ctx: &Context<'_>) -> Result<Objects<DoraPoint>> {
        let service = ctx.service()?;
        let points = dora::series(service, &self.0).await?;
        Ok(points
            .iter()
            .map(|point| DoraPoint::new(point, service.now()))
            .collect())
    }

    /// The deployments behind the change fail rate, the latest first.
    async fn failed_deployments(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "This many from the beginning, or from behind `after`; 1 to 1000, 100 \
                          when absent."
        )]
        first: Option<i64>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Package>> {
        let args = PageArgs {
            first,
            after,
            ..PageArgs::default()
        };
        let page = dora::failed(ctx.service()?, &self.0, args).await?;
        let question = self.0.clone();
        Ok(Connection::new(
            Slice::new(page, Package::all),
            move |service| {
                let question = question.clone();
                async move { Ok(dora::failed_count(&service, &question).await?) }
            },
        ))
    }
}
