//! Events that were read together.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use entity::event;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::Subject;
use crate::service::{Result, Service, event as events};

/// Events in one batch at most.
const MAX_EVENTS: u64 = 200;

/// What an event takes beside its text, in bytes, about.
const BYTES_PER_EVENT: usize = 256;

/// Events that were read together, all there are between two places.
#[derive(Debug)]
pub struct Batch {
    /// The sequence number up to which there is no other event.
    pub upto: i64,
    /// The events, in order.
    pub events: Vec<event::Model>,
    matches: Mutex<HashMap<usize, Match>>,
}

/// The records of a batch that meet what some followers look for, and what that is, so that nothing
/// else gets its address.
type Match = (Arc<Subject>, Arc<OnceCell<Arc<HashSet<Uuid>>>>);

impl Batch {
    /// Reads what comes behind the sequence number `after`, up to `upto` or to where the batch is
    /// full.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn read(service: &Service, after: i64, upto: i64) -> Result<Self> {
        let events = events::between(service, after, upto, MAX_EVENTS).await?;
        let is_full = events.len() as u64 == MAX_EVENTS;
        let last = events.last().filter(|_| is_full);
        Ok(Self {
            upto: last.map_or(upto, |event| event.sequence),
            events,
            matches: Mutex::default(),
        })
    }

    /// How much memory it takes, about.
    pub fn bytes(&self) -> usize {
        let bytes = |event: &event::Model| event.changes.len() + BYTES_PER_EVENT;
        self.events.iter().map(bytes).sum()
    }

    /// The events behind the sequence number `after` that `subject` is about.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn about(
        &self,
        service: &Service,
        subject: &Arc<Subject>,
        after: i64,
    ) -> Result<Vec<event::Model>> {
        let events = self.events.iter().filter(|event| event.sequence > after);
        let concerned = events.filter(|event| subject.id_in(event).is_some());
        if !subject.is_filtered() {
            return Ok(concerned.cloned().collect());
        }
        let matching = self.matching(service, subject).await?;
        let meets = |event: &&event::Model| {
            let id = subject.id_in(event);
            id.is_some_and(|id| matching.contains(&id))
        };
        Ok(concerned.filter(meets).cloned().collect())
    }

    /// The records of the batch that meet the filter of `subject`. The database is asked once for
    /// all followers who look for the same.
    async fn matching(
        &self,
        service: &Service,
        subject: &Arc<Subject>,
    ) -> Result<Arc<HashSet<Uuid>>> {
        let ask = || async {
            let ids: HashSet<Uuid> = self
                .events
                .iter()
                .filter_map(|event| subject.id_in(event))
                .collect();
            let ids: Vec<Uuid> = ids.into_iter().collect();
            Ok(Arc::new(subject.matching(service, &ids).await?))
        };
        let is_shared = Arc::strong_count(subject) > 1;
        if !is_shared {
            return ask().await;
        }
        let cell = {
            let mut matches = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
            let (_, cell) = matches
                .entry(Arc::as_ptr(subject).addr())
                .or_insert_with(|| (Arc::clone(subject), Arc::default()));
            Arc::clone(cell)
        };
        cell.get_or_try_init(ask).await.cloned()
    }

    /// Forgets who is to hear of it, to be asked again when somebody still wants to know.
    pub fn forget_matches(&self) {
        let mut matches = self.matches.lock().unwrap_or_else(PoisonError::into_inner);
        matches.clear();
    }
}
