//! What belongs to the records of a batch.

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Result;
use tokio::sync::OnceCell;

/// What belongs to each record of a batch, once loaded. A failure is kept too: every sibling hears
/// of it, and it is logged once.
pub struct Relation<K, V>(OnceCell<Result<Loaded<K, V>>>);

/// What was loaded. Relations lead from any kind of record to any other and back; were it not for
/// the trait object, the compiler would follow them all to see whether a record is `Send`.
type Loaded<K, V> = Box<dyn Lookup<K, V> + Send + Sync>;

trait Lookup<K, V> {
    /// What belongs to `key`.
    fn find(&self, key: &K) -> Option<V>;
}

impl<K: Eq + Hash, V: Clone> Lookup<K, V> for HashMap<K, V> {
    fn find(&self, key: &K) -> Option<V> {
        self.get(key).cloned()
    }
}

impl<K, V> Default for Relation<K, V> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<K, V> Debug for Relation<K, V> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = match self.0.get() {
            None => "not loaded",
            Some(Ok(_)) => "loaded",
            Some(Err(_)) => "failed",
        };
        f.debug_tuple("Relation").field(&state).finish()
    }
}

impl<K, V> Relation<K, V>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What belongs to `key`; the first call runs `load` for all.
    ///
    /// # Errors
    /// What `load` failed with, whoever ran it.
    pub async fn get<F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<Option<V>>
    where
        F: Future<Output = Result<HashMap<K, V>>>,
    {
        let load = || async {
            // Boxed, because all siblings have room for it and only one of them needs it.
            let loaded = Box::pin(load()).await?;
            Ok(Box::new(loaded) as Loaded<K, V>)
        };
        match self.0.get_or_init(load).await {
            Ok(loaded) => Ok(loaded.find(key)),
            Err(error) => Err(error.clone()),
        }
    }
}

/// A relation that takes arguments: one [`Relation`] for each set of them in the document.
#[derive(Debug)]
pub struct Relations<A, K, V>(Mutex<Vec<WithArguments<A, K, V>>>);

type WithArguments<A, K, V> = (A, Arc<Relation<K, V>>);

impl<A, K, V> Default for Relations<A, K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A: Clone + PartialEq, K, V> Relations<A, K, V> {
    /// The relation for `arguments`.
    pub fn with(&self, arguments: &A) -> Arc<Relation<K, V>> {
        let mut relations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, relation)) = relations.iter().find(|(known, _)| known == arguments) {
            return Arc::clone(relation);
        }
        let relation = Arc::<Relation<K, V>>::default();
        relations.push((arguments.clone(), Arc::clone(&relation)));
        relation
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use sea_orm::DbErr;

    use super::*;
    use crate::service;

    #[tokio::test]
    async fn siblings_load_a_relation_once() {
        let (relation, loads) = (Relation::default(), AtomicUsize::new(0));
        let ask = |key: u8| {
            let (relation, loads) = (&relation, &loads);
            async move {
                let load = || async {
                    loads.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(HashMap::from([(1, "one"), (2, "two")]))
                };
                relation.get(&key, load).await
            }
        };
        let (one, two, three) = tokio::join!(ask(1), ask(2), ask(3));
        assert_eq!(one.unwrap(), Some("one"));
        assert_eq!(two.unwrap(), Some("two"));
        assert_eq!(three.unwrap(), None);
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn siblings_share_a_failure() {
        let (relation, loads) = (Relation::<u8, u8>::default(), AtomicUsize::new(0));
        for _ in 0..3 {
            let load = || async {
                loads.fetch_add(1, Ordering::SeqCst);
                Err(service::Error::from(DbErr::Custom("gone".to_owned())).into())
            };
            let error = relation.get(&1, load).await.unwrap_err();
            assert_eq!(error.message, "internal error");
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn equal_arguments_share_a_relation() {
        let relations = Relations::<Option<u8>, u8, u8>::default();
        assert!(Arc::ptr_eq(&relations.with(&None), &relations.with(&None)));
        assert!(!Arc::ptr_eq(
            &relations.with(&None),
            &relations.with(&Some(1))
        ));
    }
}
