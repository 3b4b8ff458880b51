//! The statement that finds the ends of lines.

use entity::{Timestamp, package};
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType,
    WithClause,
};
use sea_orm::{EntityTrait, QueryTrait};

use super::Moment;
use crate::service::{line, sql};

/// The lines to look at: those of some names on some platforms.
pub(super) struct Lines {
    /// Their platforms: a query for ids.
    pub places: SelectStatement,
    /// Their names: a query for texts; all names on these platforms when absent.
    pub names: Option<SelectStatement>,
    /// What must hold for the column `name` of `line`.
    pub condition: Expr,
}

/// The ends of `lines` at a moment, with what they replaced. For every line the indexes lead to
/// its end, and from there to the row before; its history is not read.
pub(super) fn ends(lines: Lines, moment: Moment, now: Timestamp) -> SelectStatement {
    let column = |table, name| sql::column(table, name);
    let condition = lines.condition.clone();
    let latest = Query::select()
        .column(("line", "platform_id"))
        .expr_as(line::first(&mut end(moment, now)), "package_id")
        .from("line")
        .and_where(column("line", "name").is_not_null())
        .and_where(condition)
        .take();
    let mut with = with_lines(lines);
    with.cte(sql::computed_first("latest", latest));
    let mut query = package::Entity::find().into_query();
    query
        .with_cte(with)
        .from_clear()
        .from("latest")
        .join(
            // Left, so that SQLite cannot begin with all packages.
            JoinType::LeftJoin,
            "package",
            column("package", "id").eq(column("latest", "package_id")),
        )
        .and_where(column("latest", "package_id").is_not_null())
        .join(
            JoinType::LeftJoin,
            "platform",
            column("platform", "id").eq(column("latest", "platform_id")),
        )
        .column(("latest", "platform_id"))
        .expr_as(column("platform", "name"), "platform")
        .expr_as(line::first(&mut replaced(moment)), "previous_version")
        .order_by(("package", "name"), Order::Asc)
        .order_by_expr(column("platform", "name").is_null(), Order::Asc)
        .order_by(("platform", "name"), Order::Asc)
        .take()
}

/// The package that is last on `line` at a moment.
fn end(moment: Moment, now: Timestamp) -> SelectStatement {
    let as_of = moment.as_of.unwrap_or(now).0.timestamp_millis();
    let line = (
        sql::column("line", "platform_id"),
        sql::column("line", "name"),
    );
    let mut end = line::latest("deployment", line);
    end.column(("deployment", "package_id"))
        .and_where(sql::column("deployment", "effective_at").lte(as_of));
    if moment.by_release {
        end.and_where(line::by_successful_release("deployment"));
    }
    end
}

/// The version before `package` on its line of the platform of `latest`.
fn replaced(moment: Moment) -> SelectStatement {
    let line = (
        sql::column("latest", "platform_id"),
        sql::column("package", "name"),
    );
    let place = Expr::tuple([
        sql::column("package", "effective_at"),
        line::start("package"),
        sql::column("package", "id"),
    ]);
    let mut before = line::latest("earlier", line);
    before
        .column(("earlier", "version"))
        .and_where(line::order("earlier").lt(place));
    if moment.by_release {
        before.and_where(line::by_successful_release("earlier"));
    }
    before
}

/// `line`: the platforms and names to look at. Where no names are given, each is found from the
/// one before, which costs a step in an index rather than a look at every row.
fn with_lines(Lines { places, names, .. }: Lines) -> WithClause {
    let mut lines = Query::select();
    lines
        .expr_as(sql::column("place", "id"), "platform_id")
        .from("place");
    if let Some(names) = names {
        lines.column(("named", "value")).join_subquery(
            JoinType::InnerJoin,
            names,
            "named",
            sql::always(),
        );
    } else {
        let next = sql::column("deployment", "name").gt(sql::column("line", "name"));
        let mut next = names_on(sql::column("line", "platform_id"))
            .and_where(next)
            .take();
        let others = Query::select()
            .column(("line", "platform_id"))
            .expr(line::first(&mut next))
            .from("line")
            .and_where(sql::column("line", "name").is_not_null())
            .take();
        lines
            .expr(line::first(&mut names_on(sql::column("place", "id"))))
            .union(UnionType::All, others);
    }
    let place = CommonTableExpression::new()
        .table_name("place")
        .column("id")
        .query(places)
        .to_owned();
    let line = CommonTableExpression::new()
        .table_name("line")
        .columns(["platform_id", "name"])
        .query(lines)
        .to_owned();
    let mut with = WithClause::new();
    with.recursive(true).cte(place).cte(line);
    with
}

/// The names of the lines on a platform, as often as they occur, in order.
fn names_on(platform_id: Expr) -> SelectStatement {
    line::all("deployment")
        .column(("deployment", "name"))
        .and_where(sql::column("deployment", "platform_id").eq(platform_id))
        .order_by(("deployment", "name"), Order::Asc)
        .take()
}
