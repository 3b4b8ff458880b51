//! The first layer of a statement: one row for each thing that counts in each of its groups.

use entity::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};

use super::{CountUnit, Dimension, Question};
use crate::service::filter::FilterContext;
use crate::service::{Result, Service, sql};

/// The columns of a fact beside its dimensions.
pub(super) const STATUS: &str = "status";
pub(super) const ROLLBACK: &str = "rollback";
pub(super) const DURATION: &str = "duration_ms";
pub(super) const TIME: &str = "time";

/// The facts that `question` is about; with `range`, those with a time from its beginning up to
/// but without its end.
pub(super) fn facts(
    service: &Service,
    question: &Question,
    range: Option<(Timestamp, Timestamp)>,
) -> Result<SelectStatement> {
    let unit = question.count_by;
    let mut query = things(unit);
    query
        .cond_where(question.filter.condition(&FilterContext::of(service))?)
        .expr_as(unit.column(STATUS), STATUS)
        .expr_as(unit.column(ROLLBACK), ROLLBACK)
        .expr_as(unit.column(DURATION), DURATION)
        .expr_as(unit.time(), TIME);
    if let Some(range) = range {
        query.and_where(unit.happened(range));
    }
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
        let times = ["started_at", "finished_at", self.last_resort()];
        Func::coalesce(times.map(|name| self.column(name))).into()
    }

    /// Holds where that was from the first instant up to but without the second. Written so that
    /// the index over the start is of use.
    pub(super) fn happened(self, (from, to): (Timestamp, Timestamp)) -> Expr {
        let (from, to) = (from.0.timestamp_millis(), to.0.timestamp_millis());
        let within = |time: Expr| time.clone().gte(from).and(time.lt(to));
        let started = self.column("started_at");
        let others = ["finished_at", self.last_resort()];
        let others = Func::coalesce(others.map(|name| self.column(name)));
        let otherwise = started.clone().is_null().and(within(others.into()));
        within(started).or(otherwise)
    }
}
