//! Platforms, packages, people and teams over all releases.

use serde_json::{Value, json};

use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(
    platforms_count_their_releases,
    packages_are_summed_up,
    pages_of_packages_sum_up_what_the_whole_list_does,
    packages_are_summed_up_however_that_is_asked_for,
    releases_without_a_start_are_summed_up_by_their_finish,
    people_and_teams_are_summed_up,
);

async fn record_three(app: &TestApp) {
    let first = release().user("ann").team("shop").platforms(["web", "eu"]);
    let first = first.started("2026-02-01").package("api", "1.0");
    first.package("api", "1.0-config").record(app).await;
    let second = release().user("bob").platforms(["web"]).success(false);
    second
        .started("2026-02-02")
        .package("api", "1.1")
        .record(app)
        .await;
    let third = release().platforms(["web"]).started("2026-02-03");
    third.package("db", "7").record(app).await;
}

async fn platforms_count_their_releases(app: TestApp) {
    record_three(&app).await;
    let query = "
        {
            platforms(orderBy: { field: RELEASE_COUNT, direction: DESC }) {
                totalCount
                nodes {
                    name releaseCount firstReleasedAt lastReleasedAt
                    failed: releaseCount(filter: { status: { eq: FAILED } })
                    releases(first: 1, filter: { status: { eq: SUCCESSFUL } }) { totalCount nodes { user } }
                }
            }
            platform(name: \"eu\") { name releases { nodes { user } } }
            unknown: platform(name: \"moon\") { name }
            some: platforms(name: { startsWith: \"e\" }) { totalCount nodes { name } }
        }";
    let data = app.query(query, json!({})).await;
    let web = json!({
        "name": "web", "releaseCount": 3, "failed": 1,
        "firstReleasedAt": "2026-02-01T00:00:00.000Z", "lastReleasedAt": "2026-02-03T00:00:00.000Z",
        "releases": {"totalCount": 2, "nodes": [{"user": null}]},
    });
    let eu = json!({
        "name": "eu", "releaseCount": 1, "failed": 0,
        "firstReleasedAt": "2026-02-01T00:00:00.000Z", "lastReleasedAt": "2026-02-01T00:00:00.000Z",
        "releases": {"totalCount": 1, "nodes": [{"user": "ann"}]},
    });
    assert_eq!(
        data["platforms"],
        json!({"totalCount": 2, "nodes": [web, eu]})
    );
    let eu = json!({"name": "eu", "releases": {"nodes": [{"user": "ann"}]}});
    assert_eq!(data["platform"], eu);
    assert_eq!(data["unknown"], Value::Null);
    assert_eq!(
        data["some"],
        json!({"totalCount": 1, "nodes": [{"name": "eu"}]})
    );
}

async fn packages_are_summed_up(app: TestApp) {
    record_three(&app).await;
    let query = "
        {
            packageSummary(name: \"api\") {
                name releaseCount firstReleasedAt lastReleasedAt
                failed: releaseCount(filter: { status: { eq: FAILED } })
                history { totalCount nodes { version } }
                onEu: history(platform: \"eu\", status: SUCCESSFUL) { totalCount }
            }
            unknown: packageSummary(name: \"moon\") { name }
            packageSummaries(platform: \"eu\") {
                totalCount
                nodes { name releaseCount failed: releaseCount(filter: { status: { eq: FAILED } }) }
            }
        }";
    let data = app.query(query, json!({})).await;
    let versions = &data["packageSummary"]["history"]["nodes"];
    assert_eq!(versions[0]["version"], "1.1", "{versions}");
    let mut api = data["packageSummary"].clone();
    api["history"]["nodes"].take();
    let expected = json!({
        "name": "api", "releaseCount": 2, "failed": 1,
        "firstReleasedAt": "2026-02-01T00:00:00.000Z", "lastReleasedAt": "2026-02-02T00:00:00.000Z",
        "history": {"totalCount": 3, "nodes": null},
        "onEu": {"totalCount": 2},
    });
    assert_eq!(api, expected);
    assert_eq!(data["unknown"], Value::Null);
    let on_eu = json!([{"name": "api", "releaseCount": 1, "failed": 0}]);
    assert_eq!(
        data["packageSummaries"],
        json!({"totalCount": 1, "nodes": on_eu})
    );
}

const PAGE: &str = "
    query (
        $name: StringFilter, $direction: OrderDirection!
        $first: Int, $after: String, $last: Int, $before: String
    ) {
        packageSummaries(
            name: $name, orderBy: { field: NAME, direction: $direction }
            first: $first, after: $after, last: $last, before: $before
        ) {
            nodes { name releaseCount firstReleasedAt lastReleasedAt }
            pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
        }
    }";

async fn pages_of_packages_sum_up_what_the_whole_list_does(app: TestApp) {
    for number in 0_u32..15 {
        let name = format!(
            "{}{}",
            ["api", "App", "db"][number as usize % 3],
            number / 6
        );
        let started = format!("2026-02-{:02}", number + 1);
        let it = release().platforms(["web"]).started(&started);
        let it = it.package(&name, "1").package("common", "1");
        it.record(&app).await;
    }
    let names = [
        (json!(null), 10),
        (json!({ "startsWith": "ap" }), 3),
        (json!({ "startsWith": "ap", "ignoreCase": true }), 6),
        (json!({ "in": ["db0", "db2", "moon"] }), 2),
    ];
    for (name, count) in names {
        for direction in ["ASC", "DESC"] {
            let variables = json!({ "name": name, "direction": direction });
            let whole = app.query(PAGE, variables.clone()).await;
            let whole = whole["packageSummaries"]["nodes"]
                .as_array()
                .unwrap()
                .clone();
            assert_eq!(whole.len(), count, "{name}");
            for ends in [
                ["first", "after", "endCursor", "hasNextPage"],
                ["last", "before", "startCursor", "hasPreviousPage"],
            ] {
                let pages = walk(&app, variables.clone(), ends).await;
                assert_eq!(pages, whole, "{ends:?} {name} {direction}");
            }
        }
    }
}

/// The nodes of all pages of two, from one end to the other.
async fn walk(app: &TestApp, mut variables: Value, ends: [&str; 4]) -> Vec<Value> {
    let [size, cursor, end, more] = ends;
    variables[size] = json!(2);
    let mut pages = Vec::new();
    loop {
        let page = app.query(PAGE, variables.clone()).await;
        let page = &page["packageSummaries"];
        pages.push(page["nodes"].as_array().unwrap().clone());
        variables[cursor] = page["pageInfo"][end].clone();
        if page["pageInfo"][more] == false {
            break;
        }
    }
    if size == "last" {
        pages.reverse();
    }
    pages.concat()
}

async fn packages_are_summed_up_however_that_is_asked_for(app: TestApp) {
    record_three(&app).await;
    let totals = "{ name n: releaseCount lastReleasedAt }";
    let expected = json!([
        {"name": "api", "n": 2, "lastReleasedAt": "2026-02-02T00:00:00.000Z"},
        {"name": "db", "n": 1, "lastReleasedAt": "2026-02-03T00:00:00.000Z"},
    ]);
    let fragment = "fragment Totals on PackageSummary { name n: releaseCount lastReleasedAt }";
    for page in [
        format!("{{ all: packageSummaries {{ nodes {totals} }} }}"),
        format!("{{ packageSummaries {{ nodes {{ ...Totals }} }} }} {fragment}"),
        format!(
            "{{ packageSummaries {{ ...Page }} }} {fragment}
            fragment Page on PackageSummaryConnection {{ nodes {{ ... @include(if: true) {{ ...Totals }} }} }}"
        ),
    ] {
        let data = app.query(&page, json!({})).await;
        let list = data.as_object().unwrap().values().next().unwrap();
        assert_eq!(list["nodes"], expected, "{page}");
    }
    let edges = format!("{{ packageSummaries {{ edges {{ node {totals} }} }} }}");
    let edges = app.query(&edges, json!({})).await;
    let edges = edges["packageSummaries"]["edges"].as_array().unwrap();
    let nodes: Vec<_> = edges.iter().map(|edge| edge["node"].clone()).collect();
    assert_eq!(json!(nodes), expected);
}

async fn releases_without_a_start_are_summed_up_by_their_finish(app: TestApp) {
    let base = || release().platforms(["web"]).package("api", "1");
    base().started("2026-02-02").record(&app).await;
    base().finished("2026-02-01").record(&app).await;
    base().finished("2026-02-03").record(&app).await;
    let api = json!({
        "name": "api", "releaseCount": 3,
        "firstReleasedAt": "2026-02-01T00:00:00.000Z", "lastReleasedAt": "2026-02-03T00:00:00.000Z",
    });
    let fields = "{ name releaseCount firstReleasedAt lastReleasedAt }";
    let one = format!("{{ packageSummary(name: \"api\") {fields} }}");
    assert_eq!(app.query(&one, json!({})).await["packageSummary"], api);
    for arguments in [
        "first: 9",
        "orderBy: { field: RELEASE_COUNT }",
        "platform: \"web\"",
    ] {
        let list = format!("{{ packageSummaries({arguments}) {{ nodes {fields} }} }}");
        let data = app.query(&list, json!({})).await;
        assert_eq!(
            data["packageSummaries"]["nodes"],
            json!([api]),
            "{arguments}"
        );
    }
}

async fn people_and_teams_are_summed_up(app: TestApp) {
    record_three(&app).await;
    let query = "
        {
            users { name releaseCount failed: releaseCount(filter: { status: { eq: FAILED } }) lastReleasedAt }
            teams(platform: \"web\") { name releaseCount }
            onEu: users(platform: \"eu\") { name releaseCount all: releaseCount(filter: {}) }
        }";
    let data = app.query(query, json!({})).await;
    let user = |name: Value, failed: u8, day: u8| {
        let last = format!("2026-02-{day:02}T00:00:00.000Z");
        json!({"name": name, "releaseCount": 1, "failed": failed, "lastReleasedAt": last})
    };
    let users = [
        user(json!("ann"), 0, 1),
        user(json!("bob"), 1, 2),
        user(Value::Null, 0, 3),
    ];
    assert_eq!(data["users"], json!(users));
    let teams = json!([{"name": "shop", "releaseCount": 1}, {"name": null, "releaseCount": 2}]);
    assert_eq!(data["teams"], teams);
    assert_eq!(
        data["onEu"],
        json!([{"name": "ann", "releaseCount": 1, "all": 1}])
    );
}
