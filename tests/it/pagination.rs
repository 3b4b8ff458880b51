//! Pages of lists with ties and gaps, in every order and both directions.

use std::cmp::Ordering;
use std::fmt::Debug;

use entity::row::Columns;
use entity::{Timestamp, package as package_row, platform as platform_row, release as release_row};
use orlo::service::filter::{PackageFilter, ReleaseFilter, StringFilter};
use orlo::service::package::{self, PackageOrder, PackageOrderField};
use orlo::service::page::{Direction, Page, PageArgs};
use orlo::service::platform;
use orlo::service::release::{self, ReleaseOrder, ReleaseOrderField};
use orlo::service::summary::{self, NameSummary, SummaryOrder, SummaryOrderField};
use orlo::service::{Error, Result, event};

use crate::app::{TestApp, on_both_databases};
use crate::rows::{Row, id, row, store, store_platforms, store_results, time};

on_both_databases!(
    releases_come_page_by_page_in_every_order,
    packages_come_page_by_page_in_every_order,
    package_summaries_come_page_by_page_in_every_order,
    platforms_come_page_by_page_in_every_order,
    results_of_many_packages_come_in_one_statement,
    rows_that_come_in_meanwhile_shift_nothing,
    cursors_of_other_lists_are_refused,
);

const DIRECTIONS: [Direction; 2] = [Direction::Asc, Direction::Desc];

/// Releases with few different values, every third of them missing.
fn world() -> Vec<Row> {
    let release = |number: u128| {
        let mut row = row(number, &format!("{number}"));
        let release = &mut row.release;
        let some = |modulus: u128| (!number.is_multiple_of(3)).then_some(number % modulus);
        let at = |modulus| some(modulus).map(|value| time(i64::try_from(value).unwrap()));
        release.started_at = at(4);
        release.finished_at = at(5);
        release.duration_ms = some(7).map(|value| i64::try_from(value).unwrap());
        release.created_at = time(i64::try_from(number % 5).unwrap());
        release.updated_at = time(1);
        release.user = some(4).map(|value| ["Zoë", "ann", "Ann", ""][value as usize].to_owned());
        release.team = some(2).map(|value| format!("team {value}"));
        release.deleted_at = number.is_multiple_of(11).then(|| time(0));
        row.platforms = (1..=number % 4).map(id).collect();
        for package in 0..number % 3 {
            row = row.package(
                100 * number + package,
                ["b", "a", "B"][package as usize],
                |package| {
                    if package.position == 1 {
                        package.version = Some("1".to_owned());
                        let number = i64::try_from(package.id.as_u128() / 100 % 4).unwrap();
                        package.started_at = (number > 0).then(|| time(number));
                    }
                },
            );
        }
        row
    };
    (1..=40).map(release).collect()
}

async fn prepare(app: &TestApp) -> Vec<Row> {
    let rows = world();
    store_platforms(app, &["prod", "test", "Test", "unused"]).await;
    store(app, &rows).await;
    rows.into_iter()
        .filter(|row| row.release.deleted_at.is_none())
        .collect()
}

/// Compares, missing values last.
fn compare<T: Ord>(left: Option<T>, right: Option<T>, direction: Direction) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) if direction == Direction::Desc => right.cmp(&left),
        (Some(left), Some(right)) => left.cmp(&right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}

fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(|time| time.0.timestamp_millis())
}

/// A list of which `expected` is all.
struct List<'a, T, K, F> {
    expected: &'a [K],
    key: fn(&T) -> K,
    fetch: F,
}

impl<T, K, F> List<'_, T, K, F>
where
    K: PartialEq + Debug + Clone,
    F: AsyncFn(PageArgs) -> Result<Page<T>>,
{
    /// Fetches pages of every kind, which must be the right parts of the whole.
    async fn check(&self) {
        let cursors = self.whole().await;
        for size in [1, 3, 7] {
            self.forwards(size).await;
            self.backwards(size).await;
        }
        let end = cursors.len();
        for (from, to) in [(0, end - 1), (1, end / 2), (end / 2, end - 2), (end / 2, 1)] {
            self.between(from, to, &cursors).await;
        }
        for offset in [0, 1, end / 2, end, end + 5] {
            self.skipping(offset).await;
        }
    }

    async fn page(&self, args: PageArgs) -> (Page<T>, Vec<K>) {
        let page = (self.fetch)(args.clone()).await;
        let page = page.unwrap_or_else(|error| panic!("{args:?}: {error}"));
        let keys = page.rows.iter().map(|row| (self.key)(&row.row)).collect();
        (page, keys)
    }

    async fn expect(&self, args: PageArgs, expected: &[K]) {
        let (_, keys) = self.page(args.clone()).await;
        assert_eq!(keys, expected, "{args:?}");
    }

    /// All at once, from either end; returns the cursors.
    async fn whole(&self) -> Vec<String> {
        let cursors = |page: Page<T>| -> Vec<String> {
            let rows = page.rows.into_iter();
            rows.map(|row| row.cursor).collect()
        };
        let (page, keys) = self.page(args()).await;
        assert_eq!(keys, self.expected);
        assert!(!page.has_next_page && !page.has_previous_page);
        let forwards = cursors(page);
        let last = Some(1_000);
        let (page, keys) = self.page(PageArgs { last, ..args() }).await;
        assert_eq!(keys, self.expected);
        assert_eq!(cursors(page), forwards);
        forwards
    }

    async fn forwards(&self, size: i64) {
        let (mut seen, mut after) = (Vec::new(), None);
        let first = Some(size);
        loop {
            let args = PageArgs {
                first,
                after,
                ..args()
            };
            let (page, keys) = self.page(args).await;
            assert_eq!(page.has_previous_page, !seen.is_empty());
            seen.extend(keys);
            after = page.rows.last().map(|row| row.cursor.clone());
            if !page.has_next_page {
                break;
            }
        }
        assert_eq!(seen, self.expected, "in pages of {size}");
    }

    async fn backwards(&self, size: i64) {
        let (mut seen, mut before) = (Vec::new(), None);
        let last = Some(size);
        loop {
            let args = PageArgs {
                last,
                before,
                ..args()
            };
            let (page, mut keys) = self.page(args).await;
            assert_eq!(page.has_next_page, !seen.is_empty());
            keys.append(&mut seen);
            seen = keys;
            before = page.rows.first().map(|row| row.cursor.clone());
            if !page.has_previous_page {
                break;
            }
        }
        assert_eq!(seen, self.expected, "backwards in pages of {size}");
    }

    async fn between(&self, from: usize, to: usize, cursors: &[String]) {
        let behind = || PageArgs {
            after: Some(cursors[from].clone()),
            ..args()
        };
        let between = || PageArgs {
            before: Some(cursors[to].clone()),
            ..behind()
        };
        let inside = self.expected.get(from + 1..to).unwrap_or_default();
        self.expect(between(), inside).await;
        let (first, last) = (Some(4), Some(4));
        let page = PageArgs { first, ..between() };
        self.expect(page, &inside[..inside.len().min(4)]).await;
        let page = PageArgs { last, ..between() };
        self.expect(page, tail(inside, 4)).await;
        let rest = &self.expected[from + 1..];
        let page = PageArgs { last, ..behind() };
        self.expect(page, tail(rest, 4)).await;
        let offset = Some(2);
        let page = PageArgs { offset, ..behind() };
        let skipped = rest.get(2..).unwrap_or_default();
        self.expect(page, skipped).await;
    }

    async fn skipping(&self, offset: usize) {
        let rest = self.expected.get(offset..).unwrap_or_default();
        let page = PageArgs {
            first: Some(3),
            offset: Some(i64::try_from(offset).unwrap()),
            ..args()
        };
        self.expect(page, &rest[..rest.len().min(3)]).await;
        let page = PageArgs {
            offset: Some(i64::MAX),
            ..args()
        };
        self.expect(page, &[]).await;
    }
}

fn args() -> PageArgs {
    PageArgs::default()
}

fn tail<T>(list: &[T], length: usize) -> &[T] {
    &list[list.len().saturating_sub(length)..]
}

fn compare_releases(
    left: &release_row::Model,
    right: &release_row::Model,
    order: &[ReleaseOrder],
) -> Ordering {
    let by_key = order
        .iter()
        .map(|&ReleaseOrder { field, direction }| match field {
            ReleaseOrderField::StartedAt => {
                compare(millis(left.started_at), millis(right.started_at), direction)
            }
            ReleaseOrderField::FinishedAt => compare(
                millis(left.finished_at),
                millis(right.finished_at),
                direction,
            ),
            ReleaseOrderField::CreatedAt => compare(
                millis(Some(left.created_at)),
                millis(Some(right.created_at)),
                direction,
            ),
            ReleaseOrderField::UpdatedAt => compare(
                millis(Some(left.updated_at)),
                millis(Some(right.updated_at)),
                direction,
            ),
            ReleaseOrderField::Duration => compare(left.duration_ms, right.duration_ms, direction),
            ReleaseOrderField::User => compare(left.user.as_ref(), right.user.as_ref(), direction),
            ReleaseOrderField::Team => compare(left.team.as_ref(), right.team.as_ref(), direction),
        });
    let last = order
        .last()
        .map_or(Direction::Desc, |order| order.direction);
    by_key
        .fold(Ordering::Equal, Ordering::then)
        .then_with(|| compare(Some(left.id), Some(right.id), last))
}

async fn list_releases(
    app: &TestApp,
    order: &[ReleaseOrder],
    args: PageArgs,
) -> Result<Page<release_row::Model>> {
    let all = (&ReleaseFilter::default(), Columns::ALL);
    release::list(app.service(), all, order, args).await
}

async fn list_packages(
    app: &TestApp,
    filter: &PackageFilter,
    order: &[PackageOrder],
    args: PageArgs,
) -> Result<Page<package_row::Model>> {
    package::list(app.service(), (filter, Columns::ALL), order, args).await
}

async fn releases_come_page_by_page_in_every_order(app: TestApp) {
    use ReleaseOrderField::{CreatedAt, Duration, FinishedAt, StartedAt, Team, UpdatedAt, User};
    let rows = prepare(&app).await;
    let fields = [
        StartedAt, FinishedAt, CreatedAt, UpdatedAt, Duration, User, Team,
    ];
    let mut orders: Vec<Vec<ReleaseOrder>> = Vec::new();
    for direction in DIRECTIONS {
        for field in fields {
            orders.push(vec![ReleaseOrder { field, direction }]);
        }
        for other in DIRECTIONS {
            for fields in [
                [Team, StartedAt],
                [CreatedAt, User],
                [User, Team],
                [Team, CreatedAt],
            ] {
                let directions = [direction, other];
                let order = fields.into_iter().zip(directions);
                orders.push(
                    order
                        .map(|(field, direction)| ReleaseOrder { field, direction })
                        .collect(),
                );
            }
            let order = [Team, User, Team, StartedAt]
                .into_iter()
                .zip([direction, other, other, direction]);
            orders.push(
                order
                    .map(|(field, direction)| ReleaseOrder { field, direction })
                    .collect(),
            );
        }
    }
    for order in orders {
        let mut releases: Vec<_> = rows.iter().map(|row| row.release.clone()).collect();
        releases.sort_by(|left, right| compare_releases(left, right, &order));
        let expected: Vec<_> = releases.into_iter().map(|release| release.id).collect();
        let list = List {
            expected: &expected,
            key: |row: &release_row::Model| row.id,
            fetch: async |args| list_releases(&app, &order, args).await,
        };
        list.check().await;
    }
    let list = async |order: &[ReleaseOrder]| {
        let page = list_releases(&app, order, PageArgs::default()).await;
        page.unwrap()
    };
    let latest_first = ReleaseOrder {
        field: StartedAt,
        direction: Direction::Desc,
    };
    assert_eq!(list(&[]).await, list(&[latest_first]).await);
}

async fn packages_come_page_by_page_in_every_order(app: TestApp) {
    use PackageOrderField::{CreatedAt, Name, StartedAt, Version};
    let rows = prepare(&app).await;
    let text = |text: &str| StringFilter {
        eq: Some(text.to_owned()),
        ..StringFilter::default()
    };
    let of_a_version = PackageFilter {
        name: Some(text("a")),
        version: Some(text("1")),
        ..PackageFilter::default()
    };
    let fields = [Name, Version, StartedAt, CreatedAt];
    for (filter, field) in [PackageFilter::default(), of_a_version]
        .iter()
        .flat_map(|filter| fields.map(|field| (filter, field)))
    {
        for direction in DIRECTIONS {
            let order = [PackageOrder { field, direction }];
            let packages = rows.iter().flat_map(|row| &row.packages);
            let is_wanted = |name: &str| filter.name.is_none() || name == "a";
            let mut packages: Vec<_> = packages.filter(|it| is_wanted(&it.name)).collect();
            packages.sort_by(|left, right| {
                let by_key = match field {
                    Name => compare(Some(&left.name), Some(&right.name), direction),
                    Version => compare(left.version.as_ref(), right.version.as_ref(), direction),
                    StartedAt => {
                        compare(millis(left.started_at), millis(right.started_at), direction)
                    }
                    _ => Ordering::Equal,
                };
                by_key.then(compare(Some(left.id), Some(right.id), direction))
            });
            let expected: Vec<_> = packages.into_iter().map(|package| package.id).collect();
            let list = List {
                expected: &expected,
                key: |row: &package_row::Model| row.id,
                fetch: async |args| list_packages(&app, filter, &order, args).await,
            };
            list.check().await;
        }
    }
}

/// Name, number, number of releases, first and last of them.
type Summary = (String, usize, usize, Option<i64>, Option<i64>);

fn summarize(rows: &[Row], name: &str, number: usize, of: impl Fn(&Row) -> bool) -> Summary {
    let rows: Vec<_> = rows.iter().filter(|row| of(row)).collect();
    let times = rows.iter().filter_map(|row| {
        let release = &row.release;
        let told = release.started_at.or(release.finished_at);
        millis(told.or(Some(release.created_at)))
    });
    let (first, last) = (times.clone().min(), times.max());
    (name.to_owned(), number, rows.len(), first, last)
}

/// Puts summaries in order; where that does not decide, by number.
fn sort(summaries: &mut [Summary], SummaryOrder { field, direction }: SummaryOrder) {
    summaries.sort_by(|left, right| {
        let by_key = match field {
            SummaryOrderField::Name => compare(Some(&left.0), Some(&right.0), direction),
            SummaryOrderField::ReleaseCount => compare(Some(left.2), Some(right.2), direction),
            SummaryOrderField::FirstReleasedAt => compare(left.3, right.3, direction),
            SummaryOrderField::LastReleasedAt => compare(left.4, right.4, direction),
        };
        by_key.then(compare(Some(left.1), Some(right.1), direction))
    });
}

fn summary_orders() -> impl Iterator<Item = SummaryOrder> {
    use SummaryOrderField::{FirstReleasedAt, LastReleasedAt, Name, ReleaseCount};
    let fields = [Name, ReleaseCount, FirstReleasedAt, LastReleasedAt].into_iter();
    fields.flat_map(|field| DIRECTIONS.map(|direction| SummaryOrder { field, direction }))
}

async fn package_summaries_come_page_by_page_in_every_order(app: TestApp) {
    let rows = prepare(&app).await;
    let carries = |row: &Row, name| row.packages.iter().any(|package| package.name == name);
    let mut expected: Vec<_> = (0..)
        .zip(["B", "a", "b"])
        .map(|(number, name)| summarize(&rows, name, number, |row| carries(row, name)))
        .filter(|summary| summary.2 > 0)
        .collect();
    for order in summary_orders() {
        sort(&mut expected, order);
        let plain = expected
            .iter()
            .map(|(name, _, count, first, last)| (name.clone(), *count as u64, *first, *last));
        let list = List {
            expected: &plain.collect::<Vec<_>>(),
            key: |summary: &NameSummary| {
                let times = [summary.first_released_at, summary.last_released_at];
                let [first, last] = times.map(millis);
                let name = summary.name.clone().unwrap();
                (name, summary.release_count, first, last)
            },
            fetch: async |args| {
                summary::packages(app.service(), None, None, (&[order], true), args).await
            },
        };
        list.check().await;
    }
    let count = summary::package_count(app.service(), None, None).await;
    assert_eq!(count.unwrap(), expected.len() as u64);
}

async fn platforms_come_page_by_page_in_every_order(app: TestApp) {
    let rows = prepare(&app).await;
    let mut expected = [("prod", 1), ("test", 2), ("Test", 3)].map(|(name, number)| {
        summarize(&rows, name, number, |row| {
            row.platforms.contains(&id(number as u128))
        })
    });
    for order in summary_orders() {
        sort(&mut expected, order);
        let names = expected.iter().map(|summary| summary.0.clone());
        let list = List {
            expected: &names.collect::<Vec<_>>(),
            key: |platform: &platform_row::Model| platform.name.clone(),
            fetch: async |args| platform::list(app.service(), None, &[order], args).await,
        };
        list.check().await;
    }
    assert_eq!(platform::count(app.service(), None).await.unwrap(), 3);
}

async fn results_of_many_packages_come_in_one_statement(app: TestApp) {
    store(
        &app,
        &[row(1, "a")
            .package(11, "a", |_| {})
            .package(12, "b", |_| {})
            .package(13, "c", |_| {})],
    )
    .await;
    store_results(&app, id(11), 100, &["1", "2", "3", "4", "5"]).await;
    store_results(&app, id(12), 200, &["x"]).await;
    let ids = [id(11), id(12), id(13)];
    let fetch = async |args: PageArgs| {
        let before = app.statements();
        let pages = package::results(app.service(), &ids, args).await.unwrap();
        assert_eq!(app.statements() - before, 1);
        assert!(!pages.contains_key(&id(13)));
        pages
    };
    let contents = |page: Option<&Page<entity::package_result::Model>>| {
        let rows = page.into_iter().flat_map(|page| &page.rows);
        rows.map(|row| row.row.content.clone()).collect::<String>()
    };
    let pages = fetch(PageArgs {
        first: Some(2),
        ..PageArgs::default()
    })
    .await;
    assert_eq!(contents(pages.get(&id(11))), "12");
    assert_eq!(contents(pages.get(&id(12))), "x");
    assert!(pages[&id(11)].has_next_page && !pages[&id(12)].has_next_page);
    let after = Some(pages[&id(11)].rows[1].cursor.clone());
    let pages = fetch(PageArgs {
        first: Some(2),
        after: after.clone(),
        ..PageArgs::default()
    })
    .await;
    assert_eq!(contents(pages.get(&id(11))), "34");
    let pages = fetch(PageArgs {
        last: Some(2),
        after,
        ..PageArgs::default()
    })
    .await;
    assert_eq!(contents(pages.get(&id(11))), "45");
    assert!(pages[&id(11)].has_previous_page && !pages[&id(11)].has_next_page);
    let pages = fetch(PageArgs {
        first: Some(2),
        offset: Some(3),
        ..PageArgs::default()
    })
    .await;
    assert_eq!(contents(pages.get(&id(11))), "45");
    let counts = package::result_counts(app.service(), &ids).await.unwrap();
    assert_eq!(counts.get(&id(11)), Some(&5));
    assert_eq!(counts.get(&id(13)), None);
    let result = package::result(app.service(), id(200)).await.unwrap();
    assert_eq!(result.map(|result| result.content).as_deref(), Some("x"));
}

async fn rows_that_come_in_meanwhile_shift_nothing(app: TestApp) {
    let rows: Vec<Row> = (1..=10)
        .map(|number| {
            let mut row = row(2 * number, "");
            row.release.external_id = None;
            row.release.started_at = Some(time(i64::try_from(number).unwrap()));
            row
        })
        .collect();
    store(&app, &rows).await;
    let list = async |args| {
        let page = list_releases(&app, &[], args).await;
        page.unwrap()
    };
    let first = list(PageArgs {
        first: Some(4),
        ..PageArgs::default()
    })
    .await;
    let mut late = row(3, "late");
    late.release.started_at = Some(time(100));
    let mut early = row(5, "early");
    early.release.started_at = Some(time(0));
    store(&app, &[late, early]).await;
    let after = Some(first.rows[3].cursor.clone());
    let second = list(PageArgs {
        after,
        ..PageArgs::default()
    })
    .await;
    let ids: Vec<_> = second.rows.iter().map(|row| row.row.id).collect();
    let expected: Vec<_> = (1..=6)
        .rev()
        .map(|number| id(2 * number))
        .chain([id(5)])
        .collect();
    assert_eq!(ids, expected);
}

async fn cursors_of_other_lists_are_refused(app: TestApp) {
    prepare(&app).await;
    let by = |field| ReleaseOrder {
        field,
        direction: Direction::Asc,
    };
    let list = async |order: ReleaseOrder, args| list_releases(&app, &[order], args).await;
    let by_team = by(ReleaseOrderField::Team);
    let platforms = platform::list(app.service(), None, &[], args()).await;
    let other_list = platforms.unwrap().rows[0].cursor.clone();
    let by_user = list(by(ReleaseOrderField::User), args()).await;
    let other_order = by_user.unwrap().rows[0].cursor.clone();
    for (cursor, reason) in [
        (other_list, "is from another list"),
        (other_order, "is from a list in another order"),
        ("?".to_owned(), "is damaged"),
    ] {
        let after = Some(cursor);
        let Err(Error::BadRequest(message)) = list(by_team, PageArgs { after, ..args() }).await
        else {
            panic!("a cursor that {reason} is taken");
        };
        assert_eq!(message, format!("the cursor in after {reason}"));
    }
    let cursor = event::cursor(7);
    assert_eq!(event::sequence_of(&cursor).unwrap(), 7);
    assert!(event::sequence_of("7").is_err());
}
