//! Subscriptions.

use std::collections::HashSet;

use orlo::service::Settings;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::subscriber::{EventStream, Subscriber, open};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    a_change_is_told_to_those_who_follow,
    what_happens_from_now_on_is_told_and_nothing_before,
    what_was_missed_comes_first,
    a_thousand_changes_between_replay_and_live_come_once_and_in_order,
    a_filter_looks_at_the_record_after_the_change,
    deletions_are_told_with_what_was_deleted,
    packages_are_followed_apart_from_their_releases,
    a_filter_is_asked_once_for_all_who_have_it,
    who_falls_too_far_behind_is_sent_away_with_a_cursor,
    subscriptions_that_make_no_sense_are_refused,
    failures_end_a_subscription_and_tell_nothing_of_the_database,
);

const RELEASES: &str = "
    subscription ($filter: ReleaseFilter, $after: String) {
        releaseChanged(filter: $filter, after: $after) {
            release { id user packages { name } } cursor event { id type package { name } }
        }
    }";
const PACKAGES: &str = "
    subscription ($filter: PackageFilter, $after: String) {
        packageChanged(filter: $filter, after: $after) {
            cursor event { type } package { id name status release { id } }
        }
    }";
/// Nothing but what costs no question.
pub const BARE: &str = "
    subscription ($filter: ReleaseFilter, $after: String) {
        releaseChanged(filter: $filter, after: $after) { cursor event { id } }
    }";

/// Records something, to have a cursor to begin at.
pub async fn begin(app: &TestApp) -> Value {
    release().record(app).await;
    end(app).await
}

/// A subscription that has something to tell at once.
pub async fn eager(app: &TestApp) -> String {
    let after = begin(app).await;
    release().record(app).await;
    format!("subscription {{ releaseChanged(after: {after}) {{ cursor }} }}")
}

/// The cursor of the last event there is.
async fn end(app: &TestApp) -> Value {
    let query = "{ events(last: 1) { pageInfo { endCursor } } }";
    app.query(query, json!({})).await["events"]["pageInfo"]["endCursor"].take()
}

/// The ids and cursors of all events.
pub async fn all_events(app: &TestApp) -> Vec<(Value, Value)> {
    let query = "
        query ($after: String) {
            events(first: 1000, after: $after) { edges { cursor node { id } } pageInfo { endCursor hasNextPage } }
        }";
    let mut events = Vec::new();
    let mut after = Value::Null;
    loop {
        let page = app.query(query, json!({"after": after})).await["events"].take();
        for edge in page["edges"].as_array().unwrap() {
            events.push((edge["node"]["id"].clone(), edge["cursor"].clone()));
        }
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            return events;
        }
    }
}

/// What the next `count` changes are about.
pub async fn next_events(subscriber: &mut Subscriber, count: usize) -> Vec<(Value, Value)> {
    let mut events = Vec::new();
    for _ in 0..count {
        let change = subscriber.next().await["releaseChanged"].take();
        events.push((change["event"]["id"].clone(), change["cursor"].clone()));
    }
    events
}

async fn types(subscriber: &mut Subscriber, field: &str, count: usize) -> Vec<String> {
    let mut types = Vec::new();
    for _ in 0..count {
        let data = subscriber.next().await;
        types.push(data[field]["event"]["type"].as_str().unwrap().to_owned());
    }
    types
}

async fn call(app: &TestApp, mutation: &str, release: &Value) {
    let mutation =
        format!("mutation ($id: ID!) {{ {mutation} {{ ok userErrors {{ message }} }} }}");
    let payload = app.mutate(&mutation, json!({"id": release["id"]})).await;
    assert_eq!(payload["ok"], true, "{payload:#}");
}

async fn a_change_is_told_to_those_who_follow(app: TestApp) {
    let after = begin(&app).await;
    let mut releases = Subscriber::start(&app, RELEASES, json!({"after": after}));
    let mut packages = Subscriber::start(&app, PACKAGES, json!({"after": after}));
    let recorded = release().user("ann").package("api", "1").record(&app).await;
    let first = releases.next().await["releaseChanged"].take();
    assert_eq!(first["event"]["type"], "RELEASE_CREATED");
    assert_eq!(first["release"]["id"], recorded["id"]);
    assert_eq!(first["release"]["user"], "ann");
    assert_eq!(first["release"]["packages"], json!([{"name": "api"}]));
    let fields: Vec<&String> = first.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 3);
    let second = releases.next().await["releaseChanged"].take();
    assert_eq!(second["event"]["type"], "PACKAGE_ADDED");
    assert_eq!(second["event"]["package"]["name"], "api");
    let added = packages.next().await["packageChanged"].take();
    assert_eq!(added["cursor"], second["cursor"]);
    assert_eq!(added["package"]["id"], recorded["packages"][0]["id"]);
    assert_eq!(added["package"]["release"]["id"], recorded["id"]);
    assert_eq!(end(&app).await, second["cursor"]);
    call(
        &app,
        "addNote(input: { release: { id: $id }, text: \"x\" })",
        &recorded,
    )
    .await;
    assert_eq!(
        types(&mut releases, "releaseChanged", 1).await,
        ["NOTE_ADDED"]
    );
}

async fn what_happens_from_now_on_is_told_and_nothing_before(app: TestApp) {
    for _ in 0..3 {
        release().record(&app).await;
    }
    let before: HashSet<String> = all_events(&app)
        .await
        .into_iter()
        .map(|(id, _)| id.to_string())
        .collect();
    let mut subscriber = Subscriber::start(&app, RELEASES, json!({}));
    // It begins when it begins: until then changes pass by.
    let first = loop {
        release().record(&app).await;
        tokio::select! {
            data = subscriber.next() => break data,
            () = tokio::time::sleep(std::time::Duration::from_millis(20)) => {}
        }
    };
    let first = &first["releaseChanged"]["event"]["id"];
    assert!(!before.contains(&first.to_string()));
    let all = all_events(&app).await;
    let place = all.iter().position(|(id, _)| id == first).unwrap();
    let rest = next_events(&mut subscriber, all.len() - place - 1).await;
    assert_eq!(rest, all[place + 1..]);
}

async fn what_was_missed_comes_first(app: TestApp) {
    let missed: Vec<Value> = (0..450)
        .map(|index| json!({"user": format!("user {index}")}))
        .collect();
    let import = "mutation ($input: ImportReleasesInput!) { importReleases(input: $input) { ok } }";
    let after = begin(&app).await;
    app.mutate(import, json!({"input": {"releases": missed}}))
        .await;
    let mut subscriber = Subscriber::start(&app, BARE, json!({"after": after}));
    let mut seen = next_events(&mut subscriber, 450).await;
    release().record(&app).await;
    seen.extend(next_events(&mut subscriber, 1).await);
    assert_eq!(seen, all_events(&app).await[1..]);

    // From the beginning, for those who have nothing but a filter.
    let from_cursor = &seen[200].1;
    let filter = json!({"user": {"in": ["user 300", "user 100"]}});
    let arguments = json!({"after": from_cursor, "filter": filter});
    let mut subscriber = Subscriber::start(&app, RELEASES, arguments);
    let change = subscriber.next().await["releaseChanged"].take();
    assert_eq!(change["release"]["user"], "user 300");
}

async fn a_thousand_changes_between_replay_and_live_come_once_and_in_order(app: TestApp) {
    const WRITERS: usize = 10;
    const EACH: usize = 100;
    for _ in 0..300 {
        release().record(&app).await;
    }
    let before = all_events(&app).await;
    let sibling = app.sibling().await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let app = [&app, &sibling][writer % 2].clone();
        writers.spawn(async move {
            for _ in 0..EACH {
                release().record(&app).await;
            }
        });
    }
    // They join at different moments of the load, from different places.
    let mut subscribers = Vec::new();
    for place in [0, 100, 299, 150, 0] {
        let after = json!({"after": before[place].1});
        let app = [&app, &sibling][place % 2].clone();
        subscribers.push((place, Subscriber::start(&app, BARE, after)));
        release().record(&app).await;
    }
    writers.join_all().await;
    let all = all_events(&app).await;
    assert_eq!(all.len(), 300 + WRITERS * EACH + subscribers.len());
    for (place, mut subscriber) in subscribers {
        let seen = next_events(&mut subscriber, all.len() - place - 1).await;
        assert!(
            seen == all[place + 1..],
            "from {place}: other events than there are"
        );
    }
}

async fn a_filter_looks_at_the_record_after_the_change(app: TestApp) {
    let after = begin(&app).await;
    let filter =
        json!({"team": {"eq": "shop"}, "packages": {"some": {"name": {"startsWith": "a"}}}});
    let mut shop = Subscriber::start(&app, RELEASES, json!({"after": after, "filter": filter}));
    release()
        .team("shop")
        .package("web", "1")
        .record(&app)
        .await;
    release()
        .team("other")
        .package("api", "1")
        .record(&app)
        .await;
    let ours = release()
        .team("shop")
        .package("api", "1")
        .record(&app)
        .await;
    let change = shop.next().await["releaseChanged"].take();
    assert_eq!(change["release"]["id"], ours["id"]);
    assert_eq!(
        types(&mut shop, "releaseChanged", 1).await,
        ["PACKAGE_ADDED"]
    );
    call(
        &app,
        "updateRelease(input: { release: { id: $id }, team: \"other\" })",
        &ours,
    )
    .await;
    // That moved it away, so it is not told; and this moves it here.
    let last = release().team("other").package("a", "1").record(&app).await;
    call(
        &app,
        "updateRelease(input: { release: { id: $id }, team: \"shop\" })",
        &last,
    )
    .await;
    loop {
        // Those before may be told too where it has come here in the meantime.
        let change = shop.next().await["releaseChanged"].take();
        assert_eq!(change["release"]["id"], last["id"]);
        if change["event"]["type"] == "RELEASE_UPDATED" {
            break;
        }
    }
}

async fn deletions_are_told_with_what_was_deleted(app: TestApp) {
    let gone = release()
        .user("ann")
        .package("api", "1")
        .platforms(["prod"])
        .record(&app)
        .await;
    let kept = release()
        .user("bob")
        .package("api", "2")
        .platforms(["prod"])
        .record(&app)
        .await;
    let after = end(&app).await;
    let filter = json!({
        "platforms": {"has": "prod"},
        "packages": {"some": {"name": {"eq": "api"}}, "every": {"name": {"eq": "api"}}},
    });
    let mut releases = Subscriber::start(&app, RELEASES, json!({"after": after, "filter": filter}));
    call(
        &app,
        "deleteRelease(input: { release: { id: $id } })",
        &gone,
    )
    .await;
    let change = releases.next().await["releaseChanged"].take();
    assert_eq!(change["event"]["type"], "RELEASE_DELETED");
    assert_eq!(change["release"]["user"], "ann");

    let filter = json!({"name": {"eq": "api"}, "release": {"platforms": {"has": "prod"}}});
    let arguments = json!({"after": after, "filter": filter});
    let mut packages = Subscriber::start(&app, PACKAGES, arguments);
    let delete =
        "deletePackage(input: { package: { inRelease: { release: { id: $id }, name: \"api\" } } })";
    call(&app, delete, &kept).await;
    let change = packages.next().await["packageChanged"].take();
    assert_eq!(change["event"]["type"], "PACKAGE_DELETED");
    assert_eq!(change["package"]["id"], kept["packages"][0]["id"]);
    // Its package was deleted from it, so the release is not like that any more.
    release()
        .user("eve")
        .package("api", "3")
        .platforms(["prod"])
        .record(&app)
        .await;
    let change = releases.next().await["releaseChanged"].take();
    assert_eq!(change["release"]["user"], "eve");

    // Who comes later hears of it all the same.
    let filter = json!({"release": {"user": {"eq": "ann"}}});
    let from_start = all_events(&app).await[0].1.clone();
    let arguments = json!({"after": from_start, "filter": filter});
    let mut packages = Subscriber::start(&app, PACKAGES, arguments);
    let change = packages.next().await["packageChanged"].take();
    assert_eq!(change["package"]["id"], gone["packages"][0]["id"]);
}

async fn packages_are_followed_apart_from_their_releases(app: TestApp) {
    let after = begin(&app).await;
    let recorded = release()
        .package("api", "1")
        .package("web", "1")
        .record(&app)
        .await;
    call(
        &app,
        "addNote(input: { release: { id: $id }, text: \"x\" })",
        &recorded,
    )
    .await;
    let result = "addResult(input: { package: { inRelease: { release: { id: $id }, name: \"web\" } }, content: \"log\" })";
    call(&app, result, &recorded).await;
    let mut packages = Subscriber::start(&app, PACKAGES, json!({"after": after}));
    let expected = ["PACKAGE_ADDED", "PACKAGE_ADDED", "RESULT_ADDED"];
    assert_eq!(types(&mut packages, "packageChanged", 3).await, expected);
    let filter = json!({"name": {"eq": "web"}});
    let mut web = Subscriber::start(&app, PACKAGES, json!({"after": after, "filter": filter}));
    assert_eq!(
        types(&mut web, "packageChanged", 2).await,
        ["PACKAGE_ADDED", "RESULT_ADDED"]
    );
}

async fn a_filter_is_asked_once_for_all_who_have_it(app: TestApp) {
    let after = begin(&app).await;
    let filter = json!({"user": {"eq": "ann"}});
    let start = |_| Subscriber::start(&app, BARE, json!({"after": after, "filter": filter}));
    let mut subscribers: Vec<Subscriber> = (0..50).map(start).collect();
    release().user("ann").record(&app).await;
    for subscriber in &mut subscribers {
        next_events(subscriber, 1).await;
    }
    // Now all of them are live.
    let before = app.statements();
    for _ in 0..5 {
        release().user("ann").record(&app).await;
        for subscriber in &mut subscribers {
            next_events(subscriber, 1).await;
        }
    }
    let cost = app.statements() - before;
    assert!(
        cost < 100,
        "5 changes cost {cost} statements with 50 subscribers"
    );
}

async fn who_falls_too_far_behind_is_sent_away_with_a_cursor(app: TestApp) {
    let settings = Settings {
        max_backlog: 20,
        ..Settings::default()
    };
    let app = app.with_settings(settings).await;
    let start = release().record(&app).await;
    let after = end(&app).await;
    let body = open(app.router().clone(), BARE, json!({"after": after})).await;
    let mut slow = EventStream::new(body);
    let mut quick = Subscriber::start(&app, BARE, json!({"after": after}));
    let mut seen = Value::Null;
    // The first may still be one that was missed; with the second it has caught up.
    for _ in 0..2 {
        let note = "addNote(input: { release: { id: $id }, text: \"x\" })";
        call(&app, note, &start).await;
        next_events(&mut quick, 1).await;
        let (_, answer) = slow.next().await.unwrap();
        seen = answer["data"]["releaseChanged"]["cursor"].clone();
    }
    for _ in 0..50 {
        release().record(&app).await;
        next_events(&mut quick, 1).await;
    }
    let (name, answer) = slow.next().await.unwrap();
    assert_eq!(name, "next");
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "LIMIT_EXCEEDED", "{answer:#}");
    assert_eq!(error["extensions"]["cursor"], seen);
    assert_eq!(slow.next().await.unwrap().0, "complete");
    assert_eq!(slow.next().await, None);

    let mut again = Subscriber::start(&app, BARE, json!({"after": seen}));
    let rest = next_events(&mut again, 50).await;
    assert_eq!(rest, all_events(&app).await[3..]);
}

async fn subscriptions_that_make_no_sense_are_refused(app: TestApp) {
    release().record(&app).await;
    let ahead = orlo::service::event::cursor(1_000_000);
    let nul = json!({"user": {"eq": "\0"}});
    let cases = [
        (
            RELEASES,
            json!({"after": "x"}),
            "the cursor in after is damaged",
        ),
        (
            PACKAGES,
            json!({"after": ahead}),
            "the cursor in after is ahead of all events of this database",
        ),
        (
            RELEASES,
            json!({"filter": nul}),
            "a text in a filter must not contain the character NUL",
        ),
        (
            "subscription { nothing }",
            json!({}),
            "Unknown field \"nothing\" on type \"Subscription\".",
        ),
    ];
    for (query, variables, message) in cases {
        let errors = Subscriber::start(&app, query, variables).errors().await;
        assert_eq!(errors[0]["message"], message, "{errors:#}");
        assert_eq!(errors[0]["extensions"]["code"], "BAD_REQUEST");
    }
}

async fn failures_end_a_subscription_and_tell_nothing_of_the_database(app: TestApp) {
    use sea_orm::ConnectionTrait as _;
    let after = begin(&app).await;
    let query = "
        subscription ($after: String) {
            releaseChanged(after: $after) { cursor release { notes { text } } }
        }";
    let mut subscriber = Subscriber::start(&app, query, json!({"after": after}));
    release().record(&app).await;
    subscriber.next().await;
    let drop = "DROP TABLE release_note";
    app.database()
        .writer()
        .execute_unprepared(drop)
        .await
        .unwrap();
    release().record(&app).await;
    let errors = subscriber.errors().await;
    assert_eq!(errors[0]["message"], "internal error");
    assert_eq!(errors[0]["extensions"]["code"], "INTERNAL");
    assert!(!errors.to_string().contains("release_note"), "{errors:#}");
}
