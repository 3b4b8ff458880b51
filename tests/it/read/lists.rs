//! Lists: filters, orders and pages as callers write them.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    null_and_absent_mean_the_same,
    one_value_will_do_for_a_list,
    pages_lead_to_each_other_both_ways,
    lists_inside_lists_have_pages_of_their_own,
    requests_that_make_no_sense_are_refused,
    what_is_nested_too_deep_is_refused,
    an_unreadable_time_is_named_with_its_place,
    fields_come_in_the_order_in_which_they_were_selected,
);

async fn record_days(app: &TestApp, count: u8) {
    for day in 1..=count {
        let start = format!("2026-02-{day:02}");
        let user = format!("user-{day}");
        release()
            .user(&user)
            .platforms(["web"])
            .started(&start)
            .package("api", "1")
            .record(app)
            .await;
    }
}

/// The users of the releases that the list `name` of `data` has.
fn users(data: &Value, name: &str) -> Vec<String> {
    let nodes = data[name]["nodes"].as_array().unwrap();
    let user = |node: &Value| node["user"].as_str().unwrap_or("nobody").to_owned();
    nodes.iter().map(user).collect()
}

async fn null_and_absent_mean_the_same(app: TestApp) {
    record_days(&app, 3).await;
    let query = "
        query ($none: String, $no: Boolean, $status: StatusFilter, $order: [ReleaseOrder!], $first: Int) {
            absent: releases { nodes { user } }
            omitted: releases(
                filter: {
                    user: { eq: $none, contains: \"USER\", ignoreCase: true, isNull: $no }
                    team: null, status: $status, and: null, or: null, not: null, packages: { some: null }
                    startedAt: { gte: null }
                }
                orderBy: $order, first: $first, after: null
            ) { nodes { user } }
            explicit: releases(filter: null, orderBy: null, first: null, offset: null) { nodes { user } }
            folded: releases(filter: { user: { eq: \"USER-1\", ignoreCase: null } }) { nodes { user } }
        }";
    for variables in [
        json!({}),
        json!({"none": null, "no": null, "status": null, "order": null, "first": null}),
    ] {
        let data = app.query(query, variables).await;
        for list in ["absent", "omitted", "explicit"] {
            assert_eq!(users(&data, list), ["user-3", "user-2", "user-1"], "{list}");
        }
        assert!(users(&data, "folded").is_empty());
    }
}

async fn one_value_will_do_for_a_list(app: TestApp) {
    record_days(&app, 2).await;
    let query = "
        query ($user: StringFilter) {
            releases(
                filter: { and: { user: $user }, platforms: { hasAny: \"web\" }, status: { in: SUCCESSFUL } }
                orderBy: { field: USER, direction: ASC }
            ) { nodes { user } }
        }";
    let variables = json!({"user": {"in": "user-2"}});
    let data = app.query(query, variables).await;
    assert_eq!(users(&data, "releases"), ["user-2"]);
}

async fn pages_lead_to_each_other_both_ways(app: TestApp) {
    record_days(&app, 5).await;
    let query = "
        query ($first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
            releases(first: $first, after: $after, last: $last, before: $before, offset: $offset) {
                nodes { user }
                edges { cursor node { user } }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
                totalCount
            }
        }";
    let one = app.query(query, json!({"first": 2})).await;
    assert_eq!(users(&one, "releases"), ["user-5", "user-4"]);
    let info = &one["releases"]["pageInfo"];
    assert_eq!(info["hasNextPage"], true);
    assert_eq!(info["hasPreviousPage"], false);
    assert_eq!(info["startCursor"], one["releases"]["edges"][0]["cursor"]);
    let two = json!({"first": 10, "after": info["endCursor"]});
    let two = app.query(query, two).await;
    assert_eq!(users(&two, "releases"), ["user-3", "user-2", "user-1"]);
    assert_eq!(two["releases"]["pageInfo"]["hasNextPage"], false);
    assert_eq!(two["releases"]["totalCount"], 5);
    let back = json!({"last": 1, "before": two["releases"]["pageInfo"]["startCursor"]});
    let back = app.query(query, back).await;
    assert_eq!(users(&back, "releases"), ["user-4"]);
    let skipped = app.query(query, json!({"first": 1, "offset": 4})).await;
    assert_eq!(users(&skipped, "releases"), ["user-1"]);
    let beyond = app.query(query, json!({"first": 1, "offset": 5})).await;
    assert_eq!(beyond["releases"]["pageInfo"]["endCursor"], Value::Null);
}

/// Every platform `p001` to `p120` has a release by each of four users; one has no start.
async fn record_on_many_platforms(app: &TestApp) {
    let names: Vec<String> = (1..=120).map(|number| format!("p{number:03}")).collect();
    for (user, start) in [
        ("late", json!("2026-02-03")),
        ("unknown", json!(null)),
        ("early", json!("2026-02-01")),
        ("middle", json!("2026-02-02")),
    ] {
        let stored = release().user(user).with("platforms", json!(names));
        let stored = stored
            .with("startedAt", start)
            .with("finishedAt", "2026-02-04");
        stored.record(app).await;
    }
}

async fn lists_inside_lists_have_pages_of_their_own(app: TestApp) {
    record_on_many_platforms(&app).await;
    let query = "
        query ($page: Int, $direction: OrderDirection!, $first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
            platforms(first: $page) { nodes { name releases(
                orderBy: { field: STARTED_AT, direction: $direction }
                first: $first, after: $after, last: $last, before: $before, offset: $offset
            ) {
                totalCount nodes { user } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            } } }
        }";
    let ask = |mut arguments: Value, page: u16, direction: &str| {
        arguments["page"] = json!(page);
        arguments["direction"] = json!(direction);
        app.query(query, arguments)
    };
    for (direction, all) in [
        ("DESC", ["late", "middle", "early", "unknown"]),
        ("ASC", ["early", "middle", "late", "unknown"]),
    ] {
        let whole = ask(json!({"first": 3}), 120, direction).await;
        let whole = whole["platforms"]["nodes"].as_array().unwrap();
        assert_eq!(whole.len(), 120);
        let info = &whole[0]["releases"]["pageInfo"];
        for platform in whole {
            let list = &platform["releases"];
            assert_eq!(users(platform, "releases"), all[..3], "{platform}");
            assert_eq!(list["totalCount"], 4);
            assert_eq!(list["pageInfo"], *info);
        }
        assert_eq!(info["hasNextPage"], true);
        for (arguments, expected) in [
            (json!({"after": info["startCursor"]}), &all[1..]),
            (json!({"after": info["endCursor"]}), &all[3..]),
            (json!({"last": 2}), &all[2..]),
            (json!({"last": 1, "before": info["endCursor"]}), &all[1..2]),
            (json!({"first": 2, "offset": 1}), &all[1..3]),
        ] {
            // One list is fetched in another way than many.
            for page in [1, 2, 120] {
                let data = ask(arguments.clone(), page, direction).await;
                for platform in data["platforms"]["nodes"].as_array().unwrap() {
                    let found = users(platform, "releases");
                    assert_eq!(found, expected, "{direction} {arguments} {platform}");
                }
            }
        }
    }
    let refused = app.errors(
        "{ platforms { nodes { releases(first: 0) { totalCount } } } }",
        json!({}),
    );
    assert_eq!(refused.await[0]["extensions"]["code"], "BAD_REQUEST");
}

async fn requests_that_make_no_sense_are_refused(app: TestApp) {
    record_days(&app, 1).await;
    for arguments in [
        "first: 0",
        "first: -1",
        "first: 1001",
        "first: 99999999999",
        "last: 0",
        "first: 1, last: 1",
        "first: 1, offset: -1",
        "after: \"no cursor\"",
        "before: \"\"",
    ] {
        for list in [
            format!("releases({arguments}) {{ totalCount nodes {{ id }} }}"),
            format!("release: packages({arguments}) {{ nodes {{ id }} }}"),
        ] {
            let query = format!("{{ {list} }}");
            let answer = app.graphql(&query, json!({})).await;
            assert_eq!(answer["data"], Value::Null, "{query}");
            let error = &answer["errors"][0];
            assert_eq!(
                error["extensions"]["code"], "BAD_REQUEST",
                "{query}\n{error}"
            );
        }
    }
    let nested = "{ releases { nodes { events(first: -1) { nodes { id } } } } }";
    let errors = app.errors(nested, json!({})).await;
    assert_eq!(errors[0]["extensions"]["code"], "BAD_REQUEST");
    assert_eq!(errors[0]["path"], json!(["releases", "nodes", 0, "events"]));
}

async fn what_is_nested_too_deep_is_refused(app: TestApp) {
    let query = "query ($filter: ReleaseFilter) { releases(filter: $filter) { totalCount } }";
    for depth in [30, 60, 100] {
        let filter = (0..depth).fold(json!({}), |inner, _| json!({"not": inner}));
        let errors = app.errors(query, json!({"filter": filter})).await;
        assert_eq!(errors[0]["extensions"]["code"], "LIMIT_EXCEEDED", "{depth}");
    }
    for depth in [30, 55, 100, 1_000, 100_000] {
        let filter = format!("{}{{}}{}", "{ not: ".repeat(depth), "}".repeat(depth));
        let query = format!("{{ releases(filter: {filter}) {{ totalCount }} }}");
        let errors = app.errors(&query, json!({})).await;
        assert_eq!(errors[0]["extensions"]["code"], "LIMIT_EXCEEDED", "{depth}");
    }
}

async fn an_unreadable_time_is_named_with_its_place(app: TestApp) {
    for query in [
        "{ releases(filter: { startedAt: { gte: \"yesterday\" } }) { nodes { id } } }",
        "query ($none: String) { releases(filter: { user: { eq: $none }, startedAt: { gte: \"yesterday\" } }) { nodes { id } } }",
    ] {
        let answer = app.graphql(query, json!({})).await;
        assert!(answer["data"].is_null(), "{answer:#}");
        let error = &answer["errors"][0];
        assert_eq!(error["extensions"]["code"], "BAD_REQUEST");
        let message = error["message"].as_str().unwrap();
        let names_the_place = message.contains("startedAt") || message.contains("yesterday");
        assert!(names_the_place, "{message}");
    }
}

async fn fields_come_in_the_order_in_which_they_were_selected(app: TestApp) {
    record_days(&app, 1).await;
    let query = "{ releases { nodes { packages { name } user platformNames id } totalCount } }";
    let body = json!({"query": query}).to_string();
    let request = axum::http::Request::post("/graphql")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body))
        .unwrap();
    let answer = app.send(request).await;
    let places = ["packages", "user", "platformNames", "\"id\"", "totalCount"];
    let places = places.map(|field| answer.text().find(field).unwrap());
    assert!(places.is_sorted(), "{}", answer.text());
}
