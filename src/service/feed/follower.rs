//! Following the feed.

use std::sync::Arc;

use entity::event;
use tokio::sync::watch;

use super::patience::patiently;
use super::recent::Next;
use super::{Batch, Place, Subject};
use crate::service::{Error, Result, Service, event as events};

/// Somebody who follows what happens to one subject. Dropping it ends that.
#[derive(Debug)]
pub struct Follower {
    service: Service,
    place: Place,
    subject: Arc<Subject>,
    news: watch::Receiver<()>,
    /// The sequence number up to which it has heard everything.
    position: i64,
    /// Whether it has caught up once.
    is_live: bool,
}

impl Follower {
    /// Follows what happens to `subject`: everything behind the cursor `after`, or else what
    /// happens from now on.
    ///
    /// # Errors
    /// When the cursor or the filter makes no sense, or the database fails.
    pub async fn join(service: &Service, subject: Subject, after: Option<&str>) -> Result<Self> {
        subject.check(service)?;
        let position = match after {
            Some(cursor) => position_of(service, cursor).await?,
            None => events::newest(service).await?,
        };
        Ok(service.feed.follow(service, subject, position))
    }

    pub(super) fn new(
        service: Service,
        place: Place,
        subject: Arc<Subject>,
        position: i64,
    ) -> Self {
        Self {
            news: place.feed.0.news.subscribe(),
            service,
            place,
            subject,
            position,
            is_live: false,
        }
    }

    /// The next events about the subject, at least one; waits until there are any. What asks the
    /// database is boxed, here and in what comes of this: many followers wait for long, and room for
    /// questions would be most of what they take.
    ///
    /// # Errors
    /// `LimitExceeded` when the follower has fallen further behind than events are kept; it can join
    /// again behind its [`Self::cursor`]. Or the database fails for a long time.
    pub async fn next(&mut self) -> Result<Vec<event::Model>> {
        loop {
            let batch = self.next_batch().await?;
            let (service, subject, position) = (&self.service, &self.subject, self.position);
            let about = Box::pin(patiently(|| batch.about(service, subject, position))).await?;
            self.position = batch.upto;
            if !about.is_empty() {
                return Ok(about);
            }
        }
    }

    /// The place up to which it has heard everything that [`Self::next`] has handed out, to go on
    /// from there.
    #[must_use]
    pub fn cursor(&self) -> String {
        events::cursor(self.position)
    }

    async fn next_batch(&mut self) -> Result<Arc<Batch>> {
        loop {
            // What comes after this is news, so nothing can come unnoticed after looking.
            self.news.borrow_and_update();
            let next = self.place.feed.lock().recent.next(self.position);
            match next {
                Next::Batch(batch) => {
                    self.is_live = true;
                    return Ok(batch);
                }
                Next::Gone(_) if self.is_live => {
                    return Err(Error::LimitExceeded(
                        "this subscription has fallen too far behind; start it again with the \
                         cursor in extensions as after"
                            .to_owned(),
                    ));
                }
                Next::Gone(head) => {
                    let (service, position) = (&self.service, self.position);
                    let read = Box::pin(patiently(|| Batch::read(service, position, head)));
                    return Ok(Arc::new(read.await?));
                }
                Next::Nothing => self.is_live = true,
                Next::NotBegun => (),
            }
            // The feed, which is part of this, holds the other end.
            let _ = self.news.changed().await;
        }
    }
}

/// The sequence number of the event that `cursor` stands for.
async fn position_of(service: &Service, cursor: &str) -> Result<i64> {
    let position = events::sequence_of(cursor)?;
    if position > events::last_drawn(service).await? {
        // As after an old copy of the database was put in place. To wait for that number to come up
        // would hide what happens until then.
        return Err(Error::BadRequest(
            "the cursor in after is ahead of all events of this database".to_owned(),
        ));
    }
    Ok(position)
}
