//! Where the service takes the time from.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use entity::Timestamp;

/// A source of the current time.
pub trait Clock: Debug + Send + Sync {
    /// The time now, to the millisecond.
    fn now(&self) -> Timestamp;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that others ask"
    )]
    fn now(&self) -> Timestamp {
        to_millis(Utc::now())
    }
}

/// A clock that stands still until it is set; for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn new(time: DateTime<Utc>) -> Self {
        Self(AtomicI64::new(time.timestamp_millis()))
    }

    /// Sets the clock to `time`.
    pub fn set(&self, time: DateTime<Utc>) {
        self.0.store(time.timestamp_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let millis = self.0.load(Ordering::SeqCst);
        Timestamp(DateTime::from_timestamp_millis(millis).unwrap_or_default())
    }
}

/// Cuts a time down to the milliseconds that are stored.
#[must_use]
pub fn to_millis(time: DateTime<Utc>) -> Timestamp {
    Timestamp(DateTime::from_timestamp_millis(time.timestamp_millis()).unwrap_or(time))
}
