//! Single values in the spellings in which they occur.

use entity::{DeployStatus, Timestamp};
use serde_json::Value;

use super::json::{Shape, parse};
use crate::service::record::ConflictPolicy;
use crate::service::time;

/// What a value says: nothing, something, or what is wrong with it as a sentence.
pub(super) type Reading<T> = Result<Option<T>, String>;

const TRUE: [&str; 4] = ["true", "t", "yes", "1"];
const FALSE: [&str; 4] = ["false", "f", "no", "0"];

/// A text; blank is nothing. Numbers keep their spelling.
pub(super) fn text(shape: Shape<'_>) -> Reading<String> {
    match shape {
        Shape::Null => Ok(None),
        Shape::Text(text) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Shape::Number(spelling) => Ok(Some(spelling.to_owned())),
        Shape::Bool(value) => Ok(Some(value.to_string())),
        Shape::List(_) | Shape::Object(_) => Err("must be a text".to_owned()),
    }
}

/// A name, also that of an object with a `name`.
pub(super) fn name(shape: Shape<'_>) -> Reading<String> {
    let Shape::Object(object) = &shape else {
        return text(shape);
    };
    match object.get("name") {
        Some(name) => text(Shape::of(name)?),
        None => Err("must be a name".to_owned()),
    }
}

/// An instant in any of its forms.
pub(super) fn instant(shape: Shape<'_>) -> Reading<Timestamp> {
    match shape {
        Shape::Bool(_) | Shape::List(_) | Shape::Object(_) => Err("must be a time".to_owned()),
        other => text(other)?.map(|text| time::parse(&text)).transpose(),
    }
}

/// Yes or no.
pub(super) fn truth(shape: Shape<'_>) -> Reading<bool> {
    let Some(word) = text(shape)? else {
        return Ok(None);
    };
    let word = word.trim().to_ascii_lowercase();
    if TRUE.contains(&word.as_str()) {
        Ok(Some(true))
    } else if FALSE.contains(&word.as_str()) {
        Ok(Some(false))
    } else {
        Err(format!("{word:?} is neither true nor false"))
    }
}

/// How far a deployment has come, in any case and with any separator.
pub(super) fn status(shape: Shape<'_>) -> Reading<DeployStatus> {
    let Some(word) = text(shape)? else {
        return Ok(None);
    };
    match letters(&word).as_str() {
        "NOTSTARTED" => Ok(Some(DeployStatus::NotStarted)),
        "INPROGRESS" => Ok(Some(DeployStatus::InProgress)),
        "SUCCESSFUL" => Ok(Some(DeployStatus::Successful)),
        "FAILED" => Ok(Some(DeployStatus::Failed)),
        _ => Err(format!(
            "{word:?} is not a status; it may be NOT_STARTED, IN_PROGRESS, SUCCESSFUL or FAILED"
        )),
    }
}

/// What to do with a record that is known.
pub(super) fn policy(shape: Shape<'_>) -> Reading<ConflictPolicy> {
    let Some(word) = text(shape)? else {
        return Ok(None);
    };
    match letters(&word).as_str() {
        "RETURNEXISTING" => Ok(Some(ConflictPolicy::ReturnExisting)),
        "UPDATE" => Ok(Some(ConflictPolicy::Update)),
        "ERROR" => Ok(Some(ConflictPolicy::Error)),
        _ => Err(format!(
            "{word:?} is not a policy; it may be RETURN_EXISTING, UPDATE or ERROR"
        )),
    }
}

/// A whole number from 0 on.
pub(super) fn index(shape: Shape<'_>) -> Reading<usize> {
    let Some(word) = text(shape)? else {
        return Ok(None);
    };
    let number = word
        .parse()
        .map_err(|_| format!("{word:?} is not a whole number"))?;
    Ok(Some(number))
}

/// Seconds: a number, or `[D days, ]H:MM:SS[.fraction]` as Python writes it.
pub(super) fn seconds(shape: Shape<'_>) -> Reading<f64> {
    let Some(text) = text(shape)? else {
        return Ok(None);
    };
    let seconds = text.trim().parse().ok().or_else(|| clock_seconds(&text));
    match seconds.filter(|seconds| seconds.is_finite()) {
        Some(seconds) => Ok(Some(seconds)),
        None => Err(format!(
            "{text:?} is not a duration; write seconds like 12.5, or hours like 0:00:20"
        )),
    }
}

fn clock_seconds(text: &str) -> Option<f64> {
    let (days, clock) = match text.split_once(',') {
        Some((days, clock)) => {
            let days = days.trim().trim_end_matches("days").trim_end_matches("day");
            (days.trim().parse::<i32>().ok()?, clock)
        }
        None => (0, text),
    };
    let mut parts = clock.trim().splitn(3, ':');
    let hours: u32 = parts.next()?.parse().ok()?;
    let minutes: u32 = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next()?.parse().ok()?;
    let is_clock = minutes < 60 && (0.0..60.0).contains(&seconds);
    is_clock.then(|| {
        f64::from(days) * 86_400.0
            + f64::from(hours) * 3_600.0
            + f64::from(minutes) * 60.0
            + seconds
    })
}

/// A metadata value; numbers become texts here, so that they keep their spelling.
pub(super) fn metadata_value(raw: &serde_json::value::RawValue) -> Result<Value, String> {
    match Shape::of(raw)? {
        Shape::Null => Ok(Value::Null),
        Shape::Bool(value) => Ok(Value::Bool(value)),
        Shape::Number(spelling) => Ok(Value::String(spelling.to_owned())),
        Shape::Text(text) => Ok(Value::String(text)),
        Shape::List(_) | Shape::Object(_) => parse(raw.get()),
    }
}

/// Only the letters of a word, in capitals: `In progress`, `IN_PROGRESS` and `inProgress` are one.
fn letters(word: &str) -> String {
    let letters = word
        .trim()
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '));
    letters.map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(reader: impl Fn(Shape<'_>) -> Reading<T>, json: &str) -> Reading<T> {
        let raw: Box<serde_json::value::RawValue> = serde_json::from_str(json).unwrap();
        reader(Shape::of(&raw)?)
    }

    #[test]
    fn texts_keep_their_spelling_and_blank_is_nothing() {
        assert_eq!(read(text, "1.10").unwrap().unwrap(), "1.10");
        assert_eq!(read(text, "1e3").unwrap().unwrap(), "1e3");
        assert_eq!(read(text, "true").unwrap().unwrap(), "true");
        assert_eq!(read(text, r#"" [\"a\"] ""#).unwrap().unwrap(), " [\"a\"] ");
        assert_eq!(read(text, r#""  ""#), Ok(None));
        assert_eq!(read(text, "null"), Ok(None));
        assert!(read(text, "[]").is_err());
        assert!(read(text, r#""\ud800""#).is_err());
    }

    #[test]
    fn a_status_is_read_in_any_case() {
        for word in ["IN_PROGRESS", "in progress", "In-Progress", "inProgress"] {
            let json = format!("\"{word}\"");
            assert_eq!(
                read(status, &json),
                Ok(Some(DeployStatus::InProgress)),
                "{word}"
            );
        }
        assert_eq!(
            read(status, "\"Successful\""),
            Ok(Some(DeployStatus::Successful))
        );
        assert_eq!(read(status, "\"failed \""), Ok(Some(DeployStatus::Failed)));
        assert_eq!(read(status, "\"\""), Ok(None));
        for word in ["\"done\"", "\"success\"", "1"] {
            assert!(
                read(status, word).unwrap_err().contains("not a status"),
                "{word}"
            );
        }
    }

    #[test]
    fn a_duration_is_seconds_or_a_clock() {
        for (json, expected) in [
            ("20", 20.0),
            ("\"12.5\"", 12.5),
            ("\"0:00:20\"", 20.0),
            ("\"1:02:03.5\"", 3_723.5),
            ("\"1 day, 0:00:01\"", 86_401.0),
            ("\"-1 day, 23:59:30\"", -30.0),
            ("\"26:00:00\"", 93_600.0),
        ] {
            assert_eq!(read(seconds, json), Ok(Some(expected)), "{json}");
        }
        for json in ["\"soon\"", "\"0:20\"", "\"0:99:00\"", "\"NaN\"", "{}"] {
            assert!(read(seconds, json).is_err(), "{json}");
        }
    }

    #[test]
    fn times_and_truths_are_read_from_numbers_and_texts() {
        let expected = read(instant, "\"2015-12-17T17:02:22Z\"");
        assert_eq!(read(instant, "1450371742"), expected);
        assert_eq!(read(instant, "\"1450371742000\""), expected);
        assert!(read(instant, "true").is_err());
        assert_eq!(read(truth, "\"True\""), Ok(Some(true)));
        assert_eq!(read(truth, "0"), Ok(Some(false)));
        assert!(read(truth, "\"maybe\"").is_err());
    }
}
