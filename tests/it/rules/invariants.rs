//! What must hold after any change, worked out from the rows anew: derived columns follow from the
//! others, and the events tell enough to make every record again.

use std::collections::HashMap;

use chrono::NaiveTime;
use entity::{
    DeployStatus, Timestamp, event, failure, package, package_result, platform, release,
    release_metadata, release_note, release_platform, release_reference,
};
use orlo::service::history;
use sea_orm::{
    ActiveEnum, ConnectionTrait, DbBackend, EntityTrait, QueryOrder, Statement, TryGetableMany,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::app::TestApp;

/// Checks everything that is stored.
pub async fn check(app: &TestApp) {
    let releases = releases(app).await;
    assert!(!releases.is_empty(), "there is nothing to check");
    let packages = packages(app).await;
    // What is deleted is as it was before, with the packages that it had then.
    for release in releases.iter().filter(|it| it.deleted_at.is_none()) {
        let own: Vec<_> = packages
            .iter()
            .filter(|it| it.release_id == release.id)
            .collect();
        check_derived(release, &own);
    }
    check_starts(&releases, &packages);
    check_tally(app, &releases).await;
    let told = Told::read(app).await;
    check_releases(app, &releases, &told).await;
    check_packages(app, &packages, &told).await;
}

async fn releases(app: &TestApp) -> Vec<release::Model> {
    release::Entity::find()
        .all(&app.database().reader())
        .await
        .unwrap()
}

async fn packages(app: &TestApp) -> Vec<package::Model> {
    package::Entity::find()
        .all(&app.database().reader())
        .await
        .unwrap()
}

fn check_starts(releases: &[release::Model], packages: &[package::Model]) {
    let starts: HashMap<_, _> = releases.iter().map(|it| (it.id, it.started_at)).collect();
    for package in packages {
        let start = starts[&package.release_id];
        assert_eq!(package.release_started_at, start, "{package:#?}");
    }
}

fn check_derived(release: &release::Model, packages: &[&package::Model]) {
    let living: Vec<_> = packages
        .iter()
        .filter(|it| it.deleted_at.is_none())
        .collect();
    let count = |status| living.iter().filter(|it| it.status == status).count();
    let good = count(DeployStatus::Successful);
    let counts = [
        count(DeployStatus::Failed),
        count(DeployStatus::InProgress),
        good,
        count(DeployStatus::NotStarted),
    ];
    assert_eq!(release.status, status(release, counts), "{release:#?}");
    assert_eq!(
        release.rollback,
        living.iter().any(|it| it.rollback),
        "{release:#?}"
    );
    assert_eq!(
        release.partial,
        good > 0 && good < living.len(),
        "{release:#?}"
    );
    assert_eq!(
        usize::try_from(release.package_count).unwrap(),
        living.len(),
        "{release:#?}"
    );
    assert_eq!(
        release.duration_ms,
        span(release.started_at, release.finished_at),
        "{release:#?}"
    );
    for package in living {
        assert_eq!(
            package.duration_ms,
            span(package.started_at, package.finished_at)
        );
        let times = [
            package.finished_at,
            package.started_at,
            release.finished_at,
            release.started_at,
            Some(package.created_at),
        ];
        let effective_at = times.into_iter().flatten().next().unwrap();
        assert_eq!(
            package.effective_at, effective_at,
            "{release:#?}\n{package:#?}"
        );
    }
}

fn midnight(time: Timestamp) -> i64 {
    let midnight = time.0.date_naive().and_time(NaiveTime::MIN);
    midnight.and_utc().timestamp_millis()
}

/// The tally must count every release that is not deleted on its day, and nothing else.
async fn check_tally(app: &TestApp, releases: &[release::Model]) {
    let mut expected = HashMap::new();
    for release in releases.iter().filter(|it| it.deleted_at.is_none()) {
        let times = [release.started_at, release.finished_at];
        let time = times.into_iter().flatten().next();
        let day = midnight(time.unwrap_or(release.created_at));
        let start = release.started_at.map(midnight);
        let status = release.status.to_value();
        let cell = (day, start, release.team.clone(), status, release.rollback);
        *expected.entry(cell).or_insert(0_i64) += 1;
    }
    assert_eq!(counts(app, "release_tally").await, expected);
    let mut totals = HashMap::new();
    for ((_, start, team, status, rollback), count) in expected {
        let cell = (0, start.map(|_| 0), team, status, rollback);
        *totals.entry(cell).or_insert(0) += count;
    }
    let parts = "SELECT 0 AS day, started_at, team, status, rollback, count FROM release_total";
    let loose =
        "SELECT 0, CASE WHEN started_at IS NOT NULL THEN 0 END, team, status, rollback, count
        FROM release_tally WHERE NOT folded";
    let parts = match app.database().backend() {
        DbBackend::Postgres => format!("({parts} UNION ALL {loose}) AS parts"),
        _ => format!("({parts})"),
    };
    assert_eq!(counts(app, &parts).await, totals);
}

/// Day, start, team, status and whether it is a rollback.
type Cell = (i64, Option<i64>, Option<String>, String, bool);

/// What the rows of `table` count.
async fn counts(app: &TestApp, table: &str) -> HashMap<Cell, i64> {
    let sql = format!(
        "SELECT CAST(day AS bigint) AS day, CAST(started_at AS bigint) AS started_at, team, status,
            rollback, CAST(sum(count) AS bigint) AS count
        FROM {table} GROUP BY 1, 2, 3, 4, 5 HAVING sum(count) <> 0"
    );
    let reader = app.database().reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let rows = reader.query_all_raw(statement).await.unwrap().into_iter();
    rows.map(|row| {
        let (day, start, team, status, rollback, count) =
            TryGetableMany::try_get_many_by_index(&row).unwrap();
        ((day, start, team, status, rollback), count)
    })
    .collect()
}

/// The status by the numbers of failed, running, successful and waiting packages.
#[expect(
    clippy::match_same_arms,
    reason = "one arm for each rule, in their order"
)]
fn status(release: &release::Model, counts: [usize; 4]) -> DeployStatus {
    let is_finished = release.finished_at.is_some() || release.recorded;
    match counts.map(|count| count > 0) {
        [true, ..] => DeployStatus::Failed,
        [false, true, ..] => DeployStatus::InProgress,
        [false, false, true, false] => DeployStatus::Successful,
        [false, false, false, true] => DeployStatus::NotStarted,
        [false, false, true, true] if is_finished => DeployStatus::Successful,
        [false, false, true, true] => DeployStatus::InProgress,
        _ if is_finished && release.success == Some(false) => DeployStatus::Failed,
        _ if is_finished => DeployStatus::Successful,
        _ if release.started_at.is_some() && release.start_told => DeployStatus::InProgress,
        _ => DeployStatus::NotStarted,
    }
}

fn span(start: Option<Timestamp>, finish: Option<Timestamp>) -> Option<i64> {
    let millis = (finish?.0 - start?.0).num_milliseconds();
    (millis >= 0).then_some(millis)
}

/// What the events say, by record: the last value of every field.
struct Told {
    releases: HashMap<Uuid, Map<String, Value>>,
    packages: HashMap<Uuid, Map<String, Value>>,
}

impl Told {
    async fn read(app: &TestApp) -> Self {
        let events = event::Entity::find().order_by_asc(event::Column::Sequence);
        let events = events.all(&app.database().reader()).await.unwrap();
        let mut told = Self {
            releases: HashMap::new(),
            packages: HashMap::new(),
        };
        for event in events {
            let fields = match event.package_id {
                None => told.releases.entry(event.release_id).or_default(),
                Some(id) => told.packages.entry(id).or_default(),
            };
            for (field, change) in history::read(&event.changes).unwrap() {
                apply(fields, field, change);
            }
        }
        told
    }
}

fn apply(fields: &mut Map<String, Value>, field: String, mut change: Value) {
    let new = change["new"].take();
    let list = match field.as_str() {
        "note" => "notes",
        "result" => "results",
        "failure" => {
            let failures = fields.entry("failures").or_insert_with(|| json!({}));
            let id = new["id"].as_str().unwrap().to_owned();
            return replace(failures.as_object_mut().unwrap(), id, new, &change["old"]);
        }
        _ => return replace(fields, field, new, &change["old"]),
    };
    let list = fields.entry(list).or_insert_with(|| json!([]));
    list.as_array_mut().unwrap().push(new);
}

/// Puts a value in place of the one that was told before, which must be `told`.
fn replace(fields: &mut Map<String, Value>, field: String, new: Value, told: &Value) {
    let old = fields.insert(field, new).unwrap_or_default();
    assert_eq!(old, *told, "the old value is what was told before");
}

fn assert_told(told: Option<&Map<String, Value>>, expected: &Value, record: &str) {
    for (field, value) in expected.as_object().unwrap() {
        let mut found = told
            .and_then(|told| told.get(field))
            .cloned()
            .unwrap_or_default();
        if field == "notes" || field == "results" {
            let list = found.as_array_mut().unwrap();
            list.sort_by_key(|entry| entry["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(found, *value, "{field} of {record}");
    }
}

async fn check_releases(app: &TestApp, releases: &[release::Model], told: &Told) {
    let reader = app.database().writer();
    let platforms = platform::Entity::find().all(reader).await.unwrap();
    let platforms: HashMap<Uuid, String> =
        platforms.into_iter().map(|it| (it.id, it.name)).collect();
    let links = release_platform::Entity::find().order_by_asc(release_platform::Column::Position);
    let links = links.all(reader).await.unwrap();
    let references =
        release_reference::Entity::find().order_by_asc(release_reference::Column::Position);
    let references = references.all(reader).await.unwrap();
    let notes = release_note::Entity::find().order_by_asc(release_note::Column::Id);
    let notes = notes.all(reader).await.unwrap();
    let metadata = release_metadata::Entity::find().all(reader).await.unwrap();
    let failures = failure::Entity::find().all(reader).await.unwrap();
    for release in releases {
        let id = release.id;
        let names = links.iter().filter(|it| it.release_id == id);
        let names: Vec<_> = names.map(|it| &platforms[&it.platform_id]).collect();
        let references = references.iter().filter(|it| it.release_id == id);
        let references: Vec<_> = references.map(|it| &it.reference).collect();
        let notes = notes.iter().filter(|it| it.release_id == id);
        let notes: Vec<_> = notes.map(|it| json!({
            "id": it.id, "text": it.text, "author": it.author, "createdAt": text(Some(it.created_at)),
        })).collect();
        let metadata = metadata.iter().filter(|it| it.release_id == id);
        let metadata: Map<_, _> = metadata
            .map(|it| (it.key.clone(), json!(it.value)))
            .collect();
        let expected = json!({
            "externalId": release.external_id,
            "user": release.user,
            "team": release.team,
            "startedAt": text(release.started_at),
            "finishedAt": text(release.finished_at),
            "startTold": release.start_told,
            "recorded": release.recorded,
            "success": release.success,
            "inferredFields": names_in(&release.inferred_fields),
            "deletedAt": text(release.deleted_at),
            "failures": of_release(&failures, id),
            "platforms": names,
            "references": references,
            "notes": notes,
            "metadata": metadata,
        });
        assert_told(told.releases.get(&id), &expected, &format!("{release:#?}"));
    }
}

/// The failures of a release by their ids, as events tell of them; null when there are none.
fn of_release(failures: &[failure::Model], release_id: Uuid) -> Value {
    let own = failures.iter().filter(|it| it.release_id == release_id);
    let told = own.map(|it| {
        let fields = json!({
            "id": it.id,
            "packageId": it.package_id,
            "detectedAt": text(Some(it.detected_at)),
            "resolvedAt": text(it.resolved_at),
            "resolvedById": it.resolved_by_id,
            "reference": it.reference,
            "description": it.description,
        });
        (it.id.to_string(), fields)
    });
    let told: Map<_, _> = told.collect();
    if told.is_empty() {
        Value::Null
    } else {
        Value::Object(told)
    }
}

async fn check_packages(app: &TestApp, packages: &[package::Model], told: &Told) {
    let results = package_result::Entity::find().order_by_asc(package_result::Column::Id);
    let results = results.all(&app.database().reader()).await.unwrap();
    for package in packages {
        let own = results.iter().filter(|it| it.package_id == package.id);
        let own: Vec<_> = own
            .map(|it| json!({"id": it.id, "byteCount": it.content.len()}))
            .collect();
        let expected = json!({
            "position": package.position,
            "externalId": package.external_id,
            "name": package.name,
            "version": package.version,
            "status": package.status.to_value(),
            "rollback": package.rollback,
            "rollbackTold": package.rollback_told,
            "diffUrl": package.diff_url,
            "commitSha": package.commit_sha,
            "committedAt": text(package.committed_at),
            "startedAt": text(package.started_at),
            "finishedAt": text(package.finished_at),
            "inferredFields": names_in(&package.inferred_fields),
            "results": own,
        });
        let record = format!("{package:#?}");
        let own = told.packages.get(&package.id);
        assert_told(own, &expected, &record);
        // A release that is deleted takes its packages with it.
        let of_release = told.releases.get(&package.release_id);
        let end = |told: &&Map<String, Value>| told.get("deletedAt").cloned();
        let [own, of_release] = [own, of_release].map(|told| told.as_ref().and_then(end));
        let deleted_at = own.or(of_release).unwrap_or_default();
        let expected = json!(text(package.deleted_at));
        assert_eq!(deleted_at, expected, "deletedAt of {record}");
    }
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.0.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn names_in(column: &str) -> Vec<&str> {
    column.split(',').filter(|name| !name.is_empty()).collect()
}
