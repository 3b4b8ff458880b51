//! What filters find, on a few releases of every shape.

use entity::DeployStatus::{Failed, InProgress, NotStarted};
use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::rows::{Row, id, row, store, store_platforms, time};

on_both_databases!(
    texts_are_taken_literally,
    case_is_ignored_on_request,
    elements_of_lists_are_found,
    metadata_is_found_by_key_and_value,
    times_and_durations_are_compared_exactly,
    statuses_and_outcomes_are_compared,
    an_id_that_is_none_matches_nothing,
    packages_are_searched_through_their_release_and_back,
    combinations_follow_their_words,
    what_no_database_takes_is_refused,
    large_filters_are_answered,
    too_large_filters_are_refused,
);

/// `a` has everything, `b` other things, `c` odd texts, `d` nothing, `x` is deleted.
fn world() -> Vec<Row> {
    let mut all = row(1, "a").package(11, "api", |package| {
        package.version = Some("1.0".to_owned());
        package.status = Failed;
        package.external_id = Some("pa".to_owned());
    });
    all = all.package(12, "web", |package| package.rollback = true);
    all = all.package(13, "gone", |package| package.deleted_at = Some(time(5)));
    all.release.user = Some("Ann".to_owned());
    all.release.team = Some("100%_sure".to_owned());
    all.release.started_at = Some(time(10_000));
    all.release.finished_at = Some(time(11_500));
    all.release.duration_ms = Some(1_500);
    all.release.status = Failed;
    all.release.rollback = true;
    all.platforms = vec![id(1), id(2)];
    all.references = vec!["T-1", "T-2"];
    all.notes = vec!["went badly"];
    all.metadata = vec![("ci", "77"), ("region", "eu")];

    let mut other = row(2, "b").package(21, "api", |package| {
        package.version = Some("2.0".to_owned());
    });
    other.release.user = Some("bob".to_owned());
    other.release.team = Some("100 percent unsure".to_owned());
    other.release.started_at = Some(time(20_000));
    other.release.status = InProgress;
    other.platforms = vec![id(1)];
    other.references = vec!["T-2"];
    other.metadata = vec![("ci", "78")];

    let mut odd = row(3, "c");
    odd.release.user = Some("ΌΣΟΣ Straße \\ '; \u{10ffff}z".to_owned());
    odd.release.team = Some(String::new());
    odd.release.status = NotStarted;
    odd.references = vec!["it's 100%"];
    odd.notes = vec!["[a-z]+", "fine"];

    let nothing = row(4, "d");
    let mut deleted = all.clone();
    deleted.release.id = id(5);
    deleted.release.external_id = Some("x".to_owned());
    deleted.release.deleted_at = Some(time(9));
    for (number, package) in (51..).zip(&mut deleted.packages) {
        package.id = id(number);
        package.release_id = id(5);
        package.external_id = None;
        package.deleted_at = Some(time(9));
    }
    vec![all, other, odd, nothing, deleted]
}

async fn prepare(app: &TestApp) {
    store_platforms(app, &["prod", "Test"]).await;
    store(app, &world()).await;
    app.set_now("1970-01-02T00:00:01.001Z");
}

/// Checks which releases each filter finds, by their external ids, and that its negation finds
/// exactly the others.
async fn check<const N: usize>(app: &TestApp, cases: [(&str, &str); N]) {
    for (filter, expected) in cases {
        let complement: String = "abcd"
            .chars()
            .filter(|id| !expected.contains(*id))
            .collect();
        assert_eq!(find(app, filter).await, expected, "{filter}");
        let not = format!("not: {{{filter}}}");
        assert_eq!(find(app, &not).await, complement, "{not}");
    }
}

/// The external ids of the releases that `filter` finds.
async fn find(app: &TestApp, filter: &str) -> String {
    let query = format!("{{ {} }}", releases(&format!("{{{filter}}}")));
    found(&app.query(&query, json!({})).await, filter)
}

/// The same where the filter is a variable.
async fn find_given(app: &TestApp, filter: Value) -> String {
    let query = format!(
        "query ($filter: ReleaseFilter) {{ {} }}",
        releases("$filter")
    );
    let variables = json!({"filter": filter});
    found(&app.query(&query, variables).await, "a variable")
}

fn releases(filter: &str) -> String {
    let order = "{field: CREATED_AT, direction: ASC}";
    format!("releases(filter: {filter}, orderBy: {order}) {{ totalCount nodes {{ externalId }} }}")
}

#[track_caller]
fn found(data: &Value, filter: &str) -> String {
    let found = data["releases"]["nodes"].as_array().unwrap();
    assert_eq!(data["releases"]["totalCount"], found.len(), "{filter}");
    let ids = found.iter().map(|release| release["externalId"].as_str());
    ids.map(Option::unwrap).collect()
}

/// The names of the packages that `filter` finds, sorted.
async fn packages(app: &TestApp, filter: &str) -> Vec<String> {
    let query = format!("{{ packages(filter: {{{filter}}}) {{ totalCount nodes {{ name }} }} }}");
    let data = app.query(&query, json!({})).await;
    let found = data["packages"]["nodes"].as_array().unwrap();
    assert_eq!(data["packages"]["totalCount"], found.len(), "{filter}");
    let names = found.iter().map(|package| package["name"].as_str());
    let mut names: Vec<String> = names.map(|name| name.unwrap().to_owned()).collect();
    names.sort();
    names
}

/// How a filter, given as a variable, is refused.
async fn refusal(app: &TestApp, filter: Value) -> (String, String) {
    let query = "query ($filter: ReleaseFilter) { releases(filter: $filter) { totalCount } }";
    let mut errors = app.errors(query, json!({"filter": filter})).await;
    let error = errors.remove(0);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&error["extensions"]["code"]), text(&error["message"]))
}

async fn texts_are_taken_literally(app: TestApp) {
    prepare(&app).await;
    let cases = [
        (r#"user: {eq: "bob"}"#, "b"),
        (r#"user: {eq: "BOB"}"#, ""),
        (r#"user: {ne: "bob"}"#, "acd"),
        (r#"user: {in: ["Ann", "bob", "?"]}"#, "ab"),
        ("user: {in: []}", ""),
        (r#"user: {notIn: ["Ann", "?"]}"#, "bcd"),
        ("user: {notIn: []}", "abcd"),
        (r#"user: {contains: "o"}"#, "b"),
        (r#"user: {contains: ""}"#, "abc"),
        (r#"user: {contains: "\\ '"}"#, "c"),
        (r#"user: {startsWith: "A"}"#, "a"),
        (r#"user: {startsWith: ""}"#, "abc"),
        (r#"user: {startsWith: "ΌΣ"}"#, "c"),
        (r#"user: {endsWith: "n"}"#, "a"),
        (r#"user: {endsWith: ""}"#, "abc"),
        (r#"user: {endsWith: "a much longer text than any"}"#, ""),
        ("user: {endsWith: \"\u{10ffff}z\"}", "c"),
        ("user: {isNull: true}", "d"),
        ("user: {isNull: false}", "abc"),
        (r#"user: {isNull: false, ne: "bob"}"#, "ac"),
        (r#"user: {contains: "o", endsWith: "n"}"#, ""),
        ("user: {}", "abcd"),
        ("user: null", "abcd"),
        ("user: {eq: null, in: null, isNull: null}", "abcd"),
        (r#"team: {contains: "%_"}"#, "a"),
        (r#"team: {contains: "%"}"#, "a"),
        (r#"team: {startsWith: "100%"}"#, "a"),
        (r#"team: {startsWith: "100_"}"#, ""),
        (r#"team: {endsWith: "_sure"}"#, "a"),
        (r#"team: {eq: ""}"#, "c"),
        (r#"team: {eq: "100 percent unsure"}"#, "b"),
    ];
    check(&app, cases).await;
}

async fn case_is_ignored_on_request(app: TestApp) {
    prepare(&app).await;
    let cases = [
        (r#"user: {ignoreCase: true, eq: "aNN"}"#, "a"),
        (r#"user: {ignoreCase: true, ne: "aNN"}"#, "bcd"),
        (r#"user: {ignoreCase: true, in: ["aNN", "BOB"]}"#, "ab"),
        ("user: {ignoreCase: true, in: []}", ""),
        (r#"user: {ignoreCase: true, notIn: ["aNN", "BOB"]}"#, "cd"),
        (r#"user: {ignoreCase: true, contains: "OB"}"#, "b"),
        (r#"user: {ignoreCase: true, startsWith: "an"}"#, "a"),
        (r#"user: {ignoreCase: true, endsWith: "OB"}"#, "b"),
        (r#"user: {ignoreCase: true, contains: "STRAß"}"#, "c"),
        (r#"user: {ignoreCase: true, contains: "STRASSE"}"#, ""),
        (r#"user: {ignoreCase: true, startsWith: "όσος"}"#, "c"),
        (r#"user: {ignoreCase: true, startsWith: "όσοσ"}"#, "c"),
        (r#"user: {ignoreCase: true, startsWith: "όσ"}"#, "c"),
        (r#"user: {ignoreCase: true, contains: "."}"#, ""),
        (r#"user: {ignoreCase: true, contains: ""}"#, "abc"),
        (r#"user: {ignoreCase: true, endsWith: ""}"#, "abc"),
        (
            "user: {ignoreCase: true, endsWith: \"\\\\ '; \u{10ffff}Z\"}",
            "c",
        ),
    ];
    check(&app, cases).await;
}

async fn elements_of_lists_are_found(app: TestApp) {
    prepare(&app).await;
    let cases = [
        (r#"references: {has: "T-2"}"#, "ab"),
        (r#"references: {has: "T"}"#, ""),
        (r#"references: {hasAny: ["T-1", "it's 100%"]}"#, "ac"),
        ("references: {hasAny: []}", ""),
        (r#"references: {hasAll: ["T-1", "T-2"]}"#, "a"),
        ("references: {hasAll: []}", "abcd"),
        (r#"references: {contains: "-"}"#, "ab"),
        (r#"references: {contains: "%"}"#, "c"),
        ("references: {isEmpty: true}", "d"),
        ("references: {isEmpty: false}", "abc"),
        (r#"references: {has: "T-2", contains: "1"}"#, "a"),
        ("references: {}", "abcd"),
        (r#"platforms: {has: "prod"}"#, "ab"),
        (r#"platforms: {has: "Prod"}"#, ""),
        (r#"platforms: {hasAny: ["Test", "?"]}"#, "a"),
        (r#"platforms: {hasAny: ["Test", "prod"]}"#, "ab"),
        ("platforms: {hasAny: []}", ""),
        (r#"platforms: {hasAll: ["Test", "prod"]}"#, "a"),
        (r#"platforms: {contains: "e"}"#, "a"),
        ("platforms: {isEmpty: true}", "cd"),
        (r#"notes: {has: "fine"}"#, "c"),
        (r#"notes: {contains: "[a-z]+"}"#, "c"),
        (r#"notes: {contains: "badly"}"#, "a"),
        ("notes: {isEmpty: true}", "bd"),
    ];
    check(&app, cases).await;
}

async fn metadata_is_found_by_key_and_value(app: TestApp) {
    prepare(&app).await;
    let cases = [
        (r#"metadata: {key: "ci"}"#, "ab"),
        (r#"metadata: {key: "ci", value: {}}"#, "ab"),
        (r#"metadata: {key: "ci", value: {eq: "78"}}"#, "b"),
        (r#"metadata: {key: "ci", value: {ne: "78"}}"#, "a"),
        (r#"metadata: [{key: "ci"}, {key: "region"}]"#, "a"),
        (r#"metadata: {key: "region", value: {isNull: true}}"#, ""),
        (
            r#"metadata: {key: "ci", value: {in: ["77", "?"], ne: "78"}}"#,
            "a",
        ),
        (r#"metadata: {key: "ci", value: {in: []}}"#, ""),
        (
            r#"metadata: {key: "region", value: {eq: "EU", ignoreCase: true}}"#,
            "a",
        ),
        (r#"metadata: {key: "CI"}"#, ""),
        ("metadata: []", "abcd"),
    ];
    check(&app, cases).await;
}

async fn times_and_durations_are_compared_exactly(app: TestApp) {
    prepare(&app).await;
    let cases = [
        ("startedAt: {eq: 10}", "a"),
        ("startedAt: {gt: 10}", "b"),
        ("startedAt: {gte: 10}", "ab"),
        ("startedAt: {lt: 20}", "a"),
        ("startedAt: {lte: 20}", "ab"),
        ("startedAt: {isNull: true}", "cd"),
        ("startedAt: {gt: 0, lt: 15}", "a"),
        ("durationSeconds: {eq: 1.5}", "a"),
        ("durationSeconds: {eq: 1.5001}", ""),
        ("durationSeconds: {gt: 1.5}", ""),
        ("durationSeconds: {gt: 1.4999}", "a"),
        ("durationSeconds: {gte: 1.5}", "a"),
        ("durationSeconds: {lt: 1.5}", ""),
        ("durationSeconds: {lte: 1.5}", "a"),
        ("durationSeconds: {lt: 1e300}", "a"),
        ("durationSeconds: {gt: 1e300}", ""),
        ("durationSeconds: {gt: -1e300}", "a"),
        ("durationSeconds: {isNull: true}", "bcd"),
    ];
    check(&app, cases).await;
}

async fn statuses_and_outcomes_are_compared(app: TestApp) {
    prepare(&app).await;
    let cases = [
        ("status: {eq: IN_PROGRESS}", "b"),
        ("status: {ne: IN_PROGRESS}", "acd"),
        ("status: {in: [FAILED, NOT_STARTED]}", "ac"),
        ("status: {in: []}", ""),
        ("status: {notIn: [FAILED, SUCCESSFUL]}", "bc"),
        ("status: {notIn: []}", "abcd"),
        ("rollback: {eq: true}", "a"),
        ("rollback: {eq: false}", "bcd"),
        ("rollback: {ne: true}", "bcd"),
        ("rollback: {ne: false}", "a"),
        ("rollback: {eq: true, ne: true}", ""),
        ("isStale: {eq: true}", "b"),
        ("isStale: {eq: false}", "acd"),
        ("isStale: {ne: false}", "b"),
    ];
    check(&app, cases).await;
    app.set_now("1970-01-02T00:00:01Z");
    check(&app, [("isStale: {eq: true}", "")]).await;
}

async fn an_id_that_is_none_matches_nothing(app: TestApp) {
    prepare(&app).await;
    let [all, other, deleted] = [1, 2, 5].map(|number| id(number).to_string());
    let cases = [
        (format!(r#"id: {{eq: "{all}"}}"#), "a"),
        (r#"id: {eq: "7"}"#.to_owned(), ""),
        (format!(r#"id: {{eq: "{deleted}"}}"#), ""),
        (format!(r#"id: {{in: ["{all}", "{other}", "?"]}}"#), "ab"),
        ("id: {in: []}".to_owned(), ""),
        (format!(r#"id: {{notIn: ["{all}", "?"]}}"#), "bcd"),
        (r#"id: {notIn: ["?"]}"#.to_owned(), "abcd"),
    ];
    for (filter, expected) in cases {
        check(&app, [(filter.as_str(), expected)]).await;
    }
}

async fn packages_are_searched_through_their_release_and_back(app: TestApp) {
    prepare(&app).await;
    let cases = [
        (r#"packages: {some: {name: {eq: "api"}}}"#, "ab"),
        ("packages: {some: {}}", "ab"),
        (r#"packages: {some: {name: {eq: "gone"}}}"#, ""),
        (
            r#"packages: {some: {name: {eq: "api"}, status: {eq: FAILED}}}"#,
            "a",
        ),
        (
            r#"packages: {some: {name: {eq: "web"}, status: {eq: FAILED}}}"#,
            "",
        ),
        (r#"packages: {some: {externalId: {eq: "pa"}}}"#, "a"),
        (r#"packages: {every: {name: {eq: "api"}}}"#, "bcd"),
        (r#"packages: {none: {name: {eq: "api"}}}"#, "cd"),
        (r#"packages: {every: {externalId: {eq: "pa"}}}"#, "cd"),
        (r#"packages: {none: {externalId: {eq: "pa"}}}"#, "bcd"),
        (r#"packages: {every: {version: {startsWith: ""}}}"#, "bcd"),
        (
            r#"packages: {some: {status: {eq: FAILED}, release: {user: {eq: "Ann"}}}}"#,
            "a",
        ),
    ];
    check(&app, cases).await;
    let failed = r#"packages: {some: {status: {eq: FAILED}, release: {user: {eq: "Ann"}}}}"#;
    let names = packages(&app, &format!("release: {{{failed}}}")).await;
    assert_eq!(
        names,
        ["api", "web"],
        "in a release with a failed package in one by Ann"
    );
    for (filter, expected) in [
        (r#"not: {release: {user: {eq: "Ann"}}}"#, vec!["api"]),
        (r#"release: {externalId: {eq: "a"}}"#, vec!["api", "web"]),
        (r#"release: {externalId: {eq: "x"}}"#, vec![]),
        ("rollback: {ne: false}", vec!["web"]),
        (r#"version: {ne: "1.0"}"#, vec!["api", "web"]),
    ] {
        assert_eq!(packages(&app, filter).await, expected, "{filter}");
    }
}

async fn combinations_follow_their_words(app: TestApp) {
    prepare(&app).await;
    let cases = [
        ("and: []", "abcd"),
        ("or: []", ""),
        (r#"and: [{user: {eq: "Ann"}}, {user: {eq: "bob"}}]"#, ""),
        (r#"or: [{user: {eq: "Ann"}}, {user: {eq: "bob"}}]"#, "ab"),
        ("or: [{}]", "abcd"),
        (r#"not: {user: {eq: "Ann"}}"#, "bcd"),
        ("not: {}", ""),
        (
            r#"user: {eq: "Ann"}, or: [{user: {eq: "Ann"}}, {user: {eq: "bob"}}]"#,
            "a",
        ),
        (
            r#"not: {user: {eq: "bob"}}, or: [{user: {eq: "Ann"}}, {user: {eq: "bob"}}]"#,
            "a",
        ),
        ("", "abcd"),
    ];
    check(&app, cases).await;
}

async fn what_no_database_takes_is_refused(app: TestApp) {
    prepare(&app).await;
    let long = "k".repeat(10_001);
    for filter in [
        json!({"user": {"eq": "a\0b"}}),
        json!({"user": {"contains": "\0", "ignoreCase": true}}),
        json!({"user": {"notIn": ["\0"]}}),
        json!({"user": {"startsWith": long}}),
        json!({"references": {"has": "\0"}}),
        json!({"platforms": {"contains": "\0"}}),
        json!({"notes": {"has": long}}),
        json!({"metadata": {"key": "\0"}}),
    ] {
        let (code, message) = refusal(&app, filter).await;
        assert_eq!(code, "BAD_REQUEST");
        assert!(message.starts_with("a text in a filter "), "{message}");
    }
}

async fn large_filters_are_answered(app: TestApp) {
    prepare(&app).await;
    let long = "kK\u{212a}".repeat(3_333);
    for ignore_case in [false, true] {
        for condition in ["eq", "contains", "startsWith", "endsWith"] {
            let filter = format!(r#"user: {{{condition}: "{long}", ignoreCase: {ignore_case}}}"#);
            assert_eq!(find(&app, &filter).await, "");
        }
        let names = (0..9_999).map(|number| format!("user {number}"));
        let names: Vec<_> = names.chain(["Ann".to_owned()]).collect();
        let filter = json!({"user": {"in": names, "ignoreCase": ignore_case}});
        assert_eq!(find_given(&app, filter).await, "a");
    }
    for filter in [
        r#"{references: {has: "T-1"}}, "#,
        r#"{user: {eq: "Ann"}}, "#,
        "{packages: {some: {}}}, ",
        r#"{packages: {none: {name: {eq: "db"}}}}, "#,
        r#"{packages: {every: {release: {externalId: {eq: "a"}}}}}, "#,
        r#"{metadata: {key: "ci", value: {eq: "77"}}}, "#,
        r#"{platforms: {has: "Test"}}, "#,
    ] {
        let many = filter.repeat(60);
        assert!(find(&app, &format!("or: [{many}]")).await.contains('a'));
        assert!(find(&app, &format!("and: [{many}]")).await.contains('a'));
    }
}

async fn too_large_filters_are_refused(app: TestApp) {
    prepare(&app).await;
    let nested = |levels| (0..levels).fold(json!({}), |inner, _| json!({"not": inner}));
    for filter in [
        nested(25),
        json!({"or": vec![json!({}); 501]}),
        json!({"user": {"notIn": vec![""; 10_001]}}),
    ] {
        let (code, message) = refusal(&app, filter).await;
        assert_eq!(code, "LIMIT_EXCEEDED", "{message}");
    }
}
