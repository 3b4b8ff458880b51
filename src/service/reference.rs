//! How callers name a record. Blanks around a key or a name do not matter, as they are not stored.

use entity::{package, release};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::error::Result;

/// A release, by one of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReleaseRef {
    /// By its id. A text that is no UUID is the id of no record.
    Id(String),
    /// By the caller's own key.
    ExternalId(String),
}

impl ReleaseRef {
    /// The id that it names; none where it names no id, or one that no record can have.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Uuid::parse_str(id.trim()).ok(),
            Self::ExternalId(_) => None,
        }
    }

    /// The key of the caller that it names; none where it names none, or one that no record can have.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        match self {
            Self::ExternalId(key) if is_storable(key) => Some(key.trim()),
            Self::Id(_) | Self::ExternalId(_) => None,
        }
    }
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
    let mut query = release::Entity::find();
    query = match (reference.id(), reference.external_id()) {
        (Some(id), _) => query.filter(release::COLUMN.id.eq(id)),
        (None, Some(key)) => query.filter(release::COLUMN.external_id.eq(key)),
        (None, None) => return Ok(Lookup::NotFound),
    };
    if lock == Lock::ForUpdate {
        query = query.lock_exclusive();
    }
    Ok(match query.one(connection).await? {
        None => Lookup::NotFound,
        Some(release) if release.deleted_at.is_some() => Lookup::Deleted,
        Some(release) => Lookup::Found(release),
    })
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
    let mut query = package::Entity::find();
    query = match reference {
        PackageRef::Id(id) => match Uuid::parse_str(id.trim()) {
            Ok(id) => query.filter(package::COLUMN.id.eq(id)),
            Err(_) => return Ok(Lookup::NotFound),
        },
        PackageRef::ExternalId(key) if is_storable(key) => {
            query.filter(package::COLUMN.external_id.eq(key.trim()))
        }
        PackageRef::InRelease {
            release,
            name,
            version,
        } if is_storable(name) && version.as_deref().is_none_or(is_storable) => {
            let release = match self::release(connection, release, Lock::None).await? {
                Lookup::Found(release) => release,
                Lookup::Deleted => return Ok(Lookup::Deleted),
                Lookup::NotFound | Lookup::Ambiguous => return Ok(Lookup::NotFound),
            };
            let version = version.as_deref().map(str::trim);
            let version = version.filter(|version| !version.is_empty());
            query
                .filter(package::COLUMN.release_id.eq(release.id))
                .filter(package::COLUMN.name.eq(name.trim()))
                .apply_if(version, |query, version| {
                    query.filter(package::COLUMN.version.eq(version))
                })
        }
        PackageRef::ExternalId(_) | PackageRef::InRelease { .. } => return Ok(Lookup::NotFound),
    };
    if lock == Lock::ForUpdate {
        query = query.lock_exclusive();
    }
    Ok(only_one(query.all(connection).await?))
}

/// Deleted packages count only where there is no other.
fn only_one(packages: Vec<package::Model>) -> Lookup<package::Model> {
    let any = !packages.is_empty();
    let mut living = packages
        .into_iter()
        .filter(|package| package.deleted_at.is_none());
    match (living.next(), living.next()) {
        (Some(package), None) => Lookup::Found(package),
        (Some(_), Some(_)) => Lookup::Ambiguous,
        (None, _) if any => Lookup::Deleted,
        (None, _) => Lookup::NotFound,
    }
}

/// `PostgreSQL` takes no NUL, not even in a question.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}
