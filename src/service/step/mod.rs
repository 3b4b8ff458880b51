//! The steps of a deployment as they are told while it happens, in whatever order they arrive.

pub mod add;
pub mod package;
pub mod release;
mod rule;

use entity::{package as package_row, release as release_row};

use super::error::Warning;

/// What became of a change of a release.
#[derive(Clone, Debug)]
pub struct ReleaseOutcome {
    /// The release as it is now.
    pub release: release_row::Model,
    /// Whether it was made by this call.
    pub created: bool,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}

/// What became of a change of a package.
#[derive(Clone, Debug)]
pub struct PackageOutcome {
    /// The package as it is now.
    pub package: package_row::Model,
    /// Its release as it is now.
    pub release: release_row::Model,
    /// Whether the package was made by this call.
    pub created: bool,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
}
