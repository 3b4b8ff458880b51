//! The first layer of a statement: one row for each thing that counts in each of its groups, or for
//! many of them that the tally has counted already.

use entity::Timestamp;
use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, UnionType};

use super::calendar::{Bucket, DAY, instant};
use super::group::{COUNT, LAYER, PLACE};
use super::{CountUnit, Dimension, Question};
use crate::service::filter::{FilterContext, ReleaseFilter};
use crate::service::{Error, Result, Service, sql, tally};

/// The columns of a fact beside its dimensions.
pub(super) const STATUS: &str = "status";
pub(super) const ROLLBACK: &str = "rollback";
pub(super) const DURATION: &str = "duration_ms";
pub(super) const TIME: &str = "time";

/// The column that tells repeated facts from others.
pub(super) const ID: &str = "id";

/// Parameters of what is in a statement five times, at most; SQLite takes 32,766 in all.
const MAX_REPEATED: usize = 5_000;

const STARTED_AT: &str = "started_at";
const FINISHED_AT: &str = "finished_at";

/// The facts that a question is about.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub rows: SelectStatement,
    /// Whether a row stands for as many facts as its [`COUNT`] says, and not for one.
    pub counted: bool,
    /// Whether there may be several rows of a fact in one group; then each has its [`ID`], and SQLite
    /// comes upon those of a fact one after the other.
    pub repeated: bool,
}

impl Facts {
    /// All of them, each with its time, whenever that was.
    pub fn timed(service: &Service, question: &Question) -> Result<Self> {
        let is_hidden = goes_through_all(service, question);
        let rows = facts_at(service, question, question.count_by.time(), is_hidden)?;
        Ok(Self::each(rows, question))
    }

    /// One for each of `rows`, but for those that are repeated.
    fn each(rows: SelectStatement, question: &Question) -> Self {
        // A release may have a package of the same name twice.
        let repeated = question.count_by == CountUnit::Releases
            && question.group_by.contains(&Dimension::Package);
        Self {
            rows,
            counted: false,
            repeated,
        }
    }

    /// All of them, with no time at all or that of the beginning of their day by UTC.
    pub fn by_day(service: &Service, question: &Question) -> Result<Self> {
        if !is_tallied(question) {
            return Self::timed(service, question);
        }
        Ok(Self::counted(tallied(service, question)?))
    }

    /// Those from the beginning of `range` up to but without its end, each with a time within the one
    /// of `buckets` that it lies in.
    pub fn within(
        service: &Service,
        question: &Question,
        range: (Timestamp, Timestamp),
        buckets: &[Bucket],
    ) -> Result<Self> {
        let days = whole_days(range, buckets).filter(|_| is_tallied(question));
        let tallied = days.map(|days| Ok::<_, Error>((days, tallied(service, question)?)));
        let tallied = tallied.transpose()?;
        let tallied = tallied.filter(|(_, rows)| may_be_repeated(service, rows));
        let Some(((from, to), mut rows)) = tallied else {
            let rows = facts_within(service, question, range)?;
            return Ok(Self::each(rows, question));
        };
        let edges = [(range.0, instant(from)), (instant(to), range.1)];
        let day = || sql::column("release", tally::DAY);
        rows.and_where(day().gte(from)).and_where(day().lt(to));
        for part in edges {
            if part.0.0 < part.1.0 {
                let part = facts_within(service, question, part)?;
                rows.union(UnionType::All, counted(part));
            }
        }
        Ok(Self::counted(rows))
    }

    const fn counted(rows: SelectStatement) -> Self {
        Self {
            rows,
            counted: true,
            repeated: false,
        }
    }

    /// The same with `place` of each as [`PLACE`].
    pub fn placed(self, place: Expr) -> Self {
        let mut rows = Query::select();
        rows.expr(Expr::cust("*"))
            .expr_as(place, PLACE)
            .from_subquery(self.rows, LAYER);
        Self { rows, ..self }
    }
}

/// Whether the filter in `rows` is short enough to be there once more for each part of both edges: the
/// databases take no more than some tens of thousands of parameters.
fn may_be_repeated(service: &Service, rows: &SelectStatement) -> bool {
    let statement = service.database.backend().build(rows);
    let values = statement.values.map_or(0, |values| values.0.len());
    values <= MAX_REPEATED
}

/// Whether the tally can answer `question`.
fn is_tallied(question: &Question) -> bool {
    question.count_by == CountUnit::Releases
        && !question.durations
        && question.group_by.iter().all(|it| *it == Dimension::Team)
        && tally::knows(&question.filter)
}

/// The rows of the tally, with the columns of facts.
fn tallied(service: &Service, question: &Question) -> Result<SelectStatement> {
    let column = |name| sql::column("release", name);
    let mut query = tally::rows(service, &question.filter)?;
    query
        .expr_as(column(STATUS), STATUS)
        .expr_as(column(ROLLBACK), ROLLBACK)
        .expr_as(Expr::custom_keyword("NULL"), DURATION)
        .expr_as(column(tally::DAY), TIME);
    for dimension in question.dimensions() {
        query.expr_as(column(dimension.column()), dimension.column());
    }
    Ok(query.expr_as(column(tally::COUNT), COUNT).take())
}

/// Facts, with a count of one each.
fn counted(facts: SelectStatement) -> SelectStatement {
    Query::select()
        .expr(Expr::cust("*"))
        .expr_as(Expr::val(1_i64), COUNT)
        .from_subquery(facts, LAYER)
        .take()
}

/// The days by UTC that lie wholly in `range`, from the beginning of the first to the end of the last,
/// if there are any, and if each of `buckets` is made of days.
fn whole_days((from, to): (Timestamp, Timestamp), buckets: &[Bucket]) -> Option<(i64, i64)> {
    let millis = |time: Timestamp| time.0.timestamp_millis();
    let is_midnight = |time: Timestamp| millis(time).rem_euclid(DAY) == 0;
    let first = millis(from) + (-millis(from)).rem_euclid(DAY);
    let last = millis(to) - millis(to).rem_euclid(DAY);
    let are_days = || {
        let mut bounds = buckets.iter().map(|bucket| bucket.start);
        bounds.all(is_midnight)
    };
    (first < last && are_days()).then_some((first, last))
}

/// The facts with a time from the beginning of `range` up to but without its end. They are in two
/// parts, each of which is a piece of the index over the start.
fn facts_within(
    service: &Service,
    question: &Question,
    range: (Timestamp, Timestamp),
) -> Result<SelectStatement> {
    let unit = question.count_by;
    let [started, others] = unit.happened(range);
    let mut query = facts_at(service, question, unit.column(STARTED_AT), false)?;
    let mut rest = facts_at(service, question, unit.time_without_start(), false)?;
    query
        .and_where(started)
        .union(UnionType::All, rest.and_where(others).take());
    Ok(query)
}

/// The facts that `question` is about, which happened at `time`. `is_hidden`: SQLite does not get to see
/// that there are indexes for them.
fn facts_at(
    service: &Service,
    question: &Question,
    time: Expr,
    is_hidden: bool,
) -> Result<SelectStatement> {
    let unit = question.count_by;
    let mut query = things(question, is_hidden);
    query
        .cond_where(question.filter.condition(&FilterContext::of(service))?)
        .expr_as(unit.column(STATUS), STATUS)
        .expr_as(unit.column(ROLLBACK), ROLLBACK)
        .expr_as(unit.column(DURATION), DURATION)
        .expr_as(time, TIME);
    for dimension in question.dimensions() {
        add(&mut query, dimension, unit);
    }
    Ok(query)
}

/// Everything that counts.
fn things(question: &Question, is_hidden: bool) -> SelectStatement {
    let lives = |table| {
        let deleted_at = sql::column(table, "deleted_at");
        if is_hidden {
            sql::unindexed(deleted_at).is_null()
        } else {
            deleted_at.is_null()
        }
    };
    let mut query = Query::select();
    if question.count_by == CountUnit::Releases {
        return query.from("release").and_where(lives("release")).take();
    }
    query.from("package").and_where(lives("package"));
    // The packages of deleted releases are deleted themselves.
    if question.is_about_releases() {
        let release = sql::column("package", "release_id");
        query
            .inner_join("release", sql::column("release", "id").eq(release))
            .and_where(lives("release"));
    }
    query.take()
}

/// Whether a question is about all records and what is in other tables beside them. SQLite would
/// look them up in the order of an index that has much of what is asked, and be all over the other tables;
/// in the order in which they were recorded, what belongs to them is there together.
fn goes_through_all(service: &Service, question: &Question) -> bool {
    let is_elsewhere = |it: &Dimension| matches!(it, Dimension::Platform | Dimension::Package);
    service.database.backend() == DbBackend::Sqlite
        && question.filter == ReleaseFilter::default()
        && (question.count_by == CountUnit::Packages || question.group_by.iter().any(is_elsewhere))
}

/// Adds the column of `dimension`, and the rows that it needs.
fn add(query: &mut SelectStatement, dimension: Dimension, unit: CountUnit) {
    let release = || sql::column("release", "id");
    let value = match (dimension, unit) {
        (Dimension::User | Dimension::Team, _) => sql::column("release", dimension.column()),
        (Dimension::Platform, _) => {
            let link = |column| sql::column("release_platform", column);
            query
                .left_join("release_platform", link("release_id").eq(release()))
                .left_join(
                    "platform",
                    sql::column("platform", "id").eq(link("platform_id")),
                );
            sql::column("platform", "name")
        }
        // Not the column itself: where SQLite has to put packages in groups, it would go through them by
        // name, and look each of them and its release up all over the tables.
        (Dimension::Package, CountUnit::Packages) => {
            Func::coalesce([sql::column("package", "name"), Expr::custom_keyword("NULL")]).into()
        }
        (Dimension::Package, CountUnit::Releases) => {
            let of_release = sql::column("package", "release_id").eq(release());
            // A left join, so that SQLite comes upon all packages of a release before the next release.
            let living = sql::column("package", "deleted_at").is_null();
            query
                .left_join("package", of_release.and(living))
                .expr_as(release(), ID);
            sql::column("package", "name")
        }
    };
    query.expr_as(value, dimension.column());
}

impl CountUnit {
    const fn table(self) -> &'static str {
        match self {
            Self::Releases => "release",
            Self::Packages => "package",
        }
    }

    fn column(self, name: &'static str) -> Expr {
        sql::column(self.table(), name)
    }

    /// The column with the time that stands in where neither start nor finish is known.
    const fn last_resort(self) -> &'static str {
        match self {
            Self::Releases => "created_at",
            Self::Packages => "effective_at",
        }
    }

    /// When it happened: its start, else its finish, else when a release was recorded; a package
    /// without times of its own has those of its release.
    pub(super) fn time(self) -> Expr {
        self.first_of(&[STARTED_AT, FINISHED_AT, self.last_resort()])
    }

    /// The same of what has no start.
    fn time_without_start(self) -> Expr {
        self.first_of(&[FINISHED_AT, self.last_resort()])
    }

    fn first_of(self, times: &[&'static str]) -> Expr {
        Func::coalesce(times.iter().map(|name| self.column(name))).into()
    }

    /// One of them holds where that was from the first instant up to but without the second: the
    /// first for what has a start, the second for what has none.
    pub(super) fn happened(self, (from, to): (Timestamp, Timestamp)) -> [Expr; 2] {
        let (from, to) = (from.0.timestamp_millis(), to.0.timestamp_millis());
        let within = |time: Expr| time.clone().gte(from).and(time.lt(to));
        let started = self.column(STARTED_AT);
        let otherwise = within(self.time_without_start());
        [within(started.clone()), started.is_null().and(otherwise)]
    }
}
