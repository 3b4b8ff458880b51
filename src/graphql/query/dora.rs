//! The question about DORA's metrics.

use async_graphql::{Object, Result};

use crate::graphql::input::DoraInput;
use crate::graphql::types::DoraReport;

#[derive(Debug, Default)]
pub struct DoraQuery;

#[Object]
impl DoraQuery {
    /// DORA's metrics of software delivery: deployment frequency, change lead time, change fail
    /// rate, recovery time and rework rate.
    async fn dora(
        &self,
        #[graphql(
            desc = "Which time and which deployments, e.g. `{ from: \"2026-03-02\", platforms: \
                    \"prod\" }`."
        )]
        input: DoraInput,
    ) -> Result<DoraReport> {
        Ok(DoraReport(input.question()?))
    }
}
