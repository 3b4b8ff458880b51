//! Finding out from the beginning of a file how it is written.

use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, StreamDeserializer};

/// How the documents of a file stand in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One on each line; a line that is no JSON harms no other.
    Lines,
    /// Lists, objects that hold a list, or documents that run over several lines.
    Values,
}

/// How many lines tell whether documents run over several.
const TELLING_LINES: usize = 3;

/// Finds out the layout from the first bytes of a file.
pub(super) fn layout(start: &[u8]) -> Layout {
    let text = start.trim_ascii_start();
    match text.first() {
        Some(b'[') => Layout::Values,
        Some(b'{') if holds_releases(text) || runs_over_lines(text) => Layout::Values,
        _ => Layout::Lines,
    }
}

/// Whether an object has the key `releases` with a list, as far as the text goes.
fn holds_releases(text: &[u8]) -> bool {
    let mut found = false;
    // What is wrong with the text is told when it is read.
    let _ = Deserializer::from_slice(text).deserialize_map(FindReleases(&mut found));
    found
}

/// Whether a first document, which does not end on its line, goes on below.
fn runs_over_lines(text: &[u8]) -> bool {
    let mut lines = text.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let is_cut = first.len() == text.len();
    if is_cut || serde_json::from_slice::<IgnoredAny>(first).is_ok() {
        return false;
    }
    let (mut length, mut filled) = (first.len(), 1);
    for line in lines {
        length += line.len();
        filled += usize::from(!line.trim_ascii().is_empty());
        if filled == TELLING_LINES {
            break;
        }
    }
    let mut values: StreamDeserializer<'_, _, IgnoredAny> =
        Deserializer::from_slice(&text[..length]).into_iter();
    let wrong = values.find_map(Result::err);
    wrong.is_none_or(|error| error.is_eof())
}

struct FindReleases<'a>(&'a mut bool);

impl<'de> Visitor<'de> for FindReleases<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "releases" {
                return map.next_value_seed(self);
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _list: A) -> Result<(), A::Error> {
        *self.0 = true;
        Err(A::Error::custom("found"))
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for FindReleases<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_told_from_the_first_bytes() {
        for text in [
            " [1]",
            "[\n{}\n]",
            r#"{"releases": [{"user""#,
            "{\"count\": 2, \"other\": {\"a\": []},\n\"releases\": [",
            "{\n  \"user\": \"ann\",\n  \"team\": null\n}\n",
            "{\"user\": \"ann\",\n \"team\": \"shop\"}\n{\"user\": \"bob\",\n \"team\": null}",
        ] {
            assert_eq!(layout(text.as_bytes()), Layout::Values, "{text}");
        }
        for text in [
            "",
            "no json",
            r#"{"user": "ann"}"#,
            "{\"user\": \"ann\"}\n{\"user\": \"bob\"}\n",
            "{\"user\": \"ann\"\n{\"user\": \"bob\"}\n{\"user\": \"cid\"}\n",
            "{\"user\": \"ann\n{\"user\": \"bob\"}\n{\"user\": \"cid\"}\n",
            "{\"packages\": [\n{\"user\": \"bob\"}\n{\"user\": \"cid\"}\n",
            r#"{"user": "ann", "releases": "3"}"#,
        ] {
            assert_eq!(layout(text.as_bytes()), Layout::Lines, "{text}");
        }
    }
}
