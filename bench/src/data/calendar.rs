//! When releases happen: on working days, by day, and more of them every year.

use super::random::{Random, Weighted};

/// When the history begins: 2022-07-01T00:00:00Z, a Friday.
pub const BEGIN_MILLIS: u64 = 1_656_633_600_000;
/// When it ends: 2026-01-01T00:00:00Z.
pub const END_MILLIS: u64 = 1_767_225_600_000;
/// When the last releases start, so that all that finish have finished at the end.
pub const LAST_START_MILLIS: u64 = END_MILLIS - 12 * HOUR_MILLIS;
const HOUR_MILLIS: u64 = 3_600_000;
/// The day of the week of the first day, counted from Monday.
const FIRST_WEEKDAY: u64 = 4;

/// Monday to Sunday.
const BY_WEEKDAY: [u64; 7] = [18, 20, 20, 19, 12, 2, 1];
/// The hours from midnight on.
const BY_HOUR: [u64; 24] = [
    1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 24, 22, 14, 20, 26, 24, 18, 10, 6, 4, 3, 2, 2, 1,
];

/// Spreads releases over the hours of the history.
pub struct Calendar {
    hours: Weighted,
    /// When the release before started.
    last: u64,
}

impl Calendar {
    pub fn new() -> Self {
        let count = (LAST_START_MILLIS - BEGIN_MILLIS) / HOUR_MILLIS;
        let weight = |hour: u64| {
            let weekday = (hour / 24 + FIRST_WEEKDAY) % 7;
            let growth = 1_000 + 2_000 * hour / count;
            BY_WEEKDAY[weekday as usize] * BY_HOUR[(hour % 24) as usize] * growth
        };
        Self {
            hours: Weighted::new((0..count).map(weight)),
            last: 0,
        }
    }

    /// When the release of this index of so many starts: after the one before it.
    pub fn start(&mut self, index: u64, size: u64, random: &mut Random) -> u64 {
        let total = u128::from(self.hours.total());
        let from = (total * u128::from(index) / u128::from(size)) as u64;
        let until = (total * u128::from(index + 1) / u128::from(size)) as u64;
        let (hour, rest) = self.hours.at(from + random.below((until - from).max(1)));
        let millis = HOUR_MILLIS * rest / self.hours.weight(hour);
        let start = BEGIN_MILLIS + hour as u64 * HOUR_MILLIS + millis;
        self.last = start.max(self.last + 1);
        self.last
    }
}
