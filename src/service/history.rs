//! Writing the history: every change of a record is an event, stored in the same transaction.
//!
//! An event's `changes` maps API field names to `{"old": ..., "new": ...}`. Derived fields are
//! left out: they follow from the others. Of a new record every old value is null, so its event holds
//! a list of one object instead, which maps the names to the new values: half as long.

use std::sync::atomic::{AtomicU64, Ordering};

use entity::{EventType, Timestamp, event, package, release};
use sea_orm::ActiveEnum;
use sea_orm::ActiveValue::{NotSet, Set};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::time;

/// JSON by API field name.
pub type Fields = Map<String, Value>;

/// Something that happened, about to be stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventType,
    /// When it happened, as told.
    pub occurred_at: Timestamp,
    /// The release it happened to, or inside.
    pub release_id: Uuid,
    /// The package it happened to, if it was one.
    pub package_id: Option<Uuid>,
    /// What changed, as it is stored: from [`changes`] or [`creation`].
    pub changes: String,
}

/// How many events this process has written.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// How many events this process has written, those of changes that were taken back among them.
pub fn written() -> u64 {
    WRITTEN.load(Ordering::Relaxed)
}

impl NewEvent {
    /// The row to store, for an event that Orlo heard of at `recorded_at` from `actor`.
    #[must_use]
    pub fn into_row(self, recorded_at: Timestamp, actor: Option<&str>) -> event::ActiveModel {
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        event::ActiveModel {
            sequence: NotSet,
            id: Set(Uuid::now_v7()),
            r#type: Set(self.kind),
            occurred_at: Set(self.occurred_at),
            recorded_at: Set(recorded_at),
            actor: Set(actor.map(ToOwned::to_owned)),
            release_id: Set(self.release_id),
            package_id: Set(self.package_id),
            changes: Set(self.changes),
        }
    }
}

/// What a release's own row says, without what is derived.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    start_told: bool,
    recorded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    inferred_fields: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
}

impl<'a> From<&'a release::Model> for ReleaseFields<'a> {
    fn from(release: &'a release::Model) -> Self {
        Self {
            external_id: release.external_id.as_deref(),
            user: release.user.as_deref(),
            team: release.team.as_deref(),
            started_at: release.started_at.map(time::format),
            finished_at: release.finished_at.map(time::format),
            start_told: release.start_told,
            recorded: release.recorded,
            success: release.success,
            inferred_fields: inferred(&release.inferred_fields),
            deleted_at: release.deleted_at.map(time::format),
        }
    }
}

/// What a package's own row says, without what is derived.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageFields<'a> {
    position: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    status: String,
    rollback: bool,
    rollback_told: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit_sha: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    committed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    inferred_fields: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
}

impl<'a> From<&'a package::Model> for PackageFields<'a> {
    fn from(package: &'a package::Model) -> Self {
        Self {
            position: package.position,
            external_id: package.external_id.as_deref(),
            name: &package.name,
            version: package.version.as_deref(),
            status: package.status.to_value(),
            rollback: package.rollback,
            rollback_told: package.rollback_told,
            diff_url: package.diff_url.as_deref(),
            commit_sha: package.commit_sha.as_deref(),
            committed_at: package.committed_at.map(time::format),
            started_at: package.started_at.map(time::format),
            finished_at: package.finished_at.map(time::format),
            inferred_fields: inferred(&package.inferred_fields),
            deleted_at: package.deleted_at.map(time::format),
        }
    }
}

/// A value that replaces another.
#[must_use]
pub fn change(old: impl Into<Value>, new: impl Into<Value>) -> Value {
    json!({ "old": old.into(), "new": new.into() })
}

/// What differs between two states of a record.
#[must_use]
pub fn difference(before: &impl Serialize, after: &impl Serialize) -> Fields {
    let (mut before, mut changes) = (fields(before), Fields::new());
    for (field, new) in fields(after) {
        let old = before.remove(&field).unwrap_or(Value::Null);
        if old != new {
            changes.insert(field, change(old, new));
        }
    }
    let gone = before.into_iter();
    changes.extend(gone.map(|(field, old)| (field, change(old, Value::Null))));
    changes
}

fn fields(record: &impl Serialize) -> Fields {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => fields,
        _ => Fields::new(),
    }
}

/// Changes as they are stored.
#[must_use]
pub fn changes(changes: Fields) -> String {
    Value::Object(changes).to_string()
}

/// What a new record says, as it is stored.
#[must_use]
pub fn creation(record: &impl Serialize) -> String {
    // Records are plain values by name, which cannot fail.
    serde_json::to_string(&[record]).unwrap_or_else(|_| "[{}]".to_owned())
}

/// The changes that are stored as `text`, field by field.
///
/// # Errors
/// When it is none of the two forms.
pub fn read(text: &str) -> serde_json::Result<Fields> {
    if !text.starts_with('[') {
        return serde_json::from_str(text);
    }
    let [created]: [Fields; 1] = serde_json::from_str(text)?;
    let change = |(field, new)| (field, change(Value::Null, new));
    Ok(created.into_iter().map(change).collect())
}

/// The names in a column of inferred fields.
pub fn inferred(column: &str) -> Vec<&str> {
    column.split(',').filter(|name| !name.is_empty()).collect()
}

/// Adds `field` to a column of inferred fields, or takes it out.
pub fn set_inferred(column: &mut String, field: &str, is_inferred: bool) {
    let mut names: Vec<_> = inferred(column)
        .into_iter()
        .filter(|name| *name != field)
        .collect();
    if is_inferred {
        names.push(field);
    }
    *column = names.join(",");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inferred_fields_are_split_set_and_taken_out() {
        let mut column = String::new();
        assert!(inferred(&column).is_empty());
        set_inferred(&mut column, "user", true);
        set_inferred(&mut column, "startedAt", true);
        set_inferred(&mut column, "user", true);
        assert_eq!(inferred(&column), ["startedAt", "user"]);
        set_inferred(&mut column, "startedAt", false);
        assert_eq!(column, "user");
    }

    #[test]
    fn what_is_new_or_gone_is_a_change() {
        let (before, after) = (
            json!({"a": 1, "b": 2, "c": 3}),
            json!({"b": 4, "c": 3, "d": 5}),
        );
        let expected = json!({
            "a": {"old": 1, "new": null}, "b": {"old": 2, "new": 4}, "d": {"old": null, "new": 5},
        });
        let told = difference(&before, &after);
        assert_eq!(Value::Object(told.clone()), expected);
        assert_eq!(read(&changes(told.clone())).unwrap(), told);
    }

    #[test]
    fn what_a_new_record_says_is_read_as_changes_from_nothing() {
        let text = creation(&json!({"user": "ann", "metadata": {"old": "x"}}));
        assert_eq!(text, r#"[{"metadata":{"old":"x"},"user":"ann"}]"#);
        let expected = json!({
            "user": {"old": null, "new": "ann"}, "metadata": {"old": null, "new": {"old": "x"}},
        });
        assert_eq!(Value::Object(read(&text).unwrap()), expected);
        assert!(read("[]").is_err() && read("[1]").is_err() && read("").is_err());
    }
}
