//! Moments and places to compare.

use async_graphql::InputObject;

use crate::graphql::scalars::DateTime;
use crate::service::version::{Moment, Point};

/// A platform at a moment, e.g. `{ platform: "prod" }` or
/// `{ platform: "prod", at: "2026-03-03T15:30:00Z" }`.
#[derive(Clone, Debug, InputObject)]
pub struct VersionPoint {
    /// The name of the platform.
    pub platform: String,
    /// The moment; now when absent.
    pub at: Option<DateTime>,
}

impl From<VersionPoint> for Point {
    fn from(VersionPoint { platform, at }: VersionPoint) -> Self {
        Self {
            platform,
            at: at.map(Into::into),
        }
    }
}

/// The moment that the arguments `asOf` and `byRelease` of a field mean.
pub fn moment(as_of: Option<DateTime>, by_release: Option<bool>) -> Moment {
    Moment {
        as_of: as_of.map(Into::into),
        by_release: by_release.unwrap_or(false),
    }
}
