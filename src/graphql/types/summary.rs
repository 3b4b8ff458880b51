//! Summaries of releases by package, user and team.

use async_graphql::{Context, Description, Object, Result};

use super::{Package, on_platform};
use crate::graphql::batch::{Record, Related, Relations};
use crate::graphql::connection::Connection;
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::input::ReleaseFilter;
use crate::graphql::query::list_packages;
use crate::graphql::scalars::DateTime;
use crate::service::filter;
use crate::service::page::PageArgs;
use crate::service::summary::{NameSummary, SummaryKind, release_counts};

/// What there is to say about one package over all releases.
#[derive(Clone, Debug, Description)]
pub struct PackageSummary(Record<SummaryRelations>);

/// What there is to say about the releases that one person made.
#[derive(Clone, Debug, Description)]
pub struct UserSummary(Record<SummaryRelations>);

/// What there is to say about the releases for one team.
#[derive(Clone, Debug, Description)]
pub struct TeamSummary(Record<SummaryRelations>);

/// What belongs to summaries.
#[derive(Debug)]
pub struct SummaryRelations {
    kind: SummaryKind,
    /// The only platform whose releases they are about.
    platform: Option<String>,
    release_counts: Relations<filter::ReleaseFilter, Option<String>, u64>,
}

impl Related for SummaryRelations {
    type Row = NameSummary;
    type Key = Option<String>;

    fn key(row: &Self::Row) -> Option<String> {
        row.name.clone()
    }
}

fn records(
    kind: SummaryKind,
    platform: Option<String>,
    rows: Vec<NameSummary>,
) -> Vec<Record<SummaryRelations>> {
    let relations = SummaryRelations {
        kind,
        platform,
        release_counts: Relations::default(),
    };
    Record::all(rows, relations)
}

async fn count_releases(
    record: &Record<SummaryRelations>,
    ctx: &Context<'_>,
    filter: Option<ReleaseFilter>,
) -> Result<u64> {
    let Some(filter) = filter.map(filter::ReleaseFilter::from) else {
        return Ok(record.row().release_count);
    };
    let relations = record.relations();
    let filter = match relations.platform.clone() {
        Some(platform) => on_platform(platform, Some(filter)),
        None => filter,
    };
    let load = async {
        let (service, names) = (ctx.service()?, record.keys());
        Ok(release_counts(service, relations.kind, &names, &filter).await?)
    };
    let counts = relations.release_counts.with(&filter);
    Ok(counts.get(&record.key(), load).await?.unwrap_or_default())
}

impl PackageSummary {
    /// Packages that came together, as far as `platform` goes.
    #[must_use]
    pub fn all(rows: Vec<NameSummary>, platform: Option<String>) -> Vec<Self> {
        let records = records(SummaryKind::Package, platform, rows);
        records.into_iter().map(Self).collect()
    }

    fn to_name(&self) -> String {
        self.0.key().unwrap_or_default()
    }

    /// The deployments of this package to `platform` that ended in one of `statuses`.
    fn narrow(
        &self,
        platform: Option<String>,
        statuses: Option<Vec<DeployStatus>>,
    ) -> filter::PackageFilter {
        let name = filter::StringFilter {
            eq: Some(self.to_name()),
            ..filter::StringFilter::default()
        };
        let status = statuses.map(|statuses| filter::StatusFilter {
            is_in: Some(statuses.into_iter().map(Into::into).collect()),
            ..filter::StatusFilter::default()
        });
        let release = platform.map(|platform| Box::new(on_platform(platform, None)));
        filter::PackageFilter {
            name: Some(name),
            status,
            release,
            ..filter::PackageFilter::default()
        }
    }
}

#[Object(use_type_description)]
impl PackageSummary {
    /// The name of the package.
    async fn name(&self) -> String {
        self.to_name()
    }

    /// How many releases deploy the package. A release that has it twice counts once.
    async fn release_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases like this, e.g. `{ status: { eq: FAILED } }`.")]
        filter: Option<ReleaseFilter>,
    ) -> Result<u64> {
        count_releases(&self.0, ctx, filter).await
    }

    /// The time of the first release that deploys it: when that started, else finished, else when
    /// Orlo heard of it.
    async fn first_released_at(&self) -> Option<DateTime> {
        self.0.row().first_released_at.map(Into::into)
    }

    /// The time of the last release that deploys it, told as for `firstReleasedAt`.
    async fn last_released_at(&self) -> Option<DateTime> {
        self.0.row().last_released_at.map(Into::into)
    }

    /// The deployments of the package, the newest first.
    #[expect(clippy::too_many_arguments, reason = "they are those of the field")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only to the platform of this name.")] platform: Option<String>,
        #[graphql(desc = "Only those with one of these statuses, e.g. `[SUCCESSFUL]`.")]
        status: Option<Vec<DeployStatus>>,
        #[graphql(
            desc = "This many from the beginning, or from behind `after`; 1 to 1000, 100 \
                          when neither `first` nor `last` is given."
        )]
        first: Option<i64>,
        #[graphql(desc = "Only what comes behind this cursor.")] after: Option<String>,
        #[graphql(desc = "This many from the end, or from before `before`; not with `first`.")]
        last: Option<i64>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Package>> {
        let page = PageArgs {
            first,
            after,
            last,
            before,
            offset: None,
        };
        list_packages(ctx, self.narrow(platform, status), None, page).await
    }
}

impl UserSummary {
    /// People that came together, as far as `platform` goes.
    #[must_use]
    pub fn all(rows: Vec<NameSummary>, platform: Option<String>) -> Vec<Self> {
        let records = records(SummaryKind::User, platform, rows);
        records.into_iter().map(Self).collect()
    }
}

#[Object(use_type_description)]
impl UserSummary {
    /// The name of the person; null for the releases that name nobody.
    async fn name(&self) -> Option<&str> {
        self.0.row().name.as_deref()
    }

    /// How many releases the person made.
    async fn release_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases like this, e.g. `{ status: { eq: FAILED } }`.")]
        filter: Option<ReleaseFilter>,
    ) -> Result<u64> {
        count_releases(&self.0, ctx, filter).await
    }

    /// The time of the person's first release: when it started, else finished, else when Orlo
    /// heard of it.
    async fn first_released_at(&self) -> Option<DateTime> {
        self.0.row().first_released_at.map(Into::into)
    }

    /// The time of the person's last release, told as for `firstReleasedAt`.
    async fn last_released_at(&self) -> Option<DateTime> {
        self.0.row().last_released_at.map(Into::into)
    }
}

impl TeamSummary {
    /// Teams that came together, as far as `platform` goes.
    #[must_use]
    pub fn all(rows: Vec<NameSummary>, platform: Option<String>) -> Vec<Self> {
        let records = records(SummaryKind::Team, platform, rows);
        records.into_iter().map(Self).collect()
    }
}

#[Object(use_type_description)]
impl TeamSummary {
    /// The name of the team; null for the releases that name none.
    async fn name(&self) -> Option<&str> {
        self.0.row().name.as_deref()
    }

    /// How many releases there were for the team.
    async fn release_count(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only releases like this, e.g. `{ status: { eq: FAILED } }`.")]
        filter: Option<ReleaseFilter>,
    ) -> Result<u64> {
        count_releases(&self.0, ctx, filter).await
    }

    /// The time of the team's first release: when it started, else finished, else when Orlo
    /// heard of it.
    async fn first_released_at(&self) -> Option<DateTime> {
        self.0.row().first_released_at.map(Into::into)
    }

    /// The time of the team's last release, told as for `firstReleasedAt`.
    async fn last_released_at(&self) -> Option<DateTime> {
        self.0.row().last_released_at.map(Into::into)
    }
}
