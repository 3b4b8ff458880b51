//! Metadata of releases.

use async_graphql::SimpleObject;
use entity::release_metadata;

use crate::graphql::scalars::Json;

/// A key of a release's metadata and its value.
#[derive(Clone, Debug, SimpleObject)]
pub struct MetadataEntry {
    /// The key; unique within the release.
    pub key: String,
    /// The value. Numbers, booleans and JSON that a caller gave are kept as their text.
    pub value: String,
}

impl From<release_metadata::Model> for MetadataEntry {
    fn from(row: release_metadata::Model) -> Self {
        Self {
            key: row.key,
            value: row.value,
        }
    }
}

/// The same as one object.
pub fn to_json(entries: Vec<release_metadata::Model>) -> Json {
    let pairs = entries.into_iter().map(|row| (row.key, row.value.into()));
    Json(serde_json::Value::Object(pairs.collect()))
}
