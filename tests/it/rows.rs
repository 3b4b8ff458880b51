//! Rows put straight into the tables, for tests of questions that need records of every shape.

use std::ops::RangeInclusive;

use entity::{
    DeployStatus, Timestamp, package, package_result, platform, release, release_metadata,
    release_note, release_platform, release_reference,
};
use sea_orm::{ConnectionTrait as _, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use crate::app::TestApp;
use crate::database::Backend;

/// A release and what belongs to it.
#[derive(Clone, Debug)]
pub struct Row {
    pub release: release::Model,
    pub platforms: Vec<Uuid>,
    pub references: Vec<&'static str>,
    pub notes: Vec<&'static str>,
    pub metadata: Vec<(&'static str, &'static str)>,
    pub packages: Vec<package::Model>,
}

/// The id with this number; ids sort as their numbers do.
pub const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

/// The instant this many milliseconds after 1970.
pub fn time(millis: i64) -> Timestamp {
    Timestamp(chrono::DateTime::from_timestamp_millis(millis).unwrap())
}

/// A release of which only the external id is known.
pub fn row(number: u128, external_id: &str) -> Row {
    let at = time(1_000);
    Row {
        release: release::Model {
            id: id(number),
            external_id: Some(external_id.to_owned()),
            user: None,
            team: None,
            started_at: None,
            finished_at: None,
            start_told: false,
            recorded: false,
            success: None,
            status: DeployStatus::Successful,
            rollback: false,
            partial: false,
            package_count: 0,
            duration_ms: None,
            inferred_fields: String::new(),
            created_at: at,
            updated_at: at,
            deleted_at: None,
        },
        platforms: Vec::new(),
        references: Vec::new(),
        notes: Vec::new(),
        metadata: Vec::new(),
        packages: Vec::new(),
    }
}

impl Row {
    /// With another package, number `number` of all.
    pub fn package(mut self, number: u128, name: &str, change: fn(&mut package::Model)) -> Self {
        let at = time(1_000);
        let mut package = package::Model {
            id: id(number),
            release_id: self.release.id,
            position: i32::try_from(self.packages.len()).unwrap(),
            external_id: None,
            name: name.to_owned(),
            version: None,
            status: DeployStatus::Successful,
            rollback: false,
            rollback_told: false,
            diff_url: None,
            commit_sha: None,
            committed_at: None,
            started_at: None,
            finished_at: None,
            duration_ms: None,
            effective_at: at,
            release_started_at: self.release.started_at,
            inferred_fields: String::new(),
            created_at: at,
            updated_at: at,
            deleted_at: self.release.deleted_at,
        };
        change(&mut package);
        self.packages.push(package);
        self
    }
}

/// Stores platforms of these names, numbered from 1.
pub async fn store_platforms(app: &TestApp, names: &[&str]) {
    let platforms = (1..).zip(names).map(|(number, name)| platform::Model {
        id: id(number),
        name: (*name).to_owned(),
        created_at: time(0),
    });
    insert::<platform::Entity, _>(app, platforms).await;
}

/// Stores releases and what belongs to them.
pub async fn store(app: &TestApp, rows: &[Row]) {
    insert::<release::Entity, _>(app, rows.iter().map(|row| row.release.clone())).await;
    insert::<package::Entity, _>(app, rows.iter().flat_map(|row| row.packages.clone())).await;
    for row in rows {
        let release_id = row.release.id;
        let platforms = (0..).zip(&row.platforms);
        let platforms = platforms.map(|(position, platform)| release_platform::Model {
            release_id,
            platform_id: *platform,
            position,
        });
        insert::<release_platform::Entity, _>(app, platforms).await;
        let references = (0..).zip(&row.references);
        let references = references.map(|(position, text)| release_reference::Model {
            release_id,
            position,
            reference: (*text).to_owned(),
        });
        insert::<release_reference::Entity, _>(app, references).await;
        let notes = row.notes.iter().map(|text| release_note::Model {
            id: Uuid::now_v7(),
            release_id,
            text: (*text).to_owned(),
            author: None,
            created_at: time(0),
        });
        insert::<release_note::Entity, _>(app, notes).await;
        let metadata = row.metadata.iter();
        let metadata = metadata.map(|(key, value)| release_metadata::Model {
            release_id,
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        });
        insert::<release_metadata::Entity, _>(app, metadata).await;
    }
}

/// Stores results of a package, as many as `contents`, numbered from `first` on.
pub async fn store_results(app: &TestApp, package: Uuid, first: u128, contents: &[&str]) {
    let results = (first..).zip(contents);
    let results = results.map(|(number, content)| package_result::Model {
        id: id(number),
        package_id: package,
        content: (*content).to_owned(),
        created_at: time(0),
    });
    insert::<package_result::Entity, _>(app, results).await;
}

async fn insert<E, I>(app: &TestApp, rows: I)
where
    E: EntityTrait,
    I: IntoIterator<Item = E::Model>,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let rows: Vec<_> = rows
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .collect();
    for rows in rows.chunks(500) {
        E::insert_many(rows.to_vec())
            .exec_without_returning(app.database().writer())
            .await
            .unwrap();
    }
}

/// Copies the release by `user 0`, without what belongs to it, for each of `numbers`: `user 1` and
/// so on.
pub async fn copy_release(app: &TestApp, numbers: RangeInclusive<u32>) {
    let (first, last) = numbers.into_inner();
    let id = match app.backend() {
        Backend::Sqlite => "randomblob(16)",
        Backend::Postgres => "gen_random_uuid()",
    };
    let sql = format!(
        "INSERT INTO release (id, \"user\", started_at, start_told, recorded, status, rollback, \
         partial, package_count, inferred_fields, created_at, updated_at) \
         WITH RECURSIVE number(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM number WHERE n < {last}) \
         SELECT {id}, 'user ' || n, started_at, start_told, recorded, status, rollback, partial, \
         package_count, inferred_fields, created_at, updated_at FROM release, number \
         WHERE release.\"user\" = 'user 0'"
    );
    let writer = app.database().writer();
    writer.execute_unprepared(&sql).await.unwrap();
}
