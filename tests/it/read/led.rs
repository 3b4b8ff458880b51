//! Releases that are found by a package which each of them must have.

use entity::DeployStatus::{Failed, Successful};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;
use crate::rows::{Row, row, store, time};
use crate::rules::invariants;

on_both_databases!(
    pages_hold_what_a_look_at_each_release_finds,
    a_release_is_where_its_new_start_puts_it,
    those_who_write_without_orlo_need_not_know_the_start,
);

/// Releases of three teams and two users, with many starts the same and some unknown; some have a
/// package of a name twice, and some are deleted or have a deleted package.
fn world() -> Vec<Row> {
    (1..=60).map(one_of_many).collect()
}

fn one_of_many(number: u32) -> Row {
    let key = u128::from(number);
    let mut row = row(key, &format!("r{number}"));
    row.release.started_at =
        (!number.is_multiple_of(7)).then(|| time(i64::from(number * 37 % 20) * 1_000));
    row.release.deleted_at = number.is_multiple_of(11).then(|| time(99_000));
    row.release.team =
        [None, Some("web"), Some("api"), Some("web")][number as usize % 4].map(str::to_owned);
    row.release.user = Some(
        if number.is_multiple_of(5) {
            "ann"
        } else {
            "bob"
        }
        .to_owned(),
    );
    let names = match number % 6 {
        0 => &["app", "app"][..],
        1 => &["app", "db"],
        2 => &["db"],
        3 => &["lib", "app", "db"],
        4 => &["app"],
        _ => &[],
    };
    for (place, name) in (1..).zip(names) {
        row = row.package(key * 100 + place, name, |_| ());
    }
    for (place, package) in row.packages.iter_mut().enumerate() {
        let is_failed = (number as usize / 2 + place).is_multiple_of(3);
        package.status = if is_failed { Failed } else { Successful };
        package.version = Some((number % 4).to_string());
        if (number as usize + place).is_multiple_of(8) {
            package.deleted_at = Some(time(98_000));
        }
    }
    row
}

/// The packages of a release as it was answered, that have this name.
fn named<'a>(release: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    let packages = release["packages"].as_array().unwrap().iter();
    packages.filter(move |package| package["name"] == name)
}

fn has_failed_app(release: &Value) -> bool {
    named(release, "app").any(|package| package["status"] == "FAILED")
}

type Case = (Value, fn(&Value) -> bool);

/// Filters, and what they mean of a release that was answered.
fn cases() -> Vec<Case> {
    let some = |package: Value| json!({ "some": package });
    let app = || json!({ "name": { "eq": "app" } });
    let failed = || json!({ "name": { "eq": "app" }, "status": { "eq": "FAILED" } });
    let range = json!({ "gte": "1970-01-01T00:00:04Z", "lt": "1970-01-01T00:00:15Z" });
    vec![
        (json!({ "packages": some(app()) }), |it| {
            named(it, "app").next().is_some()
        }),
        (
            json!({ "packages": some(failed()), "team": { "eq": "web" } }),
            |it| has_failed_app(it) && it["team"] == "web",
        ),
        (
            json!({ "packages": some(failed()), "team": { "eq": "web" }, "startedAt": range }),
            |it| {
                let start = it["startedAt"].as_str().unwrap_or_default();
                let is_within = ("1970-01-01T00:00:04".."1970-01-01T00:00:15").contains(&start);
                has_failed_app(it) && it["team"] == "web" && is_within
            },
        ),
        (
            json!({ "packages": { "some": failed(), "none": { "name": { "eq": "db" } } } }),
            |it| has_failed_app(it) && named(it, "db").next().is_none(),
        ),
        (
            json!({ "packages": some(failed()), "user": { "eq": "ann" } }),
            |it| has_failed_app(it) && it["user"] == "ann",
        ),
    ]
}

/// The same, where more is asked of a package, or less.
fn cases_of_packages() -> Vec<Case> {
    let some = |package: Value| json!({ "some": package });
    let app = || json!({ "name": { "eq": "app" } });
    let failed = || json!({ "name": { "eq": "app" }, "status": { "eq": "FAILED" } });
    vec![
        (
            json!({
                "packages": some(json!({
                    "name": { "eq": "app" },
                    "or": [{ "version": { "eq": "1" } }, { "status": { "eq": "FAILED" } }],
                })),
                "not": { "team": { "eq": "web" } },
            }),
            |it| {
                let meets =
                    |package: &Value| package["version"] == "1" || package["status"] == "FAILED";
                named(it, "app").any(meets) && it["team"] != "web"
            },
        ),
        (
            json!({ "packages": some(app()), "startedAt": { "isNull": true } }),
            |it| named(it, "app").next().is_some() && it["startedAt"].is_null(),
        ),
        (
            json!({ "packages": some(json!({ "name": { "eq": "APP", "ignoreCase": true } })) }),
            |it| named(it, "app").next().is_some(),
        ),
        (
            json!({ "packages": some(json!({ "name": { "eq": "app" }, "version": { "eq": "1" } })) }),
            |it| named(it, "app").any(|package| package["version"] == "1"),
        ),
        (
            json!({
                "packages": some(json!({ "name": { "eq": "app" }, "status": { "in": ["FAILED"] } })),
                "team": { "in": ["web"] },
            }),
            |it| has_failed_app(it) && it["team"] == "web",
        ),
        (
            json!({ "packages": some(failed()), "team": { "contains": "e" } }),
            |it| has_failed_app(it) && it["team"].as_str().is_some_and(|it| it.contains('e')),
        ),
        (
            json!({ "packages": some(json!({ "name": { "eq": "unheard-of" } })) }),
            |_| false,
        ),
    ]
}

const LIST: &str = "
    query (
        $filter: ReleaseFilter, $order: [ReleaseOrder!]
        $first: Int, $after: String, $last: Int, $before: String, $offset: Int
    ) {
        releases(
            filter: $filter, orderBy: $order
            first: $first, after: $after, last: $last, before: $before, offset: $offset
        ) {
            totalCount
            nodes { externalId team user startedAt packages { name version status } }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }";

fn keys(nodes: &[Value]) -> Vec<String> {
    let keys = nodes.iter().map(|node| node["externalId"].as_str());
    keys.map(|key| key.unwrap().to_owned()).collect()
}

/// All keys in the list, read page by page, forwards or backwards, by two filters in turn that mean the
/// same.
async fn walk(app: &TestApp, filters: [&Value; 2], order: &Value, forwards: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    for filter in filters.into_iter().cycle() {
        let (size, place) = if forwards {
            ("first", "after")
        } else {
            ("last", "before")
        };
        let mut variables = json!({ "filter": filter, "order": order });
        variables[size] = json!(4);
        variables[place] = cursor;
        let data = app.query(LIST, variables).await;
        let list = &data["releases"];
        let page = keys(list["nodes"].as_array().unwrap());
        let (end, more) = if forwards {
            found.extend(page);
            ("endCursor", "hasNextPage")
        } else {
            found.splice(0..0, page);
            ("startCursor", "hasPreviousPage")
        };
        if list["pageInfo"][more] == false {
            assert_eq!(list["totalCount"], found.len(), "{filter}");
            return found;
        }
        cursor = list["pageInfo"][end].clone();
    }
    unreachable!("a list ends")
}

async fn pages_hold_what_a_look_at_each_release_finds(app: TestApp) {
    store(&app, &world()).await;
    let by = |field: &str, direction: &str| json!([{ "field": field, "direction": direction }]);
    let mut two = by("STARTED_AT", "DESC");
    let second = by("TEAM", "ASC")[0].take();
    two.as_array_mut().unwrap().push(second);
    let orders = [
        by("STARTED_AT", "DESC"),
        by("STARTED_AT", "ASC"),
        by("TEAM", "ASC"),
        two,
    ];
    for order in orders {
        let all = json!({ "order": order, "first": 100 });
        let all = app.query(LIST, all).await;
        let all = all["releases"]["nodes"].as_array().unwrap().clone();
        assert_eq!(all.len(), 55);
        for (filter, meets) in cases().into_iter().chain(cases_of_packages()) {
            let expected: Vec<_> = all.iter().filter(|it| meets(it)).cloned().collect();
            let expected = keys(&expected);
            assert_eq!(
                expected.is_empty(),
                filter.to_string().contains("unheard-of"),
                "{filter}"
            );
            for forwards in [true, false] {
                // In a combination it is found by looking at each release; cursors are the same.
                let looked = json!({ "and": [filter] });
                for filters in [[&filter, &filter], [&looked, &looked], [&filter, &looked]] {
                    let found = walk(&app, filters, &order, forwards).await;
                    assert_eq!(found, expected, "{filter} by {order}, forwards: {forwards}");
                }
            }
            let variables = json!({ "filter": filter, "order": order, "first": 3, "offset": 2 });
            let data = app.query(LIST, variables).await;
            let page = keys(data["releases"]["nodes"].as_array().unwrap());
            let rest: Vec<_> = expected.iter().skip(2).take(3).cloned().collect();
            assert_eq!(page, rest, "{filter} by {order}");
        }
    }
}

async fn keys_of_app(app: &TestApp) -> Vec<String> {
    let filter = json!({ "packages": { "some": { "name": { "eq": "app" } } } });
    walk(app, [&filter; 2], &Value::Null, true).await
}

async fn a_release_is_where_its_new_start_puts_it(app: TestApp) {
    for (key, start) in [
        ("a", "2026-02-01"),
        ("b", "2026-02-02"),
        ("c", "2026-02-03"),
    ] {
        let release = release().external_id(key).started(start);
        release
            .package("app", "1")
            .package("db", "1")
            .record(&app)
            .await;
    }
    assert_eq!(keys_of_app(&app).await, ["c", "b", "a"]);
    for (change, expected) in [
        (
            "release: {externalId: \"a\"}, startedAt: \"2026-02-04\"",
            ["a", "c", "b"],
        ),
        (
            "release: {externalId: \"c\"}, clear: [STARTED_AT]",
            ["a", "b", "c"],
        ),
        (
            "release: {externalId: \"c\"}, startedAt: \"2026-02-03\"",
            ["a", "c", "b"],
        ),
    ] {
        let mutation = format!("mutation {{ updateRelease(input: {{{change}}}) {{ ok }} }}");
        assert_eq!(app.mutate(&mutation, json!({})).await["ok"], true);
        assert_eq!(keys_of_app(&app).await, expected, "{change}");
        invariants::check(&app).await;
    }
    // Packages that have times of their own do not change with the release.
    let times = json!({
        "name": "db", "startedAt": "2026-02-05T10:00:00Z", "finishedAt": "2026-02-05T11:00:00Z",
    });
    let release = release().external_id("d").started("2026-02-05");
    release.package_with(times).record(&app).await;
    let query = "{ release(by: { externalId: \"d\" }) { packages { effectiveAt updatedAt } } }";
    let before = app.query(query, json!({})).await;
    app.set_now("2026-03-02T00:00:00Z");
    let mutation = "mutation { updateRelease(input: {
        release: {externalId: \"d\"}, startedAt: \"2026-02-04\" }) { ok } }";
    assert_eq!(app.mutate(mutation, json!({})).await["ok"], true);
    assert_eq!(app.query(query, json!({})).await, before);
    invariants::check(&app).await;
}

async fn those_who_write_without_orlo_need_not_know_the_start(app: TestApp) {
    for (key, start) in [("a", "2026-02-01"), ("b", "2026-02-02")] {
        let release = release().external_id(key).started(start);
        release.package("app", "1").record(&app).await;
    }
    let backend = app.database().backend();
    let id = match backend {
        DbBackend::Postgres => "gen_random_uuid()",
        _ => "randomblob(16)",
    };
    let columns = "release_id, external_id, name, version, status, rollback, rollback_told, \
                   diff_url, commit_sha, committed_at, started_at, finished_at, duration_ms, \
                   effective_at, inferred_fields, created_at, updated_at, deleted_at";
    let values = columns.replace("external_id", "NULL");
    let copy = format!(
        "INSERT INTO package (id, position, {columns}) SELECT {id}, 1, {values} FROM package"
    );
    let writer = app.database().writer();
    let write = async |sql: String| {
        let statement = Statement::from_string(backend, sql);
        writer.execute_raw(statement).await.unwrap();
    };
    write(copy).await;
    let starts = "SELECT count(*) AS count FROM package JOIN release ON release.id = release_id
        WHERE release_started_at = release.started_at";
    let known = async || {
        let statement = Statement::from_string(backend, starts);
        let row = writer.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get::<i64>("", "count").unwrap()
    };
    assert_eq!(known().await, 4);
    write("UPDATE release SET started_at = started_at + 1000".to_owned()).await;
    assert_eq!(known().await, 4);
    assert_eq!(keys_of_app(&app).await, ["b", "a"]);
    let to_a = "(SELECT id FROM release WHERE external_id = 'a')";
    write(format!(
        "UPDATE package SET release_id = {to_a} WHERE position = 1"
    ))
    .await;
    assert_eq!(known().await, 4);
    write("UPDATE release SET started_at = NULL WHERE external_id = 'b'".to_owned()).await;
    assert_eq!(known().await, 3);
    assert_eq!(keys_of_app(&app).await, ["a", "b"]);
    if backend == DbBackend::Postgres {
        write(new_release_with_package(id, columns, &values)).await;
        assert_eq!(known().await, 4);
    }
}

/// One statement for both, as Orlo writes them, in which the package may go in first.
fn new_release_with_package(id: &str, columns: &str, values: &str) -> String {
    let new = "'01a21bf1-099a-741e-9ba2-93203c02eeff'::uuid";
    let release = "\"user\", team, started_at, finished_at, start_told, recorded, success, \
                       status, rollback, partial, package_count, duration_ms, inferred_fields, \
                       created_at, updated_at, deleted_at";
    let values = values.replace("release_id", new);
    format!(
        "WITH one AS (
                 INSERT INTO release (id, external_id, {release})
                     SELECT {new}, 'new', {release} FROM release WHERE external_id = 'a'
             ), other AS (
                 INSERT INTO package (id, position, {columns})
                     SELECT {id}, 9, {values} FROM package LIMIT 1
             ) SELECT 1"
    )
}
