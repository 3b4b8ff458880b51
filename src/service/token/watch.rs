//! Telling those who go by a token for long when it is not good any more.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use entity::{Timestamp, token};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::service::{Result, Service, sql};

/// How often to look. A token that is revoked is not good any more after half of this on average,
/// in every process, whichever of them or what command has revoked it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The tokens by which somebody goes for long. As long as there are any, one task looks after all
/// of them, with one statement each time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    held: Vec<Weak<Held>>,
    /// Whether there is a task that looks.
    is_watched: bool,
}

/// A token by which somebody goes, until this is dropped.
#[derive(Debug)]
pub struct Held {
    /// Its id; none when it is somebody else's token, which only expires.
    id: Option<Uuid>,
    expires_at: Option<Timestamp>,
    over: CancellationToken,
}

impl Held {
    /// Waits until the token is not good any more.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end.0 <= now.0)
    }
}

impl Watch {
    /// Looks after a token: one that `service` knows by its `id`, or one that only expires.
    #[must_use]
    pub fn hold(
        &self,
        service: &Service,
        id: Option<Uuid>,
        expires_at: Option<Timestamp>,
    ) -> Arc<Held> {
        let held = Arc::new(Held {
            id,
            expires_at,
            over: CancellationToken::new(),
        });
        let mut state = self.lock();
        state.held.push(Arc::downgrade(&held));
        if !state.is_watched {
            state.is_watched = true;
            tokio::spawn(run(self.clone(), service.clone()));
        }
        held
    }

    /// The tokens that are held and good as far as it is known. When there are none, nobody looks
    /// any more.
    fn held(&self) -> Vec<Arc<Held>> {
        let mut state = self.lock();
        let held: Vec<Arc<Held>> = state
            .held
            .iter()
            .filter_map(Weak::upgrade)
            .filter(|held| !held.over.is_cancelled())
            .collect();
        state.held = held.iter().map(Arc::downgrade).collect();
        state.is_watched = !held.is_empty();
        held
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(watch: Watch, service: Service) {
    loop {
        sleep(LOOK_EVERY).await;
        let held = watch.held();
        if held.is_empty() {
            return;
        }
        let now = service.now();
        let (expired, held): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|held| held.has_expired(now));
        for held in expired {
            held.over.cancel();
        }
        let ids: HashSet<Uuid> = held.iter().filter_map(|held| held.id).collect();
        if ids.is_empty() {
            continue;
        }
        match living(&service, ids.into_iter().collect()).await {
            Ok(living) => {
                let is_gone = |held: &&Arc<Held>| held.id.is_some_and(|id| !living.contains(&id));
                for held in held.iter().filter(is_gone) {
                    held.over.cancel();
                }
            }
            // That says nothing about the tokens.
            Err(error) => tracing::debug!(
                error = &error as &dyn std::error::Error,
                "cannot look up which tokens were revoked"
            ),
        }
    }
}

/// Those of the tokens with these ids that are not revoked.
async fn living(service: &Service, ids: Vec<Uuid>) -> Result<HashSet<Uuid>> {
    let living: Vec<Uuid> = token::Entity::find()
        .select_only()
        .column(token::Column::Id)
        .filter(sql::among(service, sql::column("token", "id"), &ids))
        .filter(token::Column::RevokedAt.is_null())
        .into_tuple()
        .all(&service.reader())
        .await?;
    Ok(living.into_iter().collect())
}
