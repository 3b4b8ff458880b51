//! Records and the batches they come in.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

/// The relations of a kind of record, one field each.
pub trait Related {
    /// The row of such a record.
    type Row: Debug;
    /// What tells such records apart.
    type Key: Clone + Debug + Eq + Hash;

    /// What tells this record apart.
    fn key(row: &Self::Row) -> Self::Key;
}

/// Records that came together, and what belongs to them.
#[derive(Debug)]
pub struct Batch<R: Related> {
    keys: Vec<R::Key>,
    /// Not there while it is only known which records they will be.
    rows: OnceLock<HashMap<R::Key, Arc<R::Row>>>,
    relations: R,
}

impl<R: Related> Batch<R> {
    fn of(rows: HashMap<R::Key, Arc<R::Row>>, relations: R) -> Arc<Self> {
        Arc::new(Self {
            keys: rows.keys().cloned().collect(),
            rows: rows.into(),
            relations,
        })
    }

    /// A record that is still to come, or not, as [`Record::arrived`].
    pub fn ahead(key: R::Key, relations: R) -> Arc<Self> {
        Arc::new(Self {
            keys: vec![key],
            rows: OnceLock::new(),
            relations,
        })
    }

    /// The keys of all records.
    pub fn keys(&self) -> &[R::Key] {
        &self.keys
    }

    /// What belongs to the records.
    pub const fn relations(&self) -> &R {
        &self.relations
    }

    /// The record with this key, if it is in the batch.
    pub fn record(self: &Arc<Self>, key: &R::Key) -> Option<Record<R>> {
        Some(Record {
            row: Arc::clone(self.rows.get()?.get(key)?),
            batch: Arc::clone(self),
        })
    }
}

/// A row and the batch it came with; cheap to clone.
#[derive(Debug)]
pub struct Record<R: Related> {
    row: Arc<R::Row>,
    batch: Arc<Batch<R>>,
}

impl<R: Related> Clone for Record<R> {
    fn clone(&self) -> Self {
        Self {
            row: Arc::clone(&self.row),
            batch: Arc::clone(&self.batch),
        }
    }
}

impl<R: Related> Record<R> {
    /// A record that came alone.
    pub fn single(row: R::Row, relations: R) -> Self {
        let batch = Batch::ahead(R::key(&row), relations);
        Self::arrived(row, batch)
    }

    /// The record of a batch that was made ahead of it.
    pub fn arrived(row: R::Row, batch: Arc<Batch<R>>) -> Self {
        let (key, row) = (R::key(&row), Arc::new(row));
        batch
            .rows
            .get_or_init(|| HashMap::from([(key, Arc::clone(&row))]));
        Self { row, batch }
    }

    /// Records that came together.
    pub fn all(rows: Vec<R::Row>, relations: R) -> Vec<Self> {
        let mut groups = Self::grouped([((), rows)], relations, |record| record);
        groups.remove(&()).unwrap_or_default()
    }

    /// Records that came together, each group for an owner of its own; `wrap` makes objects of the
    /// API of them.
    pub fn grouped<K: Eq + Hash, N>(
        groups: impl IntoIterator<Item = (K, Vec<R::Row>)>,
        relations: R,
        wrap: impl Fn(Self) -> N,
    ) -> HashMap<K, Vec<N>> {
        let share = |rows: Vec<R::Row>| rows.into_iter().map(Arc::new).collect::<Vec<_>>();
        let groups: Vec<(K, Vec<Arc<R::Row>>)> = groups
            .into_iter()
            .map(|(owner, rows)| (owner, share(rows)))
            .collect();
        let rows = groups.iter().flat_map(|(_, rows)| rows);
        let rows = rows.map(|row| (R::key(row), Arc::clone(row))).collect();
        let batch = Batch::of(rows, relations);
        let join = |row| {
            wrap(Self {
                row,
                batch: Arc::clone(&batch),
            })
        };
        groups
            .into_iter()
            .map(|(owner, rows)| (owner, rows.into_iter().map(join).collect()))
            .collect()
    }

    /// The row.
    pub fn row(&self) -> &R::Row {
        &self.row
    }

    /// What tells this record apart.
    pub fn key(&self) -> R::Key {
        R::key(&self.row)
    }

    /// The keys of all records of the batch.
    pub fn keys(&self) -> &[R::Key] {
        self.batch.keys()
    }

    /// All rows of the batch.
    pub fn rows(&self) -> impl Iterator<Item = &R::Row> {
        let rows = self.batch.rows.get().into_iter();
        rows.flat_map(HashMap::values).map(AsRef::as_ref)
    }

    /// What belongs to the records of the batch.
    pub fn relations(&self) -> &R {
        self.batch.relations()
    }

    /// The batch. Those who belong to its records must not keep it alive, for it keeps them.
    pub const fn batch(&self) -> &Arc<Batch<R>> {
        &self.batch
    }
}
