//! Releases as marks on a time axis.

use std::collections::HashSet;

use async_graphql::{Context, Description, Object, Result};
use entity::Timestamp;

use super::Release;
use crate::graphql::enums::DeployStatus;
use crate::graphql::scalars::DateTime;
use crate::graphql::types::{Package, Platform};
use crate::service::stats::Moment;

/// How many packages a title names.
const TITLE_PACKAGES: usize = 5;

/// A release as a chart draws it: a mark at `time`, or a range up to `timeEnd` (Grafana's
/// annotations have the same fields).
#[derive(Clone, Debug, Description)]
pub struct TimelineItem {
    time: Timestamp,
    release: Release,
}

impl TimelineItem {
    /// The items of releases that came together.
    #[must_use]
    pub fn all(moments: Vec<Moment>) -> Vec<Self> {
        let (times, rows): (Vec<_>, Vec<_>) = moments
            .into_iter()
            .map(|moment| (moment.time, moment.release))
            .unzip();
        let items = times.into_iter().zip(Release::all(rows));
        items
            .map(|(time, release)| Self { time, release })
            .collect()
    }

    async fn packages(&self, ctx: &Context<'_>) -> Result<Vec<Package>> {
        let release = &self.release;
        release
            .batch()
            .load_packages(ctx, release.key(), None)
            .await
    }
}

#[Object(use_type_description)]
impl TimelineItem {
    /// When it happened: when the release started, else when it finished, else when Orlo heard of
    /// it.
    async fn time(&self) -> DateTime {
        self.time.into()
    }

    /// When the release finished; null where that is not known or not after `time`.
    async fn time_end(&self) -> Option<DateTime> {
        let finish = self.release.0.row().finished_at;
        finish
            .filter(|finish| finish.0 > self.time.0)
            .map(Into::into)
    }

    /// What was deployed, e.g. `api 1.4.0, worker 2.0`; `release` when there are no packages. Of
    /// many packages the first five are named.
    async fn title(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(title(&self.packages(ctx).await?))
    }

    /// Who released, for which team and why, as far as that is known, e.g. `by ann for shop:
    /// SHOP-1, SHOP-2`; empty when nothing is.
    async fn text(&self, ctx: &Context<'_>) -> Result<String> {
        let release = &self.release;
        let references = release.batch().load_references(ctx, release.key()).await?;
        let row = release.0.row();
        Ok(text(row.user.as_deref(), row.team.as_deref(), &references))
    }

    /// What to filter marks by: the names of the platforms, the team, the names of the packages,
    /// the status, and `rollback` where it is one; each once.
    async fn tags(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        let release = &self.release;
        let platforms = release.batch().load_platforms(ctx, release.key()).await?;
        let packages = self.packages(ctx).await?;
        let row = release.0.row();
        let platforms = platforms.iter().map(Platform::to_name);
        let names = packages.iter().map(|package| package.name_and_version().0);
        let status = std::iter::once(word(row.status.into()).to_owned());
        let rollback = row.rollback.then(|| "rollback".to_owned());
        let mut tags: Vec<String> = platforms
            .chain(row.team.clone())
            .chain(names.map(str::to_owned))
            .chain(status)
            .chain(rollback)
            .collect();
        let mut seen = HashSet::new();
        tags.retain(|tag| seen.insert(tag.clone()));
        Ok(tags)
    }

    /// How far the release has come.
    async fn status(&self) -> DeployStatus {
        self.release.0.row().status.into()
    }

    /// Whether any of its packages is a rollback.
    async fn rollback(&self) -> bool {
        self.release.0.row().rollback
    }

    /// The release itself.
    async fn release(&self) -> &Release {
        &self.release
    }
}

fn title(packages: &[Package]) -> String {
    if packages.is_empty() {
        return "release".to_owned();
    }
    let named = packages.iter().take(TITLE_PACKAGES).map(|package| {
        let (name, version) = package.name_and_version();
        version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
    });
    let title = named.collect::<Vec<_>>().join(", ");
    match packages.len().saturating_sub(TITLE_PACKAGES) {
        0 => title,
        others => format!("{title} and {others} more"),
    }
}

fn text(user: Option<&str>, team: Option<&str>, references: &[String]) -> String {
    let by = user.map(|user| format!("by {user}"));
    let by_for = by.into_iter().chain(team.map(|team| format!("for {team}")));
    let people = by_for.collect::<Vec<_>>().join(" ");
    let references = references.join(", ");
    match (people.is_empty(), references.is_empty()) {
        (false, false) => format!("{people}: {references}"),
        _ => people + &references,
    }
}

const fn word(status: DeployStatus) -> &'static str {
    match status {
        DeployStatus::NotStarted => "NOT_STARTED",
        DeployStatus::InProgress => "IN_PROGRESS",
        DeployStatus::Successful => "SUCCESSFUL",
        DeployStatus::Failed => "FAILED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_what_is_known() {
        let references = ["SHOP-1".to_owned(), "SHOP-2".to_owned()];
        let (ann, shop) = (Some("ann"), Some("shop"));
        assert_eq!(
            text(ann, shop, &references),
            "by ann for shop: SHOP-1, SHOP-2"
        );
        assert_eq!(text(None, shop, &[]), "for shop");
        assert_eq!(text(None, None, &references), "SHOP-1, SHOP-2");
        assert_eq!(text(None, None, &[]), "");
    }
}
