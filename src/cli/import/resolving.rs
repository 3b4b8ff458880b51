//! Finding the releases that resolved the failures of others, once all are recorded. Only those
//! that an export marks are remembered, so that this does not grow with the file.

use std::collections::HashMap;

use entity::Timestamp;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::service::error::{Error, Result};
use crate::service::interchange::{References, Resolution};
use crate::service::reference::{self, Lock, ReleaseRef};
use crate::service::{Caller, failure};

/// Remembers which failures wait for which releases.
#[derive(Debug, Default)]
pub struct Resolver {
    /// New ids by those in the export.
    known: HashMap<String, Uuid>,
    waiting: Vec<Resolution>,
}

impl Resolver {
    /// Remembers a release that is recorded as `id`; its failures are when it is new.
    pub fn note(&mut self, references: &References, id: Uuid, created: bool) {
        if let Some(exported) = &references.own_id {
            self.known.insert(exported.clone(), id);
        }
        if created {
            self.waiting.extend_from_slice(&references.resolutions);
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Tells the failures by which releases they were resolved. What cannot be found stays out.
    pub async fn resolve(
        &self,
        tx: &DatabaseTransaction,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<()> {
        for resolution in &self.waiting {
            if let Some(resolved_by_id) = self.find(tx, resolution).await? {
                let failure_id = resolution.failure_id;
                match failure::link(tx, caller, failure_id, resolved_by_id, now).await {
                    // Somebody deleted it meanwhile.
                    Err(Error::Refused(_)) => {}
                    linked => linked?,
                }
            }
        }
        Ok(())
    }

    async fn find(
        &self,
        tx: &DatabaseTransaction,
        resolution: &Resolution,
    ) -> Result<Option<Uuid>> {
        let exported = resolution.resolver_id.as_ref();
        if let Some(id) = exported.and_then(|id| self.known.get(id)) {
            return Ok(Some(*id));
        }
        let Some(key) = resolution.external_id.clone() else {
            return Ok(None);
        };
        let found = reference::release(tx, &ReleaseRef::ExternalId(key), Lock::None).await?;
        Ok(found.found().map(|release| release.id))
    }
}
