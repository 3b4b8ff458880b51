//! Which packages are rollbacks, and which ones these take back. The layers of the statement, on
//! top of `asked` (`fact.rs`):
//!
//! | layer | a row for each | says |
//! |---|---|---|
//! | `line` | deployment of what is asked for on a line | what it replaced |
//! | `suspect` | package that may be a rollback or be taken for one | |
//! | `again` | deployment of these on a line whose version was there before | |
//! | `stale` | package that brought nothing new to any platform | |
//! | `reverted` | package that is a rollback | |
//! | `back` | deployment of a rollback on a line | the last one before it with its version |
//! | `culprit` | the same | which package it blames |
//! | `blamed` | package that is blamed and no rollback itself | when it was taken back |
//!
//! A line is as long as its history, and so there are two ways to find `again`. For a short window
//! the neighbours of each deployment are looked up, which costs what happened in the window. For a
//! long one the versions that occur more than once are found in one pass over an index, which costs
//! little for each deployment that there ever was; `line` and `suspect` are not needed then.

use sea_orm::sea_query::{Expr, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{ConnectionTrait as _, DbBackend, ExprTrait as _};

use super::DoraQuestion;
use super::fact::on_platforms;
use crate::service::{Result, Service, sql};
use entity::Timestamp;

/// How much of the history is looked at for rollbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The neighbours of what is asked for.
    Near,
    /// All of it.
    Whole,
}

/// A window is long when it covers this part of the history: from there on one pass over all
/// costs less.
const LONG: i64 = 20;

/// From when on something may be a rollback of interest: what was deployed before all that is
/// asked for neither is any of it nor blames any of it.
const EARLIEST: &str = "(SELECT min(asked.effective_at) FROM asked)";

impl Reach {
    /// What costs less for a window.
    pub async fn of(service: &Service, (from, to): (Timestamp, Timestamp)) -> Result<Self> {
        let end = |order: &str| {
            format!(
                "(SELECT effective_at FROM package WHERE deleted_at IS NULL \
                 ORDER BY effective_at {order} LIMIT 1)"
            )
        };
        let ends = Query::select()
            .expr_as(Expr::cust(end("ASC")), "earliest")
            .expr_as(Expr::cust(end("DESC")), "latest")
            .take();
        let Some(row) = service.reader().query_one(&ends).await? else {
            return Ok(Self::Near);
        };
        let earliest: Option<i64> = row.try_get("", "earliest")?;
        let latest: Option<i64> = row.try_get("", "latest")?;
        let (Some(earliest), Some(latest)) = (earliest, latest) else {
            return Ok(Self::Near);
        };
        let (from, to) = (from.0.timestamp_millis(), to.0.timestamp_millis());
        let window = std::cmp::min(to, latest) - std::cmp::max(from, earliest);
        Ok(if window > (latest - earliest) / LONG {
            Self::Whole
        } else {
            Self::Near
        })
    }

    /// The layers, in their order.
    pub fn layers(
        self,
        backend: DbBackend,
        question: &DoraQuestion,
    ) -> Vec<(&'static str, SelectStatement)> {
        let mut layers = Vec::new();
        if self == Self::Near {
            layers.push(("line", line(question)));
            layers.push(("suspect", suspect()));
        }
        layers.extend([
            ("again", self.again(backend, question)),
            ("stale", stale(question)),
            ("reverted", self.reverted()),
            ("back", back(question)),
            ("culprit", culprit()),
            ("blamed", blamed()),
        ]);
        layers
    }

    /// A version that nobody knows is no one version: it was never there before.
    fn again(self, backend: DbBackend, question: &DoraQuestion) -> SelectStatement {
        let mut again = deployments(question);
        // As with `sql::probe`: PostgreSQL would compare all deployments with each other.
        let one_by_one = match (self, backend) {
            (Self::Near, DbBackend::Postgres) => "OFFSET 0",
            _ => "",
        };
        let known = format!(
            "EXISTS (SELECT 1 {} AND other.version = deployment.version AND {} {one_by_one})",
            on_line("deployment"),
            is("<", "deployment")
        );
        again
            .expr(Expr::cust("deployment.version"))
            .and_where(Expr::cust(known));
        if self == Self::Near {
            let suspect = "deployment.package_id IN (SELECT suspect.package_id FROM suspect)";
            return again.and_where(Expr::cust(suspect)).take();
        }
        let same_version = ["platform_id", "name", "version"];
        let mut twice = Query::select();
        twice
            .columns(same_version)
            .from("deployment")
            .and_where(Expr::col("version").is_not_null())
            .group_by_columns(same_version)
            .and_having(Expr::cust("count(*) > 1"));
        on_platforms(&mut twice, "deployment", question);
        let same =
            same_version.map(|name| sql::column("twice", name).eq(sql::column("deployment", name)));
        again
            .join_subquery(
                JoinType::InnerJoin,
                twice.take(),
                "twice",
                sql::all(same.to_vec()),
            )
            .and_where(Expr::cust(format!("deployment.effective_at >= {EARLIEST}")))
            .take()
    }

    /// Rollbacks: as their callers told, else those that bring back, on any of their lines, a
    /// version that another one had replaced.
    fn reverted(self) -> SelectStatement {
        let told =
            "(SELECT package.rollback_told FROM package WHERE package.id = again.package_id)";
        let mut reverted = Query::select()
            .expr(Expr::cust("again.package_id"))
            .from("again")
            .and_where(Expr::cust(format!(
                "again.version <> {}",
                last("version", "again")
            )))
            .and_where(Expr::cust(format!("NOT {told}")))
            .take();
        let mut told = Query::select();
        match self {
            Self::Near => told
                .expr(Expr::cust("suspect.package_id"))
                .from("suspect")
                .and_where(Expr::cust(
                    "(SELECT package.rollback_told AND package.rollback FROM package \
                      WHERE package.id = suspect.package_id)",
                )),
            Self::Whole => told
                .expr(Expr::cust("package.id"))
                .from("package")
                .and_where(Expr::cust("package.rollback_told AND package.rollback"))
                .and_where(Expr::cust(format!("package.effective_at >= {EARLIEST}")))
                .and_where(sql::column("package", "deleted_at").is_null()),
        };
        // One that goes back on two platforms is there once.
        reverted.union(UnionType::Distinct, told.take()).take()
    }
}

/// Where a deployment stands on its line, compared with another one.
fn is(comparison: &str, of: &str) -> String {
    let place = |alias| format!("({alias}.effective_at, {alias}.started_at, {alias}.package_id)");
    format!("{} {comparison} {}", place("other"), place(of))
}

/// The part of a query that finds those on the line of the deployment `of`, as `other`.
fn on_line(of: &str) -> String {
    format!(
        "FROM deployment AS other \
         WHERE other.platform_id = {of}.platform_id AND other.name = {of}.name"
    )
}

/// A value of the first one behind the deployment `of` on its line.
pub(super) fn first(value: &str, of: &str) -> String {
    let (line, behind) = (on_line(of), is(">", of));
    format!(
        "(SELECT other.{value} {line} AND {behind} \
         ORDER BY other.effective_at, other.started_at, other.package_id LIMIT 1)"
    )
}

/// A value of the last one before the deployment `of` on its line.
fn last(value: &str, of: &str) -> String {
    last_with(value, of, "TRUE")
}

/// The same among those that meet a condition.
fn last_with(value: &str, of: &str, condition: &str) -> String {
    let (line, before) = (on_line(of), is("<", of));
    format!(
        "(SELECT other.{value} {line} AND {before} AND {condition} ORDER BY \
         other.effective_at DESC, other.started_at DESC, other.package_id DESC LIMIT 1)"
    )
}

/// Deployments on the platforms that are asked for, with where they stand.
fn deployments(question: &DoraQuestion) -> SelectStatement {
    let mut query = Query::select();
    let columns = [
        "platform_id",
        "name",
        "effective_at",
        "started_at",
        "package_id",
    ];
    query
        .columns(columns.map(|name| ("deployment", name)))
        .from("deployment");
    on_platforms(&mut query, "deployment", question);
    query
}

fn line(question: &DoraQuestion) -> SelectStatement {
    let replaced = format!("{} AS replaced", last("version", "deployment"));
    deployments(question)
        .expr(Expr::cust(replaced))
        .and_where(Expr::cust(
            "deployment.package_id IN (SELECT asked.package_id FROM asked)",
        ))
        .take()
}

/// A rollback blames what was deployed right after the version that it brings back: seen from
/// there, it is the next one with the version that was replaced. One that brings no version back
/// blames what it replaced: it is the next one.
fn suspect() -> SelectStatement {
    let next = first("package_id", "line");
    let back = format!(
        "(SELECT other.package_id {} AND other.version = line.replaced AND {} \
         ORDER BY other.effective_at, other.started_at, other.package_id LIMIT 1)",
        on_line("line"),
        is(">", "line")
    );
    let found = |package: String| {
        Query::select()
            .expr(Expr::cust(package))
            .from("line")
            .take()
    };
    Query::select()
        .expr(Expr::cust("asked.package_id"))
        .from("asked")
        .union(UnionType::Distinct, found(next))
        .union(UnionType::Distinct, found(back))
        .take()
}

fn stale(question: &DoraQuestion) -> SelectStatement {
    let mut all = Query::select();
    all.expr(Expr::cust("count(*)"))
        .from("deployment")
        .and_where(Expr::cust("deployment.package_id = again.package_id"));
    on_platforms(&mut all, "deployment", question);
    let all = Expr::SubQuery(None, Box::new(all.take().into()));
    Query::select()
        .expr(Expr::cust("again.package_id"))
        .from("again")
        .add_group_by([sql::column("again", "package_id")])
        .and_having(Expr::cust("count(*)").eq(all))
        .take()
}

fn back(question: &DoraQuestion) -> SelectStatement {
    let same = last_with(
        "package_id",
        "deployment",
        "other.version = deployment.version",
    );
    deployments(question)
        .expr(Expr::cust(format!("{same} AS before_id")))
        .and_where(Expr::cust(
            "deployment.package_id IN (SELECT reverted.package_id FROM reverted)",
        ))
        .take()
}

/// What was deployed right after the version that a rollback brings back, else what it replaced.
fn culprit() -> SelectStatement {
    let after = first("package_id", "deployment");
    let culprit = format!(
        "CASE WHEN back.before_id IS NULL THEN {} ELSE \
         (SELECT {after} FROM deployment WHERE deployment.package_id = back.before_id \
            AND deployment.platform_id = back.platform_id) END AS package_id",
        last("package_id", "back")
    );
    Query::select()
        .expr(Expr::cust("back.platform_id, back.effective_at"))
        .expr(Expr::cust(culprit))
        .from("back")
        .take()
}

/// Of several rollbacks on a platform the first one counts, and of several platforms the last one
/// restored.
fn blamed() -> SelectStatement {
    let on_platform = Query::select()
        .expr(Expr::cust(
            "culprit.package_id, min(culprit.effective_at) AS restored_at",
        ))
        .from("culprit")
        // Not by NOT IN: PostgreSQL would go through all of them for each.
        .join(
            JoinType::LeftJoin,
            "reverted",
            Expr::cust("reverted.package_id = culprit.package_id"),
        )
        .and_where(Expr::cust("reverted.package_id IS NULL"))
        .add_group_by([
            sql::column("culprit", "platform_id"),
            sql::column("culprit", "package_id"),
        ])
        .take();
    // The id of the package itself, because SQLite makes no index over one that is computed.
    Query::select()
        .expr(Expr::cust(
            "package.id AS package_id, max(on_platform.restored_at) AS restored_at",
        ))
        .from_subquery(on_platform, "on_platform")
        .join(
            JoinType::InnerJoin,
            "package",
            Expr::cust("package.id = on_platform.package_id"),
        )
        .add_group_by([sql::column("package", "id")])
        .take()
}
