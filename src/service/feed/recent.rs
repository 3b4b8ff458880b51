//! The latest events.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Batch;

/// Bytes of events that are kept at most, about. It takes events with very long texts to get there.
const MAX_BYTES: usize = 32 << 20;

/// Batches for which it is kept who is to hear of them. Hardly any follower is further behind.
const WITH_MATCHES: usize = 64;

/// The latest batches, one behind the other without gaps.
#[derive(Debug)]
pub struct Recent {
    batches: VecDeque<Arc<Batch>>,
    /// Where the first batch begins, and where the last one ends; none before the feed has begun.
    bounds: Option<(i64, i64)>,
    max_events: usize,
    events: usize,
    bytes: usize,
}

/// What is there for a follower.
#[derive(Debug)]
pub enum Next {
    /// Something new.
    Batch(Arc<Batch>),
    /// Nothing new so far.
    Nothing,
    /// The feed has not begun.
    NotBegun,
    /// What comes next for it is not kept any more. The feed has come to this sequence number.
    Gone(i64),
}

impl Recent {
    pub fn new(max_events: usize) -> Self {
        Self {
            batches: VecDeque::new(),
            bounds: None,
            max_events,
            events: 0,
            bytes: 0,
        }
    }

    /// Forgets everything, until it begins anew.
    pub fn forget(&mut self) {
        *self = Self::new(self.max_events);
    }

    pub fn begin(&mut self, position: i64) {
        self.bounds = Some((position, position));
    }

    pub fn head(&self) -> Option<i64> {
        self.bounds.map(|(_, head)| head)
    }

    /// Adds a batch that begins where the last one ended.
    pub fn push(&mut self, batch: Batch) {
        let Some((floor, head)) = &mut self.bounds else {
            return;
        };
        *head = batch.upto;
        if batch.events.is_empty() {
            return;
        }
        self.events += batch.events.len();
        self.bytes += batch.bytes();
        self.batches.push_back(Arc::new(batch));
        while self.events > self.max_events || self.bytes > MAX_BYTES {
            let Some(oldest) = self.batches.pop_front() else {
                break;
            };
            *floor = oldest.upto;
            self.events -= oldest.events.len();
            self.bytes -= oldest.bytes();
        }
        let old = self.batches.len().checked_sub(WITH_MATCHES + 1);
        if let Some(old) = old.and_then(|index| self.batches.get(index)) {
            old.forget_matches();
        }
    }

    /// What comes behind `position`.
    pub fn next(&self, position: i64) -> Next {
        let Some((floor, head)) = self.bounds else {
            return Next::NotBegun;
        };
        if position < floor {
            return Next::Gone(head);
        }
        let next = self.batches.partition_point(|batch| batch.upto <= position);
        match self.batches.get(next) {
            Some(batch) => Next::Batch(Arc::clone(batch)),
            None => Next::Nothing,
        }
    }
}
