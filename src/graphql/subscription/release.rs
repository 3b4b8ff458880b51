//! Following releases.

use std::collections::{HashMap, HashSet};

use async_graphql::{Context, Object, Result, Subscription};
use entity::event;
use entity::row::Columns;
use futures_util::Stream;
use uuid::Uuid;

use super::changes::changes;
use crate::graphql::context::ContextExt as _;
use crate::graphql::error;
use crate::graphql::input::ReleaseFilter;
use crate::graphql::types::{Event, Release};
use crate::service::feed::{Follower, Subject, patiently};
use crate::service::{Service, event as events, release};

#[derive(Debug, Default)]
pub struct ReleaseSubscription;

#[Subscription]
impl ReleaseSubscription {
    /// Everything that happens to releases and inside them: their packages, notes, metadata, results
    /// and failures. The deletion of a release is told too.
    async fn release_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Only releases like this, e.g. `{ platforms: { has: \"prod\" } }`; all of them \
                    when absent. It looks at the release as it is after the change (a deleted one \
                    as it was before): `{ status: { eq: IN_PROGRESS } }` does not tell that one \
                    finished."
        )]
        filter: Option<ReleaseFilter>,
        #[graphql(
            desc = "The last cursor that you have seen, of this subscription or of `events`: what \
                    came behind it is told first. Only what happens from now on when absent."
        )]
        after: Option<String>,
    ) -> Result<impl Stream<Item = Result<ReleaseChange>> + use<>> {
        let service = ctx.service()?.clone();
        let wants_release = ctx.look_ahead().field("release").exists();
        let subject = Subject::Releases(Box::new(filter.map(Into::into).unwrap_or_default()));
        let follower = Follower::join(&service, subject, after.as_deref()).await?;
        Ok(changes(follower, move |heard| {
            let service = service.clone();
            async move { ReleaseChange::all(&service, heard, wants_release).await }
        }))
    }
}

/// Something that happened to a release, or inside it.
#[derive(Clone, Debug)]
pub struct ReleaseChange {
    cursor: String,
    event: Event,
    release_id: Uuid,
    release: Option<Release>,
}

impl ReleaseChange {
    /// The changes that events which came together tell of.
    async fn all(
        service: &Service,
        heard: Vec<event::Model>,
        wants_release: bool,
    ) -> Result<Vec<Self>> {
        let places: Vec<(i64, Uuid)> = heard
            .iter()
            .map(|event| (event.sequence, event.release_id))
            .collect();
        let mut releases = HashMap::new();
        if wants_release {
            let ids: HashSet<Uuid> = places.iter().map(|(_, id)| *id).collect();
            let ids: Vec<Uuid> = ids.into_iter().collect();
            let rows =
                patiently(|| release::by_ids_even_deleted(service, &ids, Columns::ALL)).await?;
            releases = Release::by_id(rows);
        }
        let changes = Event::all(heard).into_iter().zip(places);
        let change = |(event, (sequence, release_id))| Self {
            cursor: events::cursor(sequence),
            event,
            release_id,
            release: releases.get(&release_id).cloned(),
        };
        Ok(changes.map(change).collect())
    }
}

/// Something that happened to a release, or inside it.
#[Object]
impl ReleaseChange {
    /// Its place in the history; give it as `after` to go on behind it. It is the same as that of the
    /// event in `events`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// What happened.
    async fn event(&self) -> &Event {
        &self.event
    }

    /// The release as it is now, even if it is deleted.
    async fn release(&self) -> Result<&Release> {
        let missing = || error::missing("release", self.release_id);
        self.release.as_ref().ok_or_else(missing)
    }
}
