//! Statistics over releases and packages.

use async_graphql::{Context, Object, Result};

use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::{CalendarPart, CountUnit, Dimension, Interval};
use crate::graphql::input::ReleaseFilter;
use crate::graphql::objects::Objects;
use crate::graphql::scalars::DateTime;
use crate::graphql::types::{HistogramBar, SeriesPoint, StatsRow, TimelineItem};
use crate::service::stats::calendar::Zone;
use crate::service::stats::{self, Question, Steps};

/// How many items a timeline has when the caller does not say.
const USUAL_LIMIT: i64 = 1000;

#[derive(Debug, Default)]
pub struct StatsQuery;

#[Object]
impl StatsQuery {
    /// How many releases (or packages) there were, how they went and how long they took; in all,
    /// or for each group. For example failures by team and platform: `releaseStats(groupBy: [TEAM,
    /// PLATFORM]) { key { team platform } counts { total { failed } } }`. Rows are ordered by key,
    /// nulls last; without `groupBy` there is always one row.
    async fn release_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only releases like this, e.g. `{ startedAt: { gte: \"2026-01-01\" } }`; all of \
                    them when absent."
        )]
        filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "One row for each combination of these that there is, e.g. `[TEAM, PLATFORM]`. \
                    What is missing, such as a platform, is a group of its own.",
            default_with = "Some(Vec::new())"
        )]
        group_by: Option<Vec<Dimension>>,
        #[graphql(
            desc = "Whether to count releases or their packages.",
            default_with = "Some(CountUnit::Releases)"
        )]
        count_by: Option<CountUnit>,
    ) -> Result<Objects<StatsRow>> {
        let question = question(ctx, filter, group_by, count_by);
        let rows = stats::totals(ctx.service()?, &question).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The same along time, cut into hours, days, weeks, months, quarters or years of a time zone;
    /// 10,000 of them at most. What happened when: a release when it started, else when it
    /// finished, else when Orlo heard of it; a package when it started, else when it finished, else
    /// at its `effectiveAt`. Points are ordered by `start`, then by key. For example deployments
    /// per week: `releaseSeries(from: "2026-01-01", interval: WEEK, timeZone: "Europe/Amsterdam")
    /// { start counts { total { successful failed } } }`.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn release_series(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What happened before is not counted.")] from: DateTime,
        #[graphql(desc = "What happened then or later is not counted; now when absent.")]
        to: Option<DateTime>,
        #[graphql(desc = "How long a bucket is.", default_with = "Some(Interval::Day)")]
        interval: Option<Interval>,
        #[graphql(
            desc = "Whose clocks say where a bucket begins: a time zone of the IANA database, \
                    e.g. `\"Europe/Amsterdam\"`.",
            default_with = "Some(\"UTC\".to_owned())"
        )]
        time_zone: Option<String>,
        #[graphql(
            desc = "Only releases like this, e.g. `{ team: { eq: \"shop\" } }`; all of \
                          them when absent."
        )]
        filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "One point in each bucket for each combination of these that there is in any \
                    of them.",
            default_with = "Some(Vec::new())"
        )]
        group_by: Option<Vec<Dimension>>,
        #[graphql(
            desc = "Whether to count releases or their packages.",
            default_with = "Some(CountUnit::Releases)"
        )]
        count_by: Option<CountUnit>,
        #[graphql(
            desc = "Whether there are points, with zeros, where nothing happened.",
            default_with = "Some(true)"
        )]
        fill_gaps: Option<bool>,
    ) -> Result<Objects<SeriesPoint>> {
        let question = question(ctx, filter, group_by, count_by);
        let steps = Steps {
            from: from.into(),
            to: to.map(Into::into),
            interval: interval.map(Into::into).unwrap_or_default(),
            zone: zone(time_zone)?,
            fill_gaps: fill_gaps.unwrap_or(true),
        };
        let points = stats::series(ctx.service()?, &question, &steps).await?;
        Ok(points.into_iter().map(Into::into).collect())
    }

    /// How many there were at each hour of the day, day of the week and so on, over all time that
    /// `filter` leaves; times as in `releaseSeries`. There is a bar for every value, also where
    /// nothing happened, for each group that there is; of years those from the first to the last.
    /// Bars are ordered by value, then by key. For example when people deploy:
    /// `releaseHistogram(part: HOUR_OF_DAY, timeZone: "America/New_York") { label counts { total {
    /// total } } }`.
    async fn release_histogram(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What all time is folded into.")] part: CalendarPart,
        #[graphql(
            desc = "Whose clocks and calendar count: a time zone of the IANA database, e.g. \
                    `\"America/New_York\"`.",
            default_with = "Some(\"UTC\".to_owned())"
        )]
        time_zone: Option<String>,
        #[graphql(
            desc = "Only releases like this, e.g. `{ startedAt: { gte: \"2026-01-01\" } }`; all of \
                    them when absent."
        )]
        filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "One bar at each value for each combination of these that there is.",
            default_with = "Some(Vec::new())"
        )]
        group_by: Option<Vec<Dimension>>,
        #[graphql(
            desc = "Whether to count releases or their packages.",
            default_with = "Some(CountUnit::Releases)"
        )]
        count_by: Option<CountUnit>,
    ) -> Result<Objects<HistogramBar>> {
        let question = question(ctx, filter, group_by, count_by);
        let (service, zone) = (ctx.service()?, zone(time_zone)?);
        let bars = stats::histogram(service, &question, part.into(), zone).await?;
        Ok(bars.into_iter().map(Into::into).collect())
    }

    /// Releases as marks for a chart, the oldest first; times as in `releaseSeries`. For example
    /// what to draw over a graph of errors: `timeline(from: "2026-03-02", to: "2026-03-09",
    /// filter: { platforms: { has: "prod" } }) { time timeEnd title text tags }`.
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Nothing from before.")] from: DateTime,
        #[graphql(desc = "Nothing from then on; now when absent.")] to: Option<DateTime>,
        #[graphql(desc = "Only releases like this; all of them when absent.")] filter: Option<
            ReleaseFilter,
        >,
        #[graphql(
            desc = "As many as this, from `from` on; 1 to 10000.",
            default_with = "Some(USUAL_LIMIT)"
        )]
        limit: Option<i64>,
    ) -> Result<Objects<TimelineItem>> {
        let filter = filter.map(Into::into).unwrap_or_default();
        let range = (from.into(), to.map(Into::into));
        let limit = limit.unwrap_or(USUAL_LIMIT);
        let moments = stats::timeline(ctx.service()?, &filter, range, limit).await?;
        Ok(TimelineItem::all(moments).into())
    }
}

/// What is asked, with durations where they are selected.
fn question(
    ctx: &Context<'_>,
    filter: Option<ReleaseFilter>,
    group_by: Option<Vec<Dimension>>,
    count_by: Option<CountUnit>,
) -> Question {
    let dimensions = group_by.into_iter().flatten();
    Question {
        filter: filter.map(Into::into).unwrap_or_default(),
        group_by: dimensions.map(Into::into).collect(),
        count_by: count_by.map(Into::into).unwrap_or_default(),
        durations: ctx.look_ahead().field("durationSeconds").exists(),
    }
}

fn zone(name: Option<String>) -> Result<Zone> {
    Ok(name.map_or(Ok(Zone::UTC), |name| Zone::named(&name))?)
}
