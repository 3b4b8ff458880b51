//! The latest deployments of one package.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::LATEST;
use crate::data::{Instant, Package};

/// The start, the number of the release, and the version.
pub type Deployment = (Instant, u64, String);

/// So many as are asked for, of those that have started.
#[derive(Default)]
pub struct Latest {
    heap: BinaryHeap<Reverse<Deployment>>,
}

impl Latest {
    pub fn add(&mut self, number: u64, package: &Package) {
        let Some(at) = package.started_at else { return };
        let is_full = self.heap.len() == LATEST;
        if is_full && self.heap.peek().is_some_and(|Reverse(first)| first.0 > at) {
            return;
        }
        self.heap
            .push(Reverse((at, number, package.version.clone())));
        if is_full {
            self.heap.pop();
        }
    }

    /// The last one first; none when there are fewer than are asked for.
    pub fn list(&self) -> Option<Vec<Deployment>> {
        if self.heap.len() < LATEST {
            return None;
        }
        let mut list: Vec<_> = self.heap.iter().map(|Reverse(one)| one.clone()).collect();
        list.sort_unstable_by(|a, b| b.cmp(a));
        Some(list)
    }
}
