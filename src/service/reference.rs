//! How callers name a record.

use entity::{package, release};
use sea_orm::ConnectionTrait;

use super::error::{Error, Result};

/// A release, by one of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseRef {
    /// By its id. A text that is no UUID is the id of no record.
    Id(String),
    /// By the caller's own key.
    ExternalId(String),
}

/// A package, by one of its keys or by its place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PackageRef {
    /// By its id. A text that is no UUID is the id of no record.
    Id(String),
    /// By the caller's own key.
    ExternalId(String),
    /// The package of that name in that release.
    InRelease {
        /// The release.
        release: ReleaseRef,
        /// The name of the package.
        name: String,
        /// Its version, which matters where the name occurs twice.
        version: Option<String>,
    },
}

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup<M> {
    /// The record.
    Found(M),
    /// Nothing that was ever recorded.
    NotFound,
    /// Only a record that was deleted.
    Deleted,
    /// Several records; only with [`PackageRef::InRelease`].
    Ambiguous,
}

impl<M> Lookup<M> {
    /// The record, if the reference leads to exactly one.
    #[must_use]
    pub fn found(self) -> Option<M> {
        match self {
            Self::Found(record) => Some(record),
            Self::NotFound | Self::Deleted | Self::Ambiguous => None,
        }
    }
}

/// What a look-up does to the row it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Reads it.
    None,
    /// Keeps other transactions from changing it until this one ends. On SQLite every transaction
    /// that writes keeps out all others anyway.
    ForUpdate,
}

/// Looks up a release.
///
/// # Errors
/// When the database fails.
pub async fn release(
    connection: &impl ConnectionTrait,
    reference: &ReleaseRef,
    lock: Lock,
) -> Result<Lookup<release::Model>> {
    let _ = (connection, reference, lock);
    Err(Error::Corrupt("not written yet".into()))
}

/// Looks up a package. `lock` is for the package; its release stays as it is.
///
/// # Errors
/// When the database fails.
pub async fn package(
    connection: &impl ConnectionTrait,
    reference: &PackageRef,
    lock: Lock,
) -> Result<Lookup<package::Model>> {
    let _ = (connection, reference, lock);
    Err(Error::Corrupt("not written yet".into()))
}
