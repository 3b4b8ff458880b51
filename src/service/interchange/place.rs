//! Reading the fields of one object, whatever they are called, and collecting what is wrong.

use serde_json::value::RawValue;

use super::json::{Object, Shape};
use super::words::{self, Reading};
use crate::service::error::{Path, UserError, UserErrorCode};

/// An object of a document and where it stands.
pub(super) struct Place<'a> {
    pub object: Object<'a>,
    pub path: Path,
}

/// What is wrong with a document.
pub(super) type Errors = Vec<UserError>;

/// A value with its place.
pub(super) type Entry<'a> = (Shape<'a>, Path);

impl<'a> Place<'a> {
    /// The value of the first of `names` that is given, with its place.
    fn find(&self, names: &[&str]) -> Option<(&'a RawValue, Path)> {
        names
            .iter()
            .find_map(|name| Some((self.object.get(name)?, self.path.at(name))))
    }

    /// Reads the value of the first of `names` that is given.
    pub fn read<T>(
        &self,
        names: &[&str],
        errors: &mut Errors,
        reading: impl FnOnce(Shape<'a>) -> Reading<T>,
    ) -> Option<T> {
        let (raw, path) = self.find(names)?;
        settle(Shape::of(raw).and_then(reading), &path, errors)
    }

    /// Reads a text.
    pub fn text(&self, names: &[&str], errors: &mut Errors) -> Option<String> {
        self.read(names, errors, words::text)
    }

    /// The entries of a list; a single value is a list of one. Blank or missing: none.
    pub fn entries(&self, names: &[&str], errors: &mut Errors) -> Option<Vec<Entry<'a>>> {
        let (raw, path) = self.find(names)?;
        let shape = settle(Shape::of(raw).map(Some), &path, errors)?;
        let items = match shape {
            Shape::List(items) => items,
            Shape::Text(text) if text.trim().is_empty() => return None,
            single => return Some(vec![(single, path)]),
        };
        let mut entries = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = path.at(index);
            if let Some(shape) = settle(Shape::of(item).map(Some), &path, errors) {
                entries.push((shape, path));
            }
        }
        Some(entries)
    }

    /// A list of texts. Those that are blank stay, so that the caller hears of them.
    pub fn texts(
        &self,
        names: &[&str],
        errors: &mut Errors,
        reading: impl Fn(Shape<'a>) -> Reading<String>,
    ) -> Option<Vec<String>> {
        let entries = self.entries(names, errors)?;
        let mut texts = Vec::with_capacity(entries.len());
        for (shape, path) in entries {
            texts.push(settle(reading(shape), &path, errors).unwrap_or_default());
        }
        Some(texts)
    }
}

/// What a reading says; what is wrong goes to `errors`.
pub(super) fn settle<T>(reading: Reading<T>, path: &Path, errors: &mut Errors) -> Option<T> {
    reading.unwrap_or_else(|message| {
        errors.push(path.error(UserErrorCode::InvalidValue, message));
        None
    })
}
