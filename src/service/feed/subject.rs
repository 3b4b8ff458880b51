//! What followers look for.

use std::collections::HashSet;

use entity::{event, package, release};
use sea_orm::{ColumnTrait as _, EntityTrait, QueryFilter as _, QuerySelect as _};
use uuid::Uuid;

use crate::service::filter::{FilterContext, PackageFilter, ReleaseFilter};
use crate::service::{Result, Service};

/// What a follower wants to hear of. Filters look at a record as it is when the event is handed
/// out; one that is deleted, as it was before.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// Everything that happens to releases that are like this, and inside them.
    Releases(Box<ReleaseFilter>),
    /// Everything that happens to packages that are like this.
    Packages(Box<PackageFilter>),
}

impl Subject {
    /// Refuses a filter that no database can look for.
    ///
    /// # Errors
    /// When the filter is too large or has a text that no database can compare with.
    pub fn check(&self, service: &Service) -> Result<()> {
        let context = FilterContext::of(service);
        match self {
            Self::Releases(filter) => filter.condition(&context),
            Self::Packages(filter) => filter.condition(&context),
        }
        .map(|_| ())
    }

    /// Whether not everything of its kind is meant.
    pub(super) fn is_filtered(&self) -> bool {
        match self {
            Self::Releases(filter) => **filter != ReleaseFilter::default(),
            Self::Packages(filter) => **filter != PackageFilter::default(),
        }
    }

    /// The record of its kind that `event` happened to.
    pub(super) const fn id_in(&self, event: &event::Model) -> Option<Uuid> {
        match self {
            Self::Releases(_) => Some(event.release_id),
            Self::Packages(_) => event.package_id,
        }
    }

    /// Those of the records with these ids that are like what is looked for.
    pub(super) async fn matching(&self, service: &Service, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
        let context = FilterContext::of(service).with_deleted();
        let ids = ids.iter().copied();
        let found: Vec<Uuid> = match self {
            Self::Releases(filter) => {
                release::Entity::find()
                    .select_only()
                    .column(release::Column::Id)
                    .filter(release::Column::Id.is_in(ids))
                    .filter(filter.condition(&context)?)
                    .into_tuple()
                    .all(&service.reader())
                    .await?
            }
            Self::Packages(filter) => {
                package::Entity::find()
                    .select_only()
                    .column(package::Column::Id)
                    .filter(package::Column::Id.is_in(ids))
                    .filter(filter.condition(&context)?)
                    .into_tuple()
                    .all(&service.reader())
                    .await?
            }
        };
        Ok(found.into_iter().collect())
    }
}
