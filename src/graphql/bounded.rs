//! Caches of what belongs to texts, such as documents, that hold so many bytes of these and no more.

use std::hash::Hash;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// Bytes that an entry takes beside its text, so that short texts are bounded too.
const OVERHEAD: u64 = 256;

/// What an entry takes whose text is of usual length.
const USUAL: u64 = 1024;

/// Such a cache. Entries that are asked for less make room for others; one that would take a large part of
/// all is not kept.
pub type Bounded<K, V> = Cache<K, V, ByBytes<K, V>>;

/// Weighs entries by how many bytes their text has.
#[derive(Clone, Debug)]
pub struct ByBytes<K, V>(fn(&K, &V) -> usize);

impl<K, V> Weighter<K, V> for ByBytes<K, V> {
    fn weight(&self, key: &K, value: &V) -> u64 {
        (self.0)(key, value) as u64 + OVERHEAD
    }
}

/// An empty cache with room for texts of `max_bytes` together, whose `length` is in bytes.
#[must_use]
pub fn bounded<K: Clone + Eq + Hash, V: Clone>(
    max_bytes: u64,
    length: fn(&K, &V) -> usize,
) -> Bounded<K, V> {
    let count = usize::try_from(max_bytes / USUAL).unwrap_or(usize::MAX);
    Cache::with_weighter(count.max(1), max_bytes, ByBytes(length))
}
