//! Following packages.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, Object, Result, Subscription};
use entity::event;
use entity::row::Columns;
use futures_util::Stream;
use uuid::Uuid;

use super::changes::changes;
use crate::graphql::context::ContextExt as _;
use crate::graphql::error;
use crate::graphql::input::PackageFilter;
use crate::graphql::types::{Event, Package};
use crate::service::feed::{Follower, Subject, patiently};
use crate::service::{Service, event as events, package};

#[derive(Debug, Default)]
pub struct PackageSubscription;

#[Subscription]
impl PackageSubscription {
    /// Everything that happens to packages: that one is added, starts, finishes, is corrected or
    /// deleted, gets a result. What happens to a release as a whole, such as that it is deleted with
    /// its packages or goes to other platforms, is told by `releaseChanged` only.
    async fn package_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only packages like this, e.g. `{ name: { eq: \"api\" }, release: { platforms: \
                    { has: \"prod\" } } }`; all of them when absent. It looks at the package as it \
                    is after the change (a deleted one as it was before)."
        )]
        filter: Option<PackageFilter>,
        #[graphql(
            desc = "The last cursor that you have seen, of this subscription or of `events`: what \
                    came behind it is told first. Only what happens from now on when absent."
        )]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<PackageChange>> + use<>> {
        let service = ctx.service()?.clone();
        let wants_package = ctx.look_ahead().field("package").exists();
        let subject = Subject::Packages(Box::new(filter.map(Into::into).unwrap_or_default()));
        let follower = Follower::join(&service, subject, after.as_deref()).await?;
        Ok(changes(follower, move |heard| {
            let service = service.clone();
            async move { PackageChange::all(&service, heard, wants_package).await }
        }))
    }
}

/// Something that happened to a package.
#[derive(Clone, Debug)]
pub struct PackageChange {
    cursor: String,
    event: Event,
    package_id: Uuid,
    package: Option<Package>,
}

impl PackageChange {
    /// The changes that events which came together tell of, each of which happened to a package.
    async fn all(
        service: &Service,
        heard: Vec<event::Model>,
        wants_package: bool,
    ) -> Result<Vec<Self>> {
        let places: Vec<(i64, Uuid)> = heard
            .iter()
            .filter_map(|event| Some((event.sequence, event.package_id?)))
            .collect();
        let mut packages = HashMap::new();
        if wants_package {
            let ids: HashSet<Uuid> = places.iter().map(|(_, id)| *id).collect();
            let ids: Vec<Uuid> = ids.into_iter().collect();
            let rows =
                patiently(|| package::by_ids_even_deleted(service, &ids, Columns::ALL)).await?;
            packages = Package::by_id(rows);
        }
        let changes = Event::all(heard).into_iter().zip(places);
        let change = |(event, (sequence, package_id))| Self {
            cursor: events::cursor(sequence),
            event,
            package_id,
            package: packages.get(&package_id).cloned(),
        };
        Ok(changes.map(change).collect())
    }
}

/// Something that happened to a package.
#[Object]
impl PackageChange {
    /// Its place in the history; give it as `after` to go on behind it. It is the same as that of the
    /// event in `events`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// What happened.
    async fn event(&self) -> &Event {
        &self.event
    }

    /// The package as it is now, even if it is deleted.
    async fn package(&self) -> Result<&Package> {
        let missing = || error::missing("package", self.package_id);
        self.package.as_ref().ok_or_else(missing)
    }
}
