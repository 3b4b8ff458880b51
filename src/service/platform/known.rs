//! The platforms that a process knows.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// How many platforms are remembered.
const MAX_PLATFORMS: usize = 10_000;

/// Ids of platforms by name; cheap to clone. A platform never changes and never goes, so what is
/// known of it stays true, unless the database is put back to an earlier state under a running
/// server: then rows that refer to it are refused, and [`Known::forget`] helps.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<HashMap<String, Uuid>>>);

impl Known {
    /// The ids of the platforms with these names.
    ///
    /// # Errors
    /// The names that are not known, if there are any.
    pub fn ids<'a>(
        &self,
        names: impl IntoIterator<Item = &'a String>,
    ) -> Result<HashMap<String, Uuid>, BTreeSet<String>> {
        let known = self.lock();
        let (mut ids, mut missing) = (HashMap::new(), BTreeSet::new());
        for name in names {
            match known.get(name) {
                Some(id) => {
                    ids.insert(name.clone(), *id);
                }
                None => {
                    missing.insert(name.clone());
                }
            }
        }
        if missing.is_empty() {
            Ok(ids)
        } else {
            Err(missing)
        }
    }

    /// Remembers platforms that are stored for good.
    pub fn learn(&self, platforms: HashMap<String, Uuid>) {
        let mut known = self.lock();
        if known.len() + platforms.len() <= MAX_PLATFORMS {
            known.extend(platforms);
        }
    }

    /// Forgets everything.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
