//! What DORA's metrics are made of: one row for each package that is asked for, with what became
//! of it. The layers of the statement, from the bottom:
//!
//! | layer | a row for each | says |
//! |---|---|---|
//! | `asked` | package asked for | the package, with all others of its release that are asked for |
//! | `line` | deployment of such a package on a line | what it replaced, whether its version is new |
//! | `accusation` | deployment that may have taken one of these back, or null | |
//! | `accuser` | deployment of the packages of these on a line | as `line` |
//! | `reverted` | package that is a rollback | |
//! | `fresh` | package with a version that is new somewhere | |
//! | `blamed` | package | when a rollback took it back |
//! | `mended` | package that failed | when the next one of the name succeeded |
//! | `incident` | package with failures in production | when these were resolved |
//! | `fact` | package asked for | all of that together |
//!
//! A line is as long as its history. So nothing here reads a whole line: each deployment looks its
//! neighbours up, which the indexes of the lines answer, and a window costs what happened in it.
//!
//! Truths are 0 and 1, and times are numbers, so that both databases compute alike.

use entity::Timestamp;
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, JoinType, Query, SelectStatement, UnionType, WithClause,
};

use super::DoraQuestion;
use crate::service::filter::{FilterContext, PackageFilter, ReleaseFilter, StringListFilter};
use crate::service::line::NOWHERE;
use crate::service::{Result, Service, sql};

/// The layer of facts.
pub(super) const FACT: &str = "fact";

/// The layers up to [`FACT`], for the window that `question` is about.
pub(super) fn layers(
    service: &Service,
    question: &DoraQuestion,
    window: (Timestamp, Timestamp),
) -> Result<WithClause> {
    let mut layers = WithClause::new();
    let steps = [
        ("asked", asked(service, question, window)?),
        ("line", lines_of("SELECT package_id FROM asked", question)),
        ("accusation", accusation()),
        (
            "accuser",
            lines_of("SELECT accuser_id FROM accusation", question),
        ),
        ("reverted", reverted()),
        ("fresh", fresh()),
        ("blamed", blamed()),
        ("mended", mended(question)),
        ("incident", incident()),
        (FACT, fact(question)),
    ];
    for (name, query) in steps {
        layers.cte(sql::computed_first(name, query));
    }
    Ok(layers)
}

/// Packages that are asked for, of releases with one in the window: whether a release is done
/// depends on all of its packages.
fn asked(
    service: &Service,
    question: &DoraQuestion,
    (from, to): (Timestamp, Timestamp),
) -> Result<SelectStatement> {
    let on_platforms = question.platforms.clone().map(|names| PackageFilter {
        release: Some(Box::new(ReleaseFilter {
            platforms: Some(StringListFilter {
                has_any: Some(names),
                ..StringListFilter::default()
            }),
            ..ReleaseFilter::default()
        })),
        ..PackageFilter::default()
    });
    let both = std::iter::once(question.filter.clone()).chain(on_platforms);
    let filter = PackageFilter {
        and: Some(both.collect()),
        ..PackageFilter::default()
    };
    let time = || sql::column("near", "effective_at");
    let near = Query::select()
        .expr(sql::column("near", "release_id"))
        .from_as("package", "near")
        .and_where(sql::column("near", "deleted_at").is_null())
        .and_where(time().gte(from.0.timestamp_millis()))
        .and_where(time().lt(to.0.timestamp_millis()))
        .take();
    let columns = ["release_id", "name", "status"];
    let mut query = Query::select();
    query
        .expr_as(sql::column("package", "id"), "package_id")
        .columns(columns.map(|name| ("package", name)))
        .columns([("package", "committed_at"), ("package", "effective_at")])
        .expr_as(
            Func::coalesce([sql::column("package", "started_at"), Expr::val(-1_i64)]),
            "started_at",
        )
        .from("package")
        .and_where(sql::column("package", "deleted_at").is_null())
        .and_where(sql::column("package", "release_id").in_subquery(near))
        .cond_where(filter.condition(&FilterContext::of(service))?);
    Ok(query.take())
}

/// Restricts `platform_id` of `table` to the platforms that are asked for.
fn on_platforms(query: &mut SelectStatement, table: &'static str, question: &DoraQuestion) {
    if let Some(names) = &question.platforms {
        let ids = Query::select()
            .column("id")
            .from("platform")
            .and_where(Expr::col("name").is_in(names.iter().map(String::as_str)))
            .take();
        query.and_where(sql::column(table, "platform_id").in_subquery(ids));
    }
}

/// Where a deployment stands on its line, as `alias` has it.
fn place(alias: &str) -> String {
    format!("({alias}.effective_at, {alias}.started_at, {alias}.package_id)")
}

/// The part of a query that finds those on the line of the deployment `of`, as `other`.
fn on_line(of: &str) -> String {
    format!(
        "FROM deployment AS other \
         WHERE other.platform_id = {of}.platform_id AND other.name = {of}.name"
    )
}

/// Which of several on a line comes first.
const FIRST: &str = "ORDER BY other.effective_at, other.started_at, other.package_id LIMIT 1";
/// Which of several on a line comes last.
const LAST: &str =
    "ORDER BY other.effective_at DESC, other.started_at DESC, other.package_id DESC LIMIT 1";

/// The deployments on lines of the packages with the ids that the query `packages` gives. Versions
/// that nobody knows are no one version: each is new.
fn lines_of(packages: &str, question: &DoraQuestion) -> SelectStatement {
    let (line, here, there) = (on_line("deployment"), place("deployment"), place("other"));
    let replaced = format!("(SELECT other.version {line} AND {there} < {here} {LAST})");
    let known = format!(
        "EXISTS (SELECT 1 {line} AND other.version = deployment.version AND {there} < {here})"
    );
    let mut query = Query::select();
    query
        .expr(Expr::cust(
            "platform_id, name, version, package_id, effective_at, started_at",
        ))
        .expr(Expr::cust(format!("{replaced} AS replaced")))
        .expr(Expr::cust(truth(&format!("NOT {known}"), "is_new")))
        .from("deployment")
        .and_where(Expr::cust(format!("package_id IN ({packages})")));
    on_platforms(&mut query, "deployment", question);
    query.take()
}

/// A rollback blames what was deployed right after the version that it brings back: seen from
/// there, it is the next one with the version that was replaced. One that brings no version back
/// blames what it replaced: it is the next one, with a new version.
fn accusation() -> SelectStatement {
    let (line, here, there) = (on_line("line"), place("line"), place("other"));
    let back = format!(
        "(SELECT other.package_id {line} AND other.version = line.replaced AND {there} > {here} {FIRST})"
    );
    let next = format!("(SELECT other.package_id {line} AND {there} > {here} {FIRST})");
    let accusation = |accuser: &str, brings_back: i32| {
        Query::select()
            .expr(Expr::cust("line.platform_id, line.package_id"))
            .expr(Expr::cust(format!("{accuser} AS accuser_id")))
            .expr_as(Expr::val(brings_back), "brings_back")
            .from("line")
            .take()
    };
    let went_on = "line.version IS NULL OR line.version <> line.replaced";
    accusation(&back, 1)
        .and_where(Expr::cust(went_on))
        .union(UnionType::All, accusation(&next, 0))
        .take()
}

/// Rollbacks: as their callers told, else those that bring back, on any of their lines, a version
/// that another one had replaced.
fn reverted() -> SelectStatement {
    let detected = |layer: &str| {
        Query::select()
            .expr(Expr::cust(format!("{layer}.package_id")))
            .from(layer.to_owned())
            .join(
                JoinType::InnerJoin,
                "package",
                Expr::cust(format!("package.id = {layer}.package_id")),
            )
            .and_where(Expr::cust(format!(
                "CASE WHEN package.rollback_told THEN package.rollback \
                 ELSE {layer}.is_new = 0 AND {layer}.replaced <> {layer}.version END"
            )))
            .take()
    };
    let told = Query::select()
        .expr(Expr::cust("asked.package_id"))
        .from("asked")
        .join(
            JoinType::InnerJoin,
            "package",
            Expr::cust("package.id = asked.package_id"),
        )
        .and_where(Expr::cust("package.rollback_told AND package.rollback"))
        .take();
    // One that goes back on two platforms is there once.
    detected("line")
        .union(UnionType::Distinct, detected("accuser"))
        .union(UnionType::Distinct, told)
        .take()
}

fn fresh() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("line.package_id"))
        .from("line")
        .and_where(Expr::cust("line.is_new = 1"))
        .distinct()
        .take()
}

/// When a rollback took each package back, unless that is a rollback itself. Of several platforms
/// the last one restored counts.
fn blamed() -> SelectStatement {
    let on_platform = Query::select()
        .expr(Expr::cust(
            "accusation.package_id, min(accuser.effective_at) AS restored_at",
        ))
        .from("accusation")
        .join(
            JoinType::InnerJoin,
            "accuser",
            Expr::cust(
                "accuser.package_id = accusation.accuser_id \
                 AND accuser.platform_id = accusation.platform_id",
            ),
        )
        .and_where(Expr::cust(
            "(accusation.brings_back = 1 OR accuser.is_new = 1) \
             AND accusation.accuser_id IN (SELECT package_id FROM reverted) \
             AND accusation.package_id NOT IN (SELECT package_id FROM reverted)",
        ))
        .add_group_by([
            sql::column("accusation", "platform_id"),
            sql::column("accusation", "package_id"),
        ])
        .take();
    Query::select()
        .expr(Expr::cust("package_id, max(restored_at) AS restored_at"))
        .from_subquery(on_platform, "on_platform")
        .add_group_by([Expr::col("package_id")])
        .take()
}

/// When the next package of the name succeeded, for those that failed. Of several platforms the
/// last one restored counts.
fn mended(question: &DoraQuestion) -> SelectStatement {
    let platform = sql::column("release_platform", "platform_id");
    let mut standing = Query::select();
    standing
        .expr(Expr::cust(
            "asked.package_id, asked.name, asked.effective_at, asked.started_at",
        ))
        .expr_as(
            Func::coalesce([platform, Expr::val(NOWHERE)]),
            "platform_id",
        )
        .from("asked")
        .join(
            JoinType::LeftJoin,
            "release_platform",
            Expr::cust("release_platform.release_id = asked.release_id"),
        )
        .and_where(Expr::cust("asked.status = 'FAILED'"));
    on_platforms(&mut standing, "release_platform", question);
    let next = Query::select()
        .expr(Expr::cust("min(deployment.effective_at)"))
        .from("deployment")
        .and_where(Expr::cust(
            "deployment.platform_id = standing.platform_id AND deployment.name = standing.name \
             AND (deployment.effective_at, deployment.started_at, deployment.package_id) \
               > (standing.effective_at, standing.started_at, standing.package_id)",
        ))
        .take();
    let nexts = Query::select()
        .expr(Expr::cust("standing.package_id"))
        .expr_as(Expr::SubQuery(None, Box::new(next.into())), "restored_at")
        .from_subquery(standing.take(), "standing")
        .take();
    Query::select()
        .expr(Expr::cust("package_id, max(restored_at) AS restored_at"))
        .from_subquery(nexts, "nexts")
        .add_group_by([Expr::col("package_id")])
        .take()
}

/// When the failures in production that a package caused were resolved: all of them, or it is not
/// known. A time before the deployment is no time.
fn incident() -> SelectStatement {
    let resolver = "(SELECT COALESCE(\
            (SELECT max(package.effective_at) FROM package \
                WHERE package.release_id = release.id AND package.deleted_at IS NULL), \
            release.finished_at, release.started_at, release.created_at) \
        FROM release WHERE release.id = failure.resolved_by_id AND release.deleted_at IS NULL)";
    let resolved_at = format!(
        "CASE WHEN failure.resolved_at >= asked.effective_at THEN failure.resolved_at \
         WHEN {resolver} >= asked.effective_at THEN {resolver} END AS resolved_at"
    );
    let of_package = "failure.release_id = asked.release_id \
        AND (failure.package_id IS NULL OR failure.package_id = asked.package_id)";
    let each = Query::select()
        .expr(Expr::cust("asked.package_id"))
        .expr(Expr::cust(resolved_at))
        .from("asked")
        .join(JoinType::InnerJoin, "failure", Expr::cust(of_package))
        .take();
    let all = "CASE WHEN count(*) = count(resolved_at) THEN max(resolved_at) END AS restored_at";
    Query::select()
        .expr(Expr::cust("package_id"))
        .expr(Expr::cust(all))
        .from_subquery(each, "each_one")
        .add_group_by([Expr::col("package_id")])
        .take()
}

fn fact(question: &DoraQuestion) -> SelectStatement {
    let by_status = if question.count_failed_deployments {
        "asked.status = 'FAILED' OR "
    } else {
        ""
    };
    let resolves = "EXISTS (SELECT 1 FROM failure INNER JOIN release \
        ON release.id = failure.release_id AND release.deleted_at IS NULL \
        WHERE failure.resolved_by_id = asked.release_id)";
    let columns = [
        "asked.package_id, asked.release_id, asked.committed_at, asked.effective_at".to_owned(),
        truth("asked.status IN ('SUCCESSFUL', 'FAILED')", "is_done"),
        truth("asked.status = 'FAILED'", "has_failed"),
        truth("reverted.package_id IS NOT NULL", "is_rollback"),
        truth("fresh.package_id IS NOT NULL", "is_new"),
        truth(
            &format!(
                "asked.status IN ('SUCCESSFUL', 'FAILED') AND reverted.package_id IS NULL AND ({by_status}\
                 blamed.package_id IS NOT NULL OR incident.package_id IS NOT NULL)"
            ),
            "is_failure",
        ),
        "COALESCE(incident.restored_at, blamed.restored_at, mended.restored_at) AS restored_at"
            .to_owned(),
        truth(resolves, "is_remedy"),
    ];
    let mut query = Query::select();
    query.from("asked");
    for column in columns {
        query.expr(Expr::cust(column));
    }
    for (layer, condition) in [
        ("reverted", "reverted.package_id = asked.package_id"),
        ("fresh", "fresh.package_id = asked.package_id"),
        ("blamed", "blamed.package_id = asked.package_id"),
        ("mended", "mended.package_id = asked.package_id"),
        ("incident", "incident.package_id = asked.package_id"),
    ] {
        query.join(JoinType::LeftJoin, layer, Expr::cust(condition));
    }
    query.take()
}

/// A condition as 0 or 1.
pub(super) fn truth(condition: &str, name: &str) -> String {
    format!("CASE WHEN {condition} THEN 1 ELSE 0 END AS {name}")
}
