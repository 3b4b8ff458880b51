//! The first layer of a statement: one row for each thing that counts in each of its groups.

use entity::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement, UnionType};

use super::{CountUnit, Dimension, Question};
use crate::service::filter::FilterContext;
use crate::service::{Result, Service, sql};

/// The columns of a fact beside its dimensions.
pub(super) const STATUS: &str = "status";
pub(super) const ROLLBACK: &str = "rollback";
pub(super) const DURATION: &str = "duration_ms";
pub(super) const TIME: &str = "time";

const STARTED_AT: &str = "started_at";
const FINISHED_AT: &str = "finished_at";

/// The facts that `question` is about, whenever that was.
pub(super) fn facts(service: &Service, question: &Question) -> Result<SelectStatement> {
    facts_at(service, question, question.count_by.time())
}

/// Those of them with a time from the beginning of `range` up to but without its end. They are in
/// two parts, each of which is a piece of the index over the start.
pub(super) fn facts_within(
    service: &Service,
    question: &Question,
    range: (Timestamp, Timestamp),
) -> Result<SelectStatement> {
    let unit = question.count_by;
    let [started, others] = unit.happened(range);
    let mut query = facts_at(service, question, unit.column(STARTED_AT))?;
    let mut rest = facts_at(service, question, unit.time_without_start())?;
    query
        .and_where(started)
        .union(UnionType::All, rest.and_where(others).take());
    Ok(query)
}

/// The facts that `question` is about, which happened at `time`.
fn facts_at(service: &Service, question: &Question, time: Expr) -> Result<SelectStatement> {
    let unit = question.count_by;
    let mut query = things(unit);
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
fn things(unit: CountUnit) -> SelectStatement {
    let mut query = Query::select();
    query.and_where(sql::column("release", "deleted_at").is_null());
    match unit {
        CountUnit::Releases => query.from("release"),
        CountUnit::Packages => {
            let release = sql::column("package", "release_id");
            query
                .from("package")
                .inner_join("release", sql::column("release", "id").eq(release))
                .and_where(sql::column("package", "deleted_at").is_null())
        }
    };
    query.take()
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
        // Not the column itself: SQLite would go through the packages by name to have them in
        // groups, and look each of them and its release up all over the tables.
        (Dimension::Package, CountUnit::Packages) => {
            Func::coalesce([sql::column("package", "name"), Expr::custom_keyword("NULL")]).into()
        }
        (Dimension::Package, CountUnit::Releases) => {
            let of_release = sql::column("package", "release_id").eq(release());
            let living = sql::column("package", "deleted_at").is_null();
            query
                .left_join("package", of_release.and(living))
                // A release may have a package of the same name twice.
                .expr_as(release(), "id")
                .distinct();
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
