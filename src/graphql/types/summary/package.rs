//! What there is to say about packages.

use std::sync::Weak;

use async_graphql::{Context, Description, Object, Result};

use super::{History, SummaryRelations, count_releases, records};
use crate::graphql::batch::Record;
use crate::graphql::connection::{Connection, Slice};
use crate::graphql::context::ContextExt as _;
use crate::graphql::enums::DeployStatus;
use crate::graphql::input::{ReleaseFilter, moment};
use crate::graphql::objects::Objects;
use crate::graphql::scalars::DateTime;
use crate::graphql::types::{CurrentVersion, Package, on_platform};
use crate::service::package::{PackageOrder, PackageOrderField};
use crate::service::page::{Direction, PageArgs};
use crate::service::summary::{NameSummary, SummaryKind};
use crate::service::version::{Moment, current_of_packages};
use crate::service::{Service, filter, package};

/// The order of a history.
const NEWEST: [PackageOrder; 1] = [PackageOrder {
    field: PackageOrderField::EffectiveAt,
    direction: Direction::Desc,
}];

/// What there is to say about one package over all releases.
#[derive(Clone, Debug, Description)]
pub struct PackageSummary(Record<SummaryRelations>);

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

    fn names(&self) -> Vec<&str> {
        let rows = self.0.rows();
        rows.filter_map(|row| row.name.as_deref()).collect()
    }

    async fn load_versions(&self, ctx: &Context<'_>, at: Moment) -> Result<Vec<CurrentVersion>> {
        let relations = self.0.relations();
        let load = || async {
            let (service, platform) = (ctx.service()?, relations.platform.as_deref());
            let versions = current_of_packages(service, &self.names(), platform, at).await?;
            Ok(CurrentVersion::grouped(versions))
        };
        let versions = relations.current_versions.with(&at);
        let versions = versions.get(&self.to_name(), load).await?;
        Ok(versions.unwrap_or_default())
    }

    async fn list_history(&self, ctx: &Context<'_>, list: History) -> Result<Connection<Package>> {
        let load = || async {
            let (filter, page) = list.clone();
            let asked = (&filter, ctx.wanted().packages);
            let pages =
                package::of_names(ctx.service()?, &self.names(), asked, &NEWEST, page).await?;
            Ok(Slice::grouped(pages, |rows| {
                Package::grouped(rows, Weak::new())
            }))
        };
        let relation = self.0.relations().histories.with(&list);
        let slice = relation.get(&self.to_name(), load).await?;
        let (summary, (filter, _)) = (self.clone(), list);
        let count = move |service: Service| {
            let (summary, filter) = (summary.clone(), filter.clone());
            async move { summary.count_history(&service, &filter).await }
        };
        Ok(Connection::new(slice.unwrap_or_default(), count))
    }

    async fn count_history(
        &self,
        service: &Service,
        filter: &filter::PackageFilter,
    ) -> Result<u64> {
        let load = || async { Ok(package::name_counts(service, &self.names(), filter).await?) };
        let relation = self.0.relations().package_counts.with(filter);
        Ok(relation
            .get(&self.to_name(), load)
            .await?
            .unwrap_or_default())
    }
}

/// The deployments to `platform` that have one of `statuses`.
fn deployments(
    platform: Option<String>,
    statuses: Option<Vec<DeployStatus>>,
) -> filter::PackageFilter {
    let status = statuses.map(|statuses| filter::StatusFilter {
        is_in: Some(statuses.into_iter().map(Into::into).collect()),
        ..filter::StatusFilter::default()
    });
    let release = platform.map(|platform| Box::new(on_platform(platform, None)));
    filter::PackageFilter {
        status,
        release,
        ..filter::PackageFilter::default()
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

    /// Where which version of the package runs, ordered by platform, those without a platform last;
    /// see the query `currentVersions`. In a list of summaries for one platform, only there.
    async fn current_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The instant that is asked about, e.g. `\"2026-03-03T15:30:00Z\"`; now \
                          when absent."
        )]
        as_of: Option<DateTime>,
        #[graphql(
            desc = "Counts only packages of releases that are `SUCCESSFUL` as a whole.",
            default_with = "Some(false)"
        )]
        by_release: Option<bool>,
    ) -> Result<Objects<CurrentVersion>> {
        let versions = self.load_versions(ctx, moment(as_of, by_release)).await?;
        Ok(versions.into())
    }

    /// The deployments of the package, the newest first by `Package.effectiveAt`.
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
        self.list_history(ctx, (deployments(platform, status), page))
            .await
    }
}
