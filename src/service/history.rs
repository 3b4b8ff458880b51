//! Writing the history: every change of a record is an event, stored in the same transaction.
//!
//! An event's `changes` maps API field names to `{"old": ..., "new": ...}`. Derived fields are
//! left out: they follow from the others.

use std::sync::atomic::{AtomicU64, Ordering};

use entity::{EventType, Timestamp, event, package, release};
use sea_orm::ActiveEnum;
use sea_orm::ActiveValue::{NotSet, Set};
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
    /// What changed.
    pub changes: Fields,
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
            changes: Set(Value::Object(self.changes).to_string()),
        }
    }
}

/// What a release's own row says, without what is derived.
#[must_use]
pub fn release_fields(release: &release::Model) -> Fields {
    let fields = json!({
        "externalId": release.external_id,
        "user": release.user,
        "team": release.team,
        "startedAt": release.started_at.map(time::format),
        "finishedAt": release.finished_at.map(time::format),
        "startTold": release.start_told,
        "recorded": release.recorded,
        "success": release.success,
        "inferredFields": inferred(&release.inferred_fields),
        "deletedAt": release.deleted_at.map(time::format),
    });
    into_fields(fields)
}

/// What a package's own row says, without what is derived.
#[must_use]
pub fn package_fields(package: &package::Model) -> Fields {
    let fields = json!({
        "position": package.position,
        "externalId": package.external_id,
        "name": package.name,
        "version": package.version,
        "status": package.status.to_value(),
        "rollback": package.rollback,
        "rollbackTold": package.rollback_told,
        "diffUrl": package.diff_url,
        "commitSha": package.commit_sha,
        "committedAt": package.committed_at.map(time::format),
        "startedAt": package.started_at.map(time::format),
        "finishedAt": package.finished_at.map(time::format),
        "inferredFields": inferred(&package.inferred_fields),
        "deletedAt": package.deleted_at.map(time::format),
    });
    into_fields(fields)
}

/// A value that replaces another.
#[must_use]
pub fn change(old: impl Into<Value>, new: impl Into<Value>) -> Value {
    json!({ "old": old.into(), "new": new.into() })
}

/// What differs between two states of a record.
#[must_use]
pub fn difference(mut before: Fields, after: Fields) -> Fields {
    let mut changes = Fields::new();
    for (field, new) in after {
        let old = before.remove(&field).unwrap_or(Value::Null);
        if old != new {
            changes.insert(field, change(old, new));
        }
    }
    changes
}

/// Everything that a new record says.
#[must_use]
pub fn creation(after: Fields) -> Fields {
    difference(Fields::new(), after)
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

fn into_fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
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
}
