//! What runs where, what ran there before, and what differs.

mod current;
mod diff;
mod ends;
mod succession;

pub use current::{
    CurrentArgs, CurrentVersion, Moment, current, current_of_packages, current_on_platforms,
};
pub use diff::{Point, VersionChange, VersionDiff, diff};
pub use succession::{current_among, previous, rollbacks_among};
