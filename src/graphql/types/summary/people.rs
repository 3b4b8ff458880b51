//! What there is to say about people and teams.

use async_graphql::{Context, Description, Object, Result};

use super::{SummaryRelations, count_releases, records};
use crate::graphql::batch::Record;
use crate::graphql::input::ReleaseFilter;
use crate::graphql::scalars::DateTime;
use crate::service::summary::{NameSummary, SummaryKind};

/// What there is to say about the releases that one person made.
#[derive(Clone, Debug, Description)]
pub struct UserSummary(Record<SummaryRelations>);

/// What there is to say about the releases for one team.
#[derive(Clone, Debug, Description)]
pub struct TeamSummary(Record<SummaryRelations>);

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
