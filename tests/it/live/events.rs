//! The list of all events.

use entity::{EventType, event};
use sea_orm::{ActiveModelTrait as _, NotSet, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::database::Backend;

on_both_databases!(
    every_change_is_told_in_order_with_all_about_it,
    types_and_times_choose_among_the_events,
    pages_of_events_lead_to_each_other_both_ways,
    events_outlive_what_they_are_about,
    a_page_costs_the_same_however_long_it_is,
    nobody_reads_past_what_is_under_way,
    requests_for_events_that_make_no_sense_are_refused,
);

const LIST: &str = "
    query ($types: [EventType!], $since: DateTime, $first: Int, $after: String, $last: Int, $before: String) {
        events(types: $types, since: $since, first: $first, after: $after, last: $last, before: $before) {
            nodes { id type occurredAt recordedAt actor changes release { id } package { name } }
            edges { cursor }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            totalCount
        }
    }";

/// The events that `arguments` ask for.
async fn list(app: &TestApp, arguments: Value) -> Value {
    app.query(LIST, arguments).await["events"].take()
}

/// Their types.
fn types(events: &Value) -> Vec<&str> {
    let nodes = events["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["type"].as_str().unwrap())
        .collect()
}

async fn note(app: &TestApp, release: &Value, text: &str) {
    let mutation = "mutation ($id: ID!, $text: String!) { addNote(input: { release: { id: $id }, text: $text }) { ok } }";
    let payload = app
        .mutate(mutation, json!({"id": release["id"], "text": text}))
        .await;
    assert_eq!(payload["ok"], true);
}

async fn every_change_is_told_in_order_with_all_about_it(app: TestApp) {
    let recorded = release()
        .user("ann")
        .started("2026-02-01T10:00:00Z")
        .package("api", "1.0")
        .record(&app)
        .await;
    app.set_now("2026-03-02T08:00:00Z");
    note(&app, &recorded, "done").await;
    let events = list(&app, json!({})).await;
    assert_eq!(
        types(&events),
        ["RELEASE_CREATED", "PACKAGE_ADDED", "NOTE_ADDED"]
    );
    assert_eq!(events["totalCount"], 3);
    let [created, added, noted] = events["nodes"].as_array().unwrap().as_slice() else {
        panic!("{events:#}");
    };
    assert_eq!(
        created["changes"]["user"],
        json!({"old": null, "new": "ann"})
    );
    assert_eq!(created["recordedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!(created["package"], Value::Null);
    assert_eq!(added["package"]["name"], "api");
    assert_eq!(noted["recordedAt"], "2026-03-02T08:00:00.000Z");
    assert_eq!(noted["actor"], Value::Null);
    for event in [created, added, noted] {
        assert_eq!(event["release"]["id"], recorded["id"]);
        let node = app.query(
            "query ($id: ID!) { node(id: $id) { id } }",
            json!({"id": event["id"]}),
        );
        assert_eq!(node.await["node"]["id"], event["id"]);
    }
}

async fn types_and_times_choose_among_the_events(app: TestApp) {
    for day in 1..=4 {
        app.set_now(&format!("2026-03-0{day}T00:00:00Z"));
        release()
            .package("api", &day.to_string())
            .record(&app)
            .await;
    }
    let all = list(&app, json!({})).await;
    assert_eq!(types(&all).len(), 8);
    let created = list(&app, json!({"types": "RELEASE_CREATED"})).await;
    assert_eq!(types(&created), ["RELEASE_CREATED"; 4]);
    assert_eq!(created["totalCount"], 4);
    let none = list(&app, json!({"types": []})).await;
    assert_eq!(none["totalCount"], 0);

    let late = json!({"since": "2026-03-03", "types": ["PACKAGE_ADDED", "NOTE_ADDED"]});
    let late = list(&app, late).await;
    assert_eq!(types(&late), ["PACKAGE_ADDED"; 2]);
    assert_eq!(late["nodes"][0]["recordedAt"], "2026-03-03T00:00:00.000Z");
    let never = list(&app, json!({"since": "2026-03-05"})).await;
    assert_eq!(never["nodes"], json!([]));
    assert_eq!(never["pageInfo"]["hasNextPage"], false);

    // A clock that goes back does not hide what was stored later.
    app.set_now("2026-02-01T00:00:00Z");
    release().record(&app).await;
    app.set_now("2026-03-04T12:00:00Z");
    release().record(&app).await;
    let since = list(&app, json!({"since": "2026-03-04"})).await;
    assert_eq!(since["totalCount"], 3);
    assert_eq!(
        types(&since),
        ["RELEASE_CREATED", "PACKAGE_ADDED", "RELEASE_CREATED"]
    );
}

async fn pages_of_events_lead_to_each_other_both_ways(app: TestApp) {
    for _ in 0..7 {
        release().record(&app).await;
    }
    let all = list(&app, json!({})).await;
    let ids = |events: &Value| -> Vec<Value> {
        let nodes = events["nodes"].as_array().unwrap();
        nodes.iter().map(|node| node["id"].clone()).collect()
    };
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = list(
            &app,
            json!({"first": 3, "after": after, "since": "2026-03-01"}),
        )
        .await;
        seen.extend(ids(&page));
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, ids(&all));
    let end = list(&app, json!({"after": after})).await;
    assert_eq!(end["nodes"], json!([]));
    release().record(&app).await;
    let news = list(&app, json!({"after": after})).await;
    assert_eq!(types(&news), ["RELEASE_CREATED"]);

    let mut seen = Vec::new();
    let mut before = Value::Null;
    loop {
        let page = list(&app, json!({"last": 3, "before": before})).await;
        seen.splice(0..0, ids(&page));
        before = page["pageInfo"]["startCursor"].clone();
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
    }
    assert_eq!(seen, ids(&list(&app, json!({})).await));
}

async fn events_outlive_what_they_are_about(app: TestApp) {
    let recorded = release().package("api", "1").record(&app).await;
    let delete = "mutation ($id: ID!) { deleteRelease(input: { release: { id: $id }, reason: \"a test\" }) { ok } }";
    app.mutate(delete, json!({"id": recorded["id"]})).await;
    let events = list(&app, json!({})).await;
    assert_eq!(
        types(&events),
        ["RELEASE_CREATED", "PACKAGE_ADDED", "RELEASE_DELETED"]
    );
    assert_eq!(events["nodes"][2]["release"], Value::Null);
    assert_eq!(events["nodes"][2]["changes"]["reason"]["new"], "a test");
}

async fn a_page_costs_the_same_however_long_it_is(app: TestApp) {
    let query = "{ events(first: 1000, since: \"2026-01-01\") { nodes { type release { id } package { id } } } }";
    let mut costs = Vec::new();
    for _ in 0..2 {
        for _ in 0..10 {
            release().package("api", "1").record(&app).await;
        }
        let before = app.statements();
        app.query(query, json!({})).await;
        costs.push(app.statements() - before);
    }
    // PostgreSQL is asked beforehand how far the history is complete.
    let expected = if app.backend() == Backend::Postgres {
        4
    } else {
        3
    };
    assert_eq!(costs, [expected, expected]);
}

/// A change that has drawn its number and is not stored yet holds back those with greater ones.
async fn nobody_reads_past_what_is_under_way(app: TestApp) {
    if app.backend() == Backend::Sqlite {
        // It has one writer at a time.
        return;
    }
    let first = release().record(&app).await;
    let slow = app.database().begin().await.unwrap();
    let told = event::ActiveModel {
        sequence: NotSet,
        id: Set(Uuid::now_v7()),
        r#type: Set(EventType::NoteAdded),
        occurred_at: Set(app.service().now()),
        recorded_at: Set(app.service().now()),
        actor: Set(None),
        release_id: Set(first["id"].as_str().unwrap().parse().unwrap()),
        package_id: Set(None),
        changes: Set("{}".to_owned()),
    };
    told.insert(&slow).await.unwrap();
    release().package("api", "1").record(&app).await;

    let seen = list(&app, json!({})).await;
    assert_eq!(types(&seen), ["RELEASE_CREATED"]);
    let newest = list(&app, json!({"last": 1})).await;
    assert_eq!(newest["nodes"][0]["id"], seen["nodes"][0]["id"]);
    slow.commit().await.unwrap();
    let after = &seen["pageInfo"]["endCursor"];
    let news = list(&app, json!({"after": after})).await;
    assert_eq!(
        types(&news),
        ["NOTE_ADDED", "RELEASE_CREATED", "PACKAGE_ADDED"]
    );

    // What is taken back holds up nobody, and nobody goes on behind its number: a database that has
    // crashed may give it to another event.
    let last = orlo::service::event::newest(app.service()).await.unwrap();
    let given_up = app.database().begin().await.unwrap();
    let mut told = event::ActiveModel::from(event_of(&app, &first).await);
    told.sequence = NotSet;
    told.id = Set(Uuid::now_v7());
    told.reset_all().insert(&given_up).await.unwrap();
    given_up.rollback().await.unwrap();
    let newest = orlo::service::event::newest(app.service()).await.unwrap();
    assert_eq!(newest, last);
    release().record(&app).await;
    let after = &news["pageInfo"]["endCursor"];
    let news = list(&app, json!({"after": after})).await;
    assert_eq!(types(&news), ["RELEASE_CREATED"]);
}

async fn event_of(app: &TestApp, release: &Value) -> event::Model {
    use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
    let id: Uuid = release["id"].as_str().unwrap().parse().unwrap();
    let found = event::Entity::find().filter(event::Column::ReleaseId.eq(id));
    found.one(&app.database().reader()).await.unwrap().unwrap()
}

async fn requests_for_events_that_make_no_sense_are_refused(app: TestApp) {
    for (arguments, message) in [
        ("first: 0", "first must be between 1 and 1000"),
        (
            "first: 1, last: 1",
            "first and last cannot be given together",
        ),
        ("after: \"x\"", "the cursor in after is damaged"),
    ] {
        let query = format!("{{ events({arguments}) {{ totalCount }} }}");
        let errors = app.errors(&query, json!({})).await;
        assert_eq!(errors[0]["message"], message);
        assert_eq!(errors[0]["extensions"]["code"], "BAD_REQUEST");
    }
    let errors = app
        .errors("{ events(since: \"soon\") { totalCount } }", json!({}))
        .await;
    assert_eq!(errors[0]["extensions"]["code"], "BAD_REQUEST");
}
