//! The feed: every event in order, told to those who follow while it happens.
//!
//! As long as somebody follows, one task reads what is new, once for all followers of this process,
//! and keeps the latest of it. A follower takes from there at its own pace, or from the database
//! what is older. Nobody waits for a follower: one that is too slow for what is kept is sent away,
//! and comes back with the cursor that it was told.

mod batch;
mod follower;
mod listener;
mod patience;
mod reader;
mod recent;
mod subject;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use self::batch::Batch;
pub use self::follower::Follower;
pub use self::patience::patiently;
use self::recent::Recent;
pub use self::subject::Subject;
use super::Service;

/// The feed of one process; cheap to clone.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Says that the state has changed.
    news: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    recent: Recent,
    followers: usize,
    /// Whether there is a task that reads.
    is_read: bool,
    /// What followers look for, by how it is written, so that those who look for the same share it.
    subjects: HashMap<String, Weak<Subject>>,
}

impl Feed {
    /// A feed that keeps the latest `backlog` events for its followers.
    #[must_use]
    pub fn new(backlog: usize) -> Self {
        let state = State {
            recent: Recent::new(backlog),
            followers: 0,
            is_read: false,
            subjects: HashMap::new(),
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            news: watch::Sender::default(),
        }))
    }

    /// How many follow.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.lock().followers
    }

    /// Follows what `service` is told about `subject`, which must be one that a database can look
    /// for, behind the event with the sequence number `position`.
    fn follow(&self, service: &Service, subject: Subject, position: i64) -> Follower {
        let mut state = self.lock();
        let subject = state.share(subject);
        state.followers += 1;
        if !state.is_read {
            state.is_read = true;
            tokio::spawn(reader::run(service.clone()));
        }
        drop(state);
        let place = Place { feed: self.clone() };
        Follower::new(service.clone(), place, subject, position)
    }

    /// Whether nobody follows any more. What was kept is forgotten then.
    fn is_deserted(&self) -> bool {
        let mut state = self.lock();
        let is_deserted = state.followers == 0;
        if is_deserted {
            state.is_read = false;
            state.recent.forget();
        }
        is_deserted
    }

    /// Up to where the feed has come; none when it has not begun.
    fn head(&self) -> Option<i64> {
        self.lock().recent.head()
    }

    /// Begins the feed behind this sequence number.
    fn begin(&self, position: i64) {
        self.lock().recent.begin(position);
        self.0.news.send_replace(());
    }

    /// Hands a batch, which begins where the last one ended, to all followers.
    fn publish(&self, batch: Batch) {
        self.lock().recent.push(batch);
        self.0.news.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn share(&mut self, subject: Subject) -> Arc<Subject> {
        let written = format!("{subject:?}");
        if let Some(known) = self.subjects.get(&written).and_then(Weak::upgrade) {
            return known;
        }
        self.subjects.retain(|_, known| known.strong_count() > 0);
        let subject = Arc::new(subject);
        self.subjects.insert(written, Arc::downgrade(&subject));
        subject
    }
}

/// A follower's place, which is given up by dropping it.
#[derive(Debug)]
struct Place {
    feed: Feed,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.feed.lock().followers -= 1;
    }
}
