//! What belongs to records, and what there is to say about many of them.

use std::collections::HashMap;

use entity::row::Columns;
use entity::{event as event_row, failure};
use orlo::service::event::{self, EventFilter};
use orlo::service::filter::{ReleaseFilter, StringFilter};
use orlo::service::page::PageArgs;
use orlo::service::reference::{PackageRef, ReleaseRef};
use orlo::service::summary::{self, NameSummary, SummaryKind};
use orlo::service::{package, platform, release};
use sea_orm::{EntityTrait, IntoActiveModel, NotSet};
use uuid::Uuid;

use crate::app::{TestApp, on_both_databases};
use crate::rows::{Row, id, row, store, store_platforms, time};

on_both_databases!(
    what_belongs_to_releases_is_found_in_order,
    references_lead_to_one_living_record_or_to_none,
    platforms_exist_while_a_release_names_them,
    people_are_counted_by_name,
    any_number_of_ids_fits_into_one_statement,
    events_come_in_the_order_of_their_recording,
);

/// Names that would break out of badly written SQL or lists.
const ODD: &str = r#"{"a\",null}'; --"#;

fn world() -> Vec<Row> {
    let mut a = row(1, "a").package(11, "api", |package| package.version = Some("1".to_owned()));
    a = a.package(12, "api", |package| package.version = Some("2".to_owned()));
    a = a.package(13, "web", |package| {
        package.external_id = Some("w".to_owned());
    });
    a = a.package(14, "old", |package| package.deleted_at = Some(time(1)));
    a.release.user = Some(ODD.to_owned());
    a.release.started_at = Some(time(5_000));
    a.release.finished_at = Some(time(9_000));
    a.platforms = vec![id(2), id(1)];
    a.references = vec!["z", "a"];
    a.notes = vec!["first", "second"];
    a.metadata = vec![("b", "1"), ("a", "2"), ("B", "3")];
    let mut b = row(2, "b").package(21, "api", |_| {});
    b.release.finished_at = Some(time(7_000));
    b.release.user = Some("ann".to_owned());
    b.platforms = vec![id(2)];
    let mut c = row(3, "c");
    c.release.user = Some("ann".to_owned());
    let d = row(4, "d");
    let mut gone = row(5, "gone");
    gone.release.deleted_at = Some(time(1));
    gone.release.user = Some("ann".to_owned());
    gone.platforms = vec![id(1), id(3)];
    vec![a, b, c, d, gone.package(51, "api", |_| {})]
}

async fn prepare(app: &TestApp) {
    store_platforms(app, &["prod", ODD, "forgotten"]).await;
    store(app, &world()).await;
}

async fn what_belongs_to_releases_is_found_in_order(app: TestApp) {
    prepare(&app).await;
    let service = app.service();
    let ids = [id(1), id(2), id(3), Uuid::nil()];
    let platforms = release::platforms(service, &ids).await.unwrap();
    let names = |id| -> Vec<&str> {
        let platforms = platforms.get(&id).into_iter().flatten();
        platforms.map(|platform| platform.name.as_str()).collect()
    };
    assert_eq!(names(id(1)), [ODD, "prod"]);
    assert_eq!(names(id(2)), [ODD]);
    assert!(!platforms.contains_key(&id(3)));
    let references = release::references(service, &ids).await.unwrap();
    let expected = [(id(1), vec!["z".to_owned(), "a".to_owned()])];
    assert_eq!(references, HashMap::from(expected));
    let notes = release::notes(service, &ids).await.unwrap();
    let texts = notes[&id(1)].iter().map(|note| note.text.as_str());
    assert_eq!(texts.collect::<Vec<_>>(), ["first", "second"]);
    let metadata = release::metadata(service, &ids).await.unwrap();
    let keys = metadata[&id(1)].iter().map(|entry| entry.key.as_str());
    assert_eq!(keys.collect::<Vec<_>>(), ["B", "a", "b"]);
    let packages = package::of_releases(service, &ids, (None, Columns::ALL))
        .await
        .unwrap();
    let of_a = packages[&id(1)].iter().map(|package| package.id);
    assert_eq!(of_a.collect::<Vec<_>>(), [id(11), id(12), id(13)]);

    let failed = |number, release: u128, detected_at| failure::Model {
        id: id(number),
        release_id: id(release),
        package_id: None,
        detected_at: time(detected_at),
        resolved_at: None,
        resolved_by_id: None,
        reference: None,
        description: None,
        created_at: time(0),
        updated_at: time(0),
    };
    let failures = [failed(91, 1, 20), failed(92, 1, 10), failed(93, 5, 1)];
    let rows = failures.map(IntoActiveModel::into_active_model);
    let insert = failure::Entity::insert_many(rows);
    let writer = app.database().writer();
    insert.exec_without_returning(writer).await.unwrap();
    let failures = release::failures(service, &[id(1), id(5)]).await.unwrap();
    let ids = failures[&id(1)].iter().map(|failure| failure.id);
    assert_eq!(ids.collect::<Vec<_>>(), [id(92), id(91)]);
    assert!(!failures.contains_key(&id(5)));
    let by_ids = release::failures_by_ids(service, &[id(91), id(93)]).await;
    assert_eq!(by_ids.unwrap().into_keys().collect::<Vec<_>>(), [id(91)]);
}

async fn references_lead_to_one_living_record_or_to_none(app: TestApp) {
    prepare(&app).await;
    let of = |text: &str| text.to_owned();
    for (reference, expected) in [
        (ReleaseRef::Id(id(1).to_string()), Some(id(1))),
        (ReleaseRef::Id(of("1")), None),
        (ReleaseRef::Id(id(5).to_string()), None),
        (ReleaseRef::ExternalId(of("b")), Some(id(2))),
        (ReleaseRef::ExternalId(of("B")), None),
        (ReleaseRef::ExternalId(of("gone")), None),
        (ReleaseRef::ExternalId(of("a\0")), None),
    ] {
        let found = release::find(app.service(), &reference, Columns::ALL);
        let found = found.await.unwrap();
        assert_eq!(found.map(|found| found.id), expected, "{reference:?}");
    }
    let inside = |release: &str, name: &str, version: Option<&str>| PackageRef::InRelease {
        release: ReleaseRef::ExternalId(of(release)),
        name: of(name),
        version: version.map(of),
    };
    for (reference, expected) in [
        (PackageRef::Id(id(13).to_string()), Some(id(13))),
        (PackageRef::Id(id(14).to_string()), None),
        (PackageRef::ExternalId(of("w")), Some(id(13))),
        (PackageRef::ExternalId(of("w\0")), None),
        (inside("a", "web", None), Some(id(13))),
        (inside("a", "web", Some("1")), None),
        (inside("a", "api", None), None),
        (inside("a", "api", Some("2")), Some(id(12))),
        (inside("a", "old", None), None),
        (inside("a", "?\0", None), None),
        (inside("gone", "api", None), None),
        (inside("?", "api", None), None),
    ] {
        let found = package::find(app.service(), &reference).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected, "{reference:?}");
    }
    let ids = [id(1), id(5), id(99)];
    let found = release::by_ids(app.service(), &ids, Columns::ALL)
        .await
        .unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [id(1)]);
    let found = package::by_ids(app.service(), &[id(13), id(14), id(51)], Columns::ALL).await;
    assert_eq!(found.unwrap().into_keys().collect::<Vec<_>>(), [id(13)]);
}

async fn platforms_exist_while_a_release_names_them(app: TestApp) {
    prepare(&app).await;
    let service = app.service();
    for (name, expected) in [
        ("prod", Some(id(1))),
        (ODD, Some(id(2))),
        ("forgotten", None),
        ("Prod", None),
        ("\0", None),
    ] {
        let found = platform::find(service, name).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected, "{name}");
    }
    let ids = [id(1), id(2), id(3)];
    let mut known: Vec<_> = platform::by_ids(service, &ids)
        .await
        .unwrap()
        .into_keys()
        .collect();
    known.sort();
    assert_eq!(known, [id(1), id(2)]);
    let summaries = platform::summaries(service, &ids).await.unwrap();
    assert_eq!(summaries.len(), 2);
    let summary = summaries[&id(2)];
    assert_eq!(summary.release_count, 2);
    assert_eq!(summary.first_released_at, Some(time(5_000)));
    assert_eq!(summary.last_released_at, Some(time(7_000)));
    let filter = ReleaseFilter {
        user: Some(StringFilter {
            eq: Some("ann".to_owned()),
            ..StringFilter::default()
        }),
        ..ReleaseFilter::default()
    };
    let counts = platform::release_counts(service, &ids, &filter)
        .await
        .unwrap();
    assert_eq!(counts, HashMap::from([(id(2), 1)]));
}

async fn people_are_counted_by_name(app: TestApp) {
    prepare(&app).await;
    let service = app.service();
    let told = |summaries: Vec<NameSummary>| -> Vec<(Option<String>, u64)> {
        let counts = summaries.into_iter();
        counts
            .map(|summary| (summary.name, summary.release_count))
            .collect()
    };
    let ann = || Some("ann".to_owned());
    let odd = || Some(ODD.to_owned());
    let users = summary::users(service, None).await.unwrap();
    assert_eq!(told(users), [(ann(), 2), (odd(), 1), (None, 1)]);
    let users = summary::users(service, Some(ODD)).await.unwrap();
    assert_eq!(told(users), [(ann(), 1), (odd(), 1)]);
    let teams = summary::teams(service, None).await.unwrap();
    assert_eq!(told(teams), [(None, 4)]);

    let all = ReleaseFilter::default();
    let names = [ann(), odd(), None, Some("nobody".to_owned())];
    let counts = summary::release_counts(service, SummaryKind::User, &names, &all).await;
    let expected = [(ann(), 2), (odd(), 1), (None, 1)];
    assert_eq!(counts.unwrap(), HashMap::from(expected));
    let names = [Some("api".to_owned())];
    let counts = summary::release_counts(service, SummaryKind::Package, &names, &all).await;
    let expected = HashMap::from([(Some("api".to_owned()), 2)]);
    assert_eq!(counts.unwrap(), expected, "releases, not packages");
    let api = summary::package(service, "api").await.unwrap().unwrap();
    assert_eq!(
        (api.release_count, api.first_released_at),
        (2, Some(time(5_000)))
    );
    assert_eq!(summary::package(service, "old").await.unwrap(), None);
    assert_eq!(summary::package(service, "\0").await.unwrap(), None);
    let page = summary::packages(
        service,
        None,
        Some("prod"),
        (&[], true),
        PageArgs::default(),
    )
    .await;
    let names = page.unwrap().rows.into_iter().map(|row| row.row.name);
    assert_eq!(names.flatten().collect::<Vec<_>>(), ["api", "web"]);
    let count = summary::package_count(service, None, Some("prod")).await;
    assert_eq!(count.unwrap(), 2);
}

async fn any_number_of_ids_fits_into_one_statement(app: TestApp) {
    prepare(&app).await;
    let ids: Vec<Uuid> = (1..100_000).map(id).collect();
    let before = app.statements();
    let platforms = release::platforms(app.service(), &ids).await.unwrap();
    assert_eq!(
        platforms.len(),
        3,
        "of deleted releases as well, if anybody asks"
    );
    let packages = package::of_releases(app.service(), &ids, (None, Columns::ALL))
        .await
        .unwrap();
    assert_eq!(packages.len(), 2);
    let names: Vec<_> = (0..50_000)
        .map(|number| Some(format!("{number}")))
        .collect();
    let all = ReleaseFilter::default();
    let counts = summary::release_counts(app.service(), SummaryKind::Team, &names, &all);
    assert!(counts.await.unwrap().is_empty());
    assert_eq!(app.statements() - before, 3);
    let none = release::notes(app.service(), &[]).await.unwrap();
    assert!(none.is_empty());
}

async fn events_come_in_the_order_of_their_recording(app: TestApp) {
    prepare(&app).await;
    let happened = |sequence: i64, release: u128| event_row::Model {
        sequence,
        id: Uuid::now_v7(),
        r#type: entity::EventType::ReleaseCreated,
        occurred_at: time(0),
        recorded_at: time(10 * sequence),
        actor: None,
        release_id: id(release),
        package_id: None,
        changes: "{}".to_owned(),
    };
    let events = [
        happened(1, 1),
        happened(2, 5),
        happened(3, 1),
        happened(4, 2),
    ];
    let rows = events.map(counted_by_the_database);
    let insert = event_row::Entity::insert_many(rows);
    let writer = app.database().writer();
    insert.exec_without_returning(writer).await.unwrap();

    let service = app.service();
    let args = PageArgs {
        first: Some(1),
        ..PageArgs::default()
    };
    let pages = event::of_releases(service, &[id(1), id(2), id(3)], args)
        .await
        .unwrap();
    assert_eq!(pages.len(), 2);
    assert!(pages[&id(1)].has_next_page);
    assert_eq!(pages[&id(1)].rows[0].row.sequence, 1);
    assert_eq!(pages[&id(1)].rows[0].cursor, event::cursor(1));
    assert!(!pages[&id(2)].has_next_page);
    let counts = event::counts(service, &[id(1), id(2), id(3)])
        .await
        .unwrap();
    assert_eq!(counts, HashMap::from([(id(1), 2), (id(2), 1)]));
    let filter = EventFilter {
        types: Some(vec![entity::EventType::ReleaseCreated]),
        since: Some(time(20)),
    };
    let args = PageArgs {
        after: Some(event::cursor(2)),
        ..PageArgs::default()
    };
    let page = event::list(service, &filter, args).await.unwrap();
    let found = page.rows.into_iter().map(|row| row.row.sequence);
    assert_eq!(found.collect::<Vec<_>>(), [3, 4]);
    assert_eq!(event::count(service, &filter).await.unwrap(), 3);
    let none = EventFilter {
        types: Some(Vec::new()),
        since: None,
    };
    assert_eq!(event::count(service, &none).await.unwrap(), 0);
}

fn counted_by_the_database(event: event_row::Model) -> event_row::ActiveModel {
    event_row::ActiveModel {
        sequence: NotSet,
        ..event.into_active_model()
    }
}
