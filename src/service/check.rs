//! Checking what callers send: texts, lists and times are brought into the form that is stored,
//! and everything wrong or remarkable is collected with its place.

use std::collections::{BTreeMap, HashSet};

use chrono::TimeDelta;
use entity::Timestamp;
use serde_json::Value;

use super::clock::to_millis;
use super::error::{Error, Path, Result, UserError, UserErrorCode, Warning, WarningCode};
use super::{Service, Settings, derive};

/// How far ahead of the clock a time may lie before it is remarked on.
const FUTURE_MINUTES: i64 = 5;
/// How far a told duration may be from the two times: callers round to seconds.
const DURATION_TOLERANCE_MS: u64 = 1_000;

/// What kind of text it is, which says how long it may be.
#[derive(Clone, Copy)]
pub enum TextKind {
    /// A name, version, user, team, platform, metadata key or external id.
    Name,
    /// A reference or URL.
    Reference,
    /// A note, result or description.
    Long,
    /// A metadata value.
    MetadataValue,
}

/// Collects what is wrong with and remarkable about one input.
pub struct Checker<'a> {
    settings: &'a Settings,
    now: Timestamp,
    errors: Vec<UserError>,
    warnings: Vec<Warning>,
}

impl<'a> Checker<'a> {
    /// A checker that has found nothing yet.
    #[must_use]
    pub fn new(service: &'a Service) -> Self {
        Self {
            settings: &service.settings,
            now: service.now(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Notes a mistake, for which the input will be refused.
    pub fn error(&mut self, path: &Path, code: UserErrorCode, message: impl Into<String>) {
        self.errors.push(path.error(code, message));
    }

    /// Notes something remarkable.
    pub fn warn(&mut self, path: &Path, code: WarningCode, message: impl Into<String>) {
        self.warnings.push(path.warning(code, message));
    }

    /// The remarks, when there was no mistake.
    ///
    /// # Errors
    /// [`Error::Refused`] with every mistake found.
    pub fn finish(self) -> Result<Vec<Warning>> {
        if self.errors.is_empty() {
            Ok(self.warnings)
        } else {
            Err(Error::Refused(self.errors))
        }
    }

    /// A text without its surrounding blanks; none when nothing is left of it.
    pub fn text(&mut self, path: &Path, kind: TextKind, value: Option<String>) -> Option<String> {
        let value = trimmed(value?)?;
        if value.contains('\0') {
            self.error(
                path,
                UserErrorCode::InvalidValue,
                "may not contain the NUL character",
            );
        }
        if let Some(message) = self.too_long(kind, &value) {
            self.error(path, UserErrorCode::TooLong, message);
        }
        Some(value)
    }

    fn too_long(&self, kind: TextKind, value: &str) -> Option<String> {
        let characters = |limit: usize| {
            // Counting characters is needed only when there are more bytes than that.
            (value.len() > limit && value.chars().count() > limit)
                .then(|| format!("is longer than {limit} characters"))
        };
        let bytes =
            |limit: usize| (value.len() > limit).then(|| format!("is longer than {limit} bytes"));
        match kind {
            TextKind::Name => characters(self.settings.max_name_length),
            TextKind::Reference => characters(self.settings.max_reference_length),
            TextKind::Long => bytes(self.settings.max_text_bytes),
            TextKind::MetadataValue => bytes(self.settings.max_metadata_bytes),
        }
    }

    /// A text that must be given.
    pub fn required(&mut self, path: &Path, kind: TextKind, value: Option<String>) -> String {
        self.text(path, kind, value).unwrap_or_else(|| {
            self.error(
                path,
                UserErrorCode::Required,
                "must be given and not be blank",
            );
            String::new()
        })
    }

    /// A list of texts without blanks.
    pub fn texts(&mut self, path: &Path, kind: TextKind, values: Vec<String>) -> Vec<String> {
        if !self.fits(path, values.len()) {
            return Vec::new();
        }
        let mut kept = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let path = path.at(index);
            match self.text(&path, kind, Some(value)) {
                Some(value) => kept.push(value),
                None => self.warn(
                    &path,
                    WarningCode::BlankDropped,
                    "is blank and was left out",
                ),
            }
        }
        kept
    }

    /// A list of texts without blanks, each once, in the order given.
    pub fn distinct(&mut self, path: &Path, kind: TextKind, values: Vec<String>) -> Vec<String> {
        let values = self.texts(path, kind, values);
        let mut seen = HashSet::new();
        let (mut kept, mut dropped) = (Vec::with_capacity(values.len()), Vec::new());
        for value in values {
            if seen.insert(value.clone()) {
                kept.push(value);
            } else {
                dropped.push(value);
            }
        }
        for value in dropped {
            let message = format!("{value:?} is given more than once and was kept once");
            self.warn(path, WarningCode::DuplicateDropped, message);
        }
        kept
    }

    /// Whether a list of `length` is within the limit; noted as a mistake when not.
    pub fn fits(&mut self, path: &Path, length: usize) -> bool {
        let limit = self.settings.max_list_length;
        if length > limit {
            let message = format!("has {length} entries; {limit} are allowed");
            self.error(path, UserErrorCode::TooMany, message);
        }
        length <= limit
    }

    /// Metadata as texts by key: numbers and booleans as text, objects and lists as JSON text,
    /// nulls left out.
    pub fn metadata(&mut self, path: &Path, metadata: Value) -> BTreeMap<String, String> {
        let entries = match metadata {
            Value::Object(entries) => entries,
            Value::Null => return BTreeMap::new(),
            _ => {
                self.error(path, UserErrorCode::InvalidValue, "must be a JSON object");
                return BTreeMap::new();
            }
        };
        if !self.fits(path, entries.len()) {
            return BTreeMap::new();
        }
        let mut kept = BTreeMap::new();
        for (key, value) in entries {
            self.metadata_entry(path, key, value, &mut kept);
        }
        kept
    }

    fn metadata_entry(
        &mut self,
        path: &Path,
        key: String,
        value: Value,
        kept: &mut BTreeMap<String, String>,
    ) {
        let path = path.at(&key);
        let Some(key) = self.text(&path, TextKind::Name, Some(key)) else {
            self.warn(
                &path,
                WarningCode::BlankDropped,
                "has a blank key and was left out",
            );
            return;
        };
        let value = match value {
            Value::Null => return,
            Value::String(text) => text,
            other => other.to_string(),
        };
        // A blank value still says that the key is there.
        let value = self
            .text(&path, TextKind::MetadataValue, Some(value))
            .unwrap_or_default();
        kept.insert(key, value);
    }

    /// A time that somebody told; remarked on when it lies ahead.
    pub fn time(&mut self, path: &Path, time: Option<Timestamp>) -> Option<Timestamp> {
        let limit = self.now.0 + TimeDelta::minutes(FUTURE_MINUTES);
        if time.is_some_and(|time| time.0 > limit) {
            self.warn(
                path,
                WarningCode::FutureTimestamp,
                "lies more than five minutes ahead; it is stored, and counts as current from then on",
            );
        }
        time
    }

    /// Start and finish, one of them computed from the duration (seconds) where that is given.
    /// `path` is the object that holds `startedAt`, `finishedAt` and `durationSeconds`.
    pub fn times(
        &mut self,
        path: &Path,
        started_at: Option<Timestamp>,
        finished_at: Option<Timestamp>,
        duration_seconds: Option<f64>,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let (mut started_at, mut finished_at) = (started_at, finished_at);
        if let Some(seconds) = duration_seconds {
            self.apply_duration(path, &mut started_at, &mut finished_at, seconds);
        }
        self.time(&path.at("startedAt"), started_at);
        self.time(&path.at("finishedAt"), finished_at);
        self.check_order(path, started_at, finished_at);
        (started_at, finished_at)
    }

    /// Remarks on a finish before its start.
    pub fn check_order(
        &mut self,
        path: &Path,
        start: Option<Timestamp>,
        finish: Option<Timestamp>,
    ) {
        let both = start.is_some() && finish.is_some();
        if both && derive::duration_ms(start, finish).is_none() {
            self.warn(
                &path.at("finishedAt"),
                WarningCode::FinishedBeforeStart,
                "lies before the start; both times are kept, there is no duration",
            );
        }
    }

    /// A duration in seconds. `path` is the object that holds `durationSeconds`.
    pub fn duration(&mut self, path: &Path, seconds: f64) -> Option<TimeDelta> {
        let duration = to_duration(seconds);
        if duration.is_none() {
            let message = "must be a number of seconds from 0 on";
            let path = path.at("durationSeconds");
            self.error(&path, UserErrorCode::InvalidValue, message);
        }
        duration
    }

    fn apply_duration(
        &mut self,
        path: &Path,
        started_at: &mut Option<Timestamp>,
        finished_at: &mut Option<Timestamp>,
        seconds: f64,
    ) {
        let Some(duration) = self.duration(path, seconds) else {
            return;
        };
        let path = path.at("durationSeconds");
        let computed = match (*started_at, *finished_at) {
            (Some(start), Some(finish)) => {
                let told = duration.num_milliseconds();
                let elapsed = (finish.0 - start.0).num_milliseconds();
                if elapsed.abs_diff(told) >= DURATION_TOLERANCE_MS {
                    let message = "does not agree with the two times, which are kept";
                    self.warn(&path, WarningCode::TimesDisagree, message);
                }
                return;
            }
            (Some(start), None) => start.0.checked_add_signed(duration),
            (None, Some(finish)) => finish.0.checked_sub_signed(duration),
            (None, None) => {
                let message = "was left out: without a start or a finish it cannot be placed";
                self.warn(&path, WarningCode::TimesDisagree, message);
                return;
            }
        };
        let computed = computed
            .map(to_millis)
            .filter(|time| super::time::is_storable(*time));
        if computed.is_none() {
            let message = "leads to a time outside the years 1970 to 9999";
            self.error(&path, UserErrorCode::InvalidValue, message);
        }
        *started_at = started_at.or(computed);
        *finished_at = finished_at.or(computed);
    }
}

fn trimmed(value: String) -> Option<String> {
    let inner = value.trim();
    if inner.is_empty() {
        None
    } else if inner.len() == value.len() {
        Some(value)
    } else {
        Some(inner.to_owned())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "try_milliseconds refuses what is too long"
)]
fn to_duration(seconds: f64) -> Option<TimeDelta> {
    let millis = (seconds * 1_000.0).round();
    (seconds >= 0.0 && millis.is_finite()).then(|| TimeDelta::try_milliseconds(millis as i64))?
}
