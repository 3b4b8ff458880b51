//! Reading the metadata of a release: an object, or a list of objects that hold a `key` and a
//! `value` or are parts of it themselves.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::json::{Object, Shape};
use super::place::{Errors, Place, settle};
use super::words;
use crate::service::error::{Path, UserErrorCode};

/// Reads metadata.
pub(super) fn read(release: &Place<'_>, errors: &mut Errors) -> Option<Value> {
    let shape = release.read(&["metadata"], errors, |shape| Ok(not_blank(shape)))?;
    let path = release.path.at("metadata");
    let mut metadata = Map::new();
    match shape {
        Shape::Object(object) => insert_all(&mut metadata, &path, &object, errors),
        Shape::List(items) => {
            for (index, item) in items.into_iter().enumerate() {
                insert_item(&mut metadata, path.at(index), item, errors);
            }
        }
        _ => errors.push(path.error(UserErrorCode::InvalidValue, "must be a JSON object")),
    }
    Some(Value::Object(metadata))
}

fn not_blank(shape: Shape<'_>) -> Option<Shape<'_>> {
    let is_blank = matches!(&shape, Shape::Text(text) if text.trim().is_empty());
    (!is_blank).then_some(shape)
}

fn insert_item(
    metadata: &mut Map<String, Value>,
    path: Path,
    item: &RawValue,
    errors: &mut Errors,
) {
    let object = match Shape::of(item) {
        Ok(Shape::Null) => return,
        Ok(Shape::Object(object)) => object,
        Ok(_) => {
            return errors.push(path.error(UserErrorCode::InvalidValue, "must be a JSON object"));
        }
        Err(message) => return errors.push(path.error(UserErrorCode::InvalidValue, message)),
    };
    let place = Place { object, path };
    if !place.object.has_any(&["key"]) || !place.object.has_any(&["value"]) {
        return insert_all(metadata, &place.path, &place.object, errors);
    }
    let Some(key) = place.text(&["key"], errors) else {
        return;
    };
    if let Some(value) = place.object.get("value") {
        insert(metadata, &place.path.at("value"), key, value, errors);
    }
}

fn insert_all(
    metadata: &mut Map<String, Value>,
    path: &Path,
    object: &Object<'_>,
    errors: &mut Errors,
) {
    for (key, value) in object.entries() {
        insert(metadata, &path.at(key), key.to_owned(), value, errors);
    }
}

fn insert(
    metadata: &mut Map<String, Value>,
    path: &Path,
    key: String,
    value: &RawValue,
    errors: &mut Errors,
) {
    if let Some(value) = settle(words::metadata_value(value).map(Some), path, errors) {
        metadata.insert(key, value);
    }
}
