//! Decisions, which a strategy makes and a generator takes. When there are none left, every
//! decision is the first and simplest, so what is generated ends, and shrinks with the decisions.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

/// Decisions for one case.
#[derive(Debug)]
pub struct Choices {
    made: std::vec::IntoIter<u16>,
}

impl Choices {
    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(self.made.next().unwrap_or_default()) % limit.max(1)
    }

    /// True in one of so many cases.
    pub fn once_in(&mut self, cases: usize) -> bool {
        self.below(cases) + 1 == cases
    }

    /// One of `all`.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

impl From<Vec<u16>> for Choices {
    fn from(made: Vec<u16>) -> Self {
        Self {
            made: made.into_iter(),
        }
    }
}

/// The decisions of many cases.
pub fn choices() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 0..600)
}
