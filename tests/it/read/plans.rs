//! Ways that SQLite takes, which knows nothing of how many rows there are.

use entity::DeployStatus;
use orlo::service::filter::{
    DateTimeFilter, FilterContext, PackageFilter, PackageListFilter, ReleaseFilter, StatusFilter,
    StringFilter,
};
use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{Condition, ConnectionTrait as _};

use crate::app::{TestApp, run};
use crate::database::Backend;
use crate::rows::time;

#[tokio::test(flavor = "multi_thread")]
async fn each_record_looks_for_its_own_and_not_through_all_that_meet_a_condition() {
    run(Backend::Sqlite, look_for_their_own).await;
}

fn text(text: &str) -> StringFilter {
    StringFilter {
        eq: Some(text.to_owned()),
        ..StringFilter::default()
    }
}

fn failed() -> StatusFilter {
    StatusFilter {
        eq: Some(DeployStatus::Failed),
        ..StatusFilter::default()
    }
}

fn since() -> DateTimeFilter {
    DateTimeFilter {
        gte: Some(time(1_000)),
        ..DateTimeFilter::default()
    }
}

/// Everything that an index of packages knows, and what none does.
fn packages() -> Vec<PackageFilter> {
    let mut filters = Vec::new();
    for chosen in 1..16 {
        let is_chosen = |bit: u32| chosen & (1 << bit) != 0;
        filters.push(PackageFilter {
            name: is_chosen(0).then(|| text("app")),
            status: is_chosen(1).then(failed),
            started_at: is_chosen(2).then(since),
            updated_at: is_chosen(3).then(since),
            version: is_chosen(3).then(|| text("1")),
            ..PackageFilter::default()
        });
    }
    filters
}

/// How `table` is read where the rows that meet `condition` are counted.
async fn plan(app: &TestApp, table: &'static str, condition: Condition) -> Vec<String> {
    let database = app.database();
    let mut count = Query::select();
    count.expr(Func::count(Expr::cust("*"))).from(table);
    let mut statement = database.backend().build(count.cond_where(condition));
    statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
    let rows = database.reader().query_all_raw(statement).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get("", "detail").unwrap());
    lines.collect()
}

/// The lines about the rows called `name`, of which there must be some.
fn about(lines: Vec<String>, name: &str) -> Vec<String> {
    let lines: Vec<_> = lines
        .into_iter()
        .filter(|line| line.contains(name))
        .collect();
    assert!(!lines.is_empty(), "{name}");
    lines
}

async fn look_for_their_own(app: TestApp) {
    has_ways_of_their_own(&app).await;
    // Of two indexes that serve alike SQLite prefers the newer.
    app.database().defer_indexes(time(0)).await.unwrap();
    assert!(app.database().build_indexes().await.unwrap() > 0);
    has_ways_of_their_own(&app).await;
}

async fn has_ways_of_their_own(app: &TestApp) {
    let context = FilterContext::of(app.service());
    for filter in packages() {
        let like_it = || Some(Box::new(filter.clone()));
        for list in [
            PackageListFilter {
                some: like_it(),
                ..PackageListFilter::default()
            },
            PackageListFilter {
                every: like_it(),
                ..PackageListFilter::default()
            },
            PackageListFilter {
                none: like_it(),
                ..PackageListFilter::default()
            },
        ] {
            let releases = ReleaseFilter {
                packages: Some(list),
                ..ReleaseFilter::default()
            };
            let condition = releases.condition(&context).unwrap();
            for line in about(plan(app, "release", condition).await, "package_1") {
                assert!(line.contains("release_id=?"), "{line}: {releases:?}");
            }
        }
    }
    let releases = ReleaseFilter {
        team: Some(text("web")),
        status: Some(failed()),
        started_at: Some(since()),
        ..ReleaseFilter::default()
    };
    let packages = PackageFilter {
        release: Some(Box::new(releases)),
        ..PackageFilter::default()
    };
    let condition = packages.condition(&context).unwrap();
    for line in about(plan(app, "package", condition).await, "release_1") {
        assert!(line.contains("(id=?)"), "{line}");
    }
}
