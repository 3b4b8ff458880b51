//! What records say of themselves.

use serde_json::{Value, json};

use super::{id_of, store_failure};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_release_tells_everything_that_was_recorded,
    a_package_tells_everything_that_was_recorded,
    what_was_never_recorded_is_null,
    a_failure_leads_to_what_caused_and_what_mended_it,
    what_is_in_progress_for_too_long_is_stale,
    the_server_tells_its_limits,
    fields_that_conflict_are_refused_wherever_they_stand,
);

const EVERYTHING: &str = "
    query ($by: ReleaseRef!) {
        release(by: $by) {
            id externalId user team platforms { name } platformNames references
            startedAt finishedAt durationSeconds status rollback isPartial isStale
            notes { text author createdAt }
            metadata metadataEntries { key value } some: metadataEntries(keys: \"region\") { value }
            packages { name } open: packages(filter: { status: { ne: SUCCESSFUL } }) { name }
            packageCount failures { id } events(last: 1) { nodes { occurredAt actor changes } }
            inferredFields createdAt updatedAt
        }
    }";

async fn a_release_tells_everything_that_was_recorded(app: TestApp) {
    let stored = release()
        .external_id("jenkins-4711")
        .team("shop")
        .platforms(["web", "eu"])
        .references(["SHOP-2", "SHOP-1"])
        .notes(["first", "second"])
        .metadata(json!({"region": "eu", "build": 4711}))
        .started("2026-02-01T10:00:00Z")
        .finished("2026-02-01T10:00:20.500Z")
        .package("api", "1.0")
        .package_with(json!({"name": "db", "status": "NOT_STARTED"}))
        .record(&app)
        .await;
    let by_key = json!({"by": {"externalId": "jenkins-4711"}});
    let data = app.query(EVERYTHING, by_key).await;
    let now = "2026-03-01T12:00:00.000Z";
    let expected = json!({
        "id": stored["id"],
        "externalId": "jenkins-4711",
        "user": null,
        "team": "shop",
        "platforms": [{"name": "web"}, {"name": "eu"}],
        "platformNames": ["web", "eu"],
        "references": ["SHOP-2", "SHOP-1"],
        "startedAt": "2026-02-01T10:00:00.000Z",
        "finishedAt": "2026-02-01T10:00:20.500Z",
        "durationSeconds": 20.5,
        "status": "SUCCESSFUL",
        "rollback": false,
        "isPartial": true,
        "isStale": false,
        "notes": [
            {"text": "first", "author": null, "createdAt": now},
            {"text": "second", "author": null, "createdAt": now},
        ],
        "metadata": {"build": "4711", "region": "eu"},
        "metadataEntries": [
            {"key": "build", "value": "4711"},
            {"key": "region", "value": "eu"},
        ],
        "some": [{"value": "eu"}],
        "packages": [{"name": "api"}, {"name": "db"}],
        "open": [{"name": "db"}],
        "packageCount": 2,
        "failures": [],
        "createdAt": now,
        "updatedAt": now,
    });
    let mut found = data["release"].clone();
    let fields = found.as_object_mut().unwrap();
    let events = fields.remove("events").unwrap();
    assert_eq!(events["nodes"][0]["actor"], Value::Null);
    assert!(events["nodes"][0]["changes"].is_object());
    assert_eq!(fields.remove("inferredFields"), Some(json!([])));
    assert_eq!(found, expected);
    let by_id = json!({"by": {"id": stored["id"]}});
    assert_eq!(app.query(EVERYTHING, by_id).await, data);
}

async fn what_was_never_recorded_is_null(app: TestApp) {
    release()
        .external_id("r")
        .package("api", "1")
        .record(&app)
        .await;
    let query = "
        query ($release: ReleaseRef!, $package: PackageRef!) {
            release(by: $release) { id }
            package(by: $package) { id }
        }";
    for id in [json!({"id": "no UUID"}), json!({"externalId": "R"})] {
        let data = app
            .query(query, json!({"release": id, "package": id}))
            .await;
        assert_eq!(data, json!({"release": null, "package": null}));
    }
}

async fn a_package_tells_everything_that_was_recorded(app: TestApp) {
    release()
        .external_id("r")
        .package_with(json!({
            "name": "api", "version": "1.0", "externalId": "p", "rollback": true,
            "diffUrl": "https://example.org/diff", "commitSha": "c0ffee",
            "committedAt": "2026-02-01T09:00:00Z", "startedAt": "2026-02-01T10:00:00Z",
            "finishedAt": "2026-02-01T10:00:05Z", "results": ["one", "two"],
        }))
        .record(&app)
        .await;
    let query = "
        query ($by: PackageRef!) {
            package(by: $by) {
                externalId release { externalId } name version status rollback diffUrl commitSha
                committedAt startedAt finishedAt durationSeconds effectiveAt isStale
                results(last: 1) { totalCount edges { cursor node { content byteCount } } pageInfo { hasPreviousPage } }
                inferredFields createdAt updatedAt
            }
        }";
    let data = app.query(query, json!({"by": {"externalId": "p"}})).await;
    let mut found = data["package"].clone();
    let cursor = found["results"]["edges"][0]["cursor"].take();
    assert!(cursor.is_string());
    let now = "2026-03-01T12:00:00.000Z";
    let expected = json!({
        "externalId": "p",
        "release": {"externalId": "r"},
        "name": "api",
        "version": "1.0",
        "status": "SUCCESSFUL",
        "rollback": true,
        "diffUrl": "https://example.org/diff",
        "commitSha": "c0ffee",
        "committedAt": "2026-02-01T09:00:00.000Z",
        "startedAt": "2026-02-01T10:00:00.000Z",
        "finishedAt": "2026-02-01T10:00:05.000Z",
        "durationSeconds": 5.0,
        "effectiveAt": "2026-02-01T10:00:05.000Z",
        "isStale": false,
        "results": {
            "totalCount": 2,
            "edges": [{"cursor": null, "node": {"content": "two", "byteCount": 3}}],
            "pageInfo": {"hasPreviousPage": true},
        },
        "inferredFields": ["status"],
        "createdAt": now,
        "updatedAt": now,
    });
    assert_eq!(found, expected);
    let by_name = json!({"by": {"inRelease": {"release": {"externalId": "r"}, "name": "api"}}});
    assert_eq!(app.query(query, by_name).await, data);
}

async fn a_failure_leads_to_what_caused_and_what_mended_it(app: TestApp) {
    let cause = release()
        .user("ann")
        .package("api", "1.0")
        .record(&app)
        .await;
    let cure = release()
        .user("bob")
        .package("api", "1.1")
        .record(&app)
        .await;
    let failure = store_failure(&app, &cause, Some(&cure)).await;
    let query = "
        query ($id: ID!) {
            release(by: { id: $id }) {
                failures {
                    id release { user } package { version } detectedAt resolvedAt
                    resolvedBy { user } reference description
                }
            }
        }";
    let data = app.query(query, json!({"id": id_of(&cause)})).await;
    let expected = json!([{
        "id": failure,
        "release": {"user": "ann"},
        "package": {"version": "1.0"},
        "detectedAt": "2026-03-01T12:00:00.000Z",
        "resolvedAt": "2026-03-01T13:00:00.000Z",
        "resolvedBy": {"user": "bob"},
        "reference": "INC-1",
        "description": "the shop was down",
    }]);
    assert_eq!(data["release"]["failures"], expected);
}

async fn what_is_in_progress_for_too_long_is_stale(app: TestApp) {
    let package = json!({"name": "api", "status": "IN_PROGRESS"});
    release().package_with(package).record(&app).await;
    release().package("db", "7").record(&app).await;
    let query = "
        { releases(filter: { isStale: { eq: true } }) {
            nodes { status isStale packages { isStale } }
        } }";
    app.set_now("2026-03-02T12:00:00Z");
    let data = app.query(query, json!({})).await;
    assert_eq!(data["releases"]["nodes"], json!([]));
    app.set_now("2026-03-02T12:00:00.001Z");
    let data = app.query(query, json!({})).await;
    let stale = json!([{
        "status": "IN_PROGRESS", "isStale": true, "packages": [{"isStale": true}],
    }]);
    assert_eq!(data["releases"]["nodes"], stale);
}

async fn the_server_tells_its_limits(app: TestApp) {
    let query = "
        { server { version time actor canWrite maxPageSize maxImportSize staleAfterSeconds } }";
    let data = app.query(query, json!({})).await;
    let expected = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "time": "2026-03-01T12:00:00.000Z",
        "actor": null,
        "canWrite": true,
        "maxPageSize": 1000,
        "maxImportSize": 1000,
        "staleAfterSeconds": 86400,
    });
    assert_eq!(data["server"], expected);
}

/// Rather than answered with one of them, or with nothing.
async fn fields_that_conflict_are_refused_wherever_they_stand(app: TestApp) {
    for query in [
        "{ a: users { name } ... on Query { a: server { version } } }",
        "{ ... on Query { a: nodes(ids: []) { id } } a: packageSummary(name: \"api\") { name } }",
        "{ releases { nodes { id } } releases { nodes { id: user } } }",
        "subscription { a: releaseChanged { cursor } ... { a: packageChanged { cursor } } }",
    ] {
        let errors = app.errors(query, json!({})).await;
        assert_eq!(errors[0]["extensions"]["code"], "BAD_REQUEST", "{query}");
        let message = errors[0]["message"].as_str().unwrap();
        assert!(message.contains("selected twice"), "{query}: {message}");
    }
}
