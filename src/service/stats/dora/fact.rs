//! What DORA's metrics are made of: one row for each package that is asked for, with what became
//! of it. The layers of the statement, from the bottom:
//!
//! | layer | a row for each | says |
//! |---|---|---|
//! | `asked` | package asked for | the package, with all others of its release that are asked for |
//! | `line` | deployment on a line of such a name | its place, what it replaced, the last one of the same version |
//! | `judged` | the same | whether it is a rollback |
//! | `own` | package on any line | the same, over its lines |
//! | `blamed` | package | when a rollback took it back |
//! | `mended` | package that failed | when the next one of the name succeeded |
//! | `incident` | package with failures in production | when these were resolved |
//! | `fact` | package asked for | all of that together |
//!
//! Truths are 0 and 1, and times are numbers, so that both databases compute alike.

use entity::Timestamp;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, WithClause,
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
        ("line", line(question)),
        ("judged", judged()),
        ("own", own()),
        ("blamed", blamed()),
        ("mended", mended(question)),
        ("incident", incident()),
        (FACT, fact(question)),
    ];
    for (name, query) in steps {
        let step = CommonTableExpression::new()
            .table_name(name)
            .query(query)
            .to_owned();
        layers.cte(step);
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
    let columns = ["release_id", "name", "status", "rollback", "rollback_told"];
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

fn line(question: &DoraQuestion) -> SelectStatement {
    const PLACE: &str = "OVER (PARTITION BY platform_id, name \
        ORDER BY effective_at, started_at, package_id)";
    let names = Query::select().column("name").from("asked").take();
    let mut places = Query::select();
    places
        .expr(Expr::cust(
            "platform_id, name, version, package_id, effective_at",
        ))
        .expr(Expr::cust(format!("row_number() {PLACE} AS place")))
        .expr(Expr::cust(format!("lag(version) {PLACE} AS replaced")))
        .from("deployment")
        .and_where(Expr::col("name").in_subquery(names));
    on_platforms(&mut places, "deployment", question);
    // Versions that nobody knows are no one version.
    let same = "CASE WHEN version IS NOT NULL THEN \
        lag(place) OVER (PARTITION BY platform_id, name, version ORDER BY place) END AS same";
    Query::select()
        .expr(Expr::cust(
            "platform_id, name, package_id, effective_at, place, version, replaced",
        ))
        .expr(Expr::cust(same))
        .from_subquery(places.take(), "places")
        .take()
}

/// Whether each deployment is a rollback: as told, else when it brings back, on any of its lines,
/// a version that another one had replaced.
fn judged() -> SelectStatement {
    let rollback = "CASE WHEN package.rollback_told \
        THEN CASE WHEN package.rollback THEN 1 ELSE 0 END \
        ELSE max(CASE WHEN line.same IS NOT NULL AND line.replaced <> line.version \
            THEN 1 ELSE 0 END) OVER (PARTITION BY line.package_id) END AS is_rollback";
    Query::select()
        .expr(Expr::cust("line.*"))
        .expr(Expr::cust(rollback))
        .from("line")
        .join(
            JoinType::InnerJoin,
            "package",
            Expr::cust("package.id = line.package_id"),
        )
        .take()
}

/// Over all lines of a package: whether it is a rollback, and whether its version is new on any.
fn own() -> SelectStatement {
    Query::select()
        .expr(Expr::cust("package_id, max(is_rollback) AS is_rollback"))
        .expr(Expr::cust(
            "max(CASE WHEN same IS NULL THEN 1 ELSE 0 END) AS is_new",
        ))
        .from("judged")
        .add_group_by([Expr::col("package_id")])
        .take()
}

/// A rollback blames what was deployed right after the version it brings back, else what it
/// replaced; never another rollback. Of several platforms the last one restored counts.
fn blamed() -> SelectStatement {
    let culprit = "culprit.platform_id = judged.platform_id AND culprit.name = judged.name \
        AND culprit.place = CASE WHEN judged.same IS NOT NULL \
            THEN judged.same + 1 ELSE judged.place - 1 END";
    let on_platform = Query::select()
        .expr(Expr::cust(
            "culprit.package_id, min(judged.effective_at) AS restored_at",
        ))
        .from("judged")
        .join_as(
            JoinType::InnerJoin,
            "judged",
            "culprit",
            Expr::cust(culprit),
        )
        .and_where(Expr::cust(
            "judged.is_rollback = 1 AND culprit.is_rollback = 0",
        ))
        .add_group_by([
            sql::column("culprit", "platform_id"),
            sql::column("culprit", "package_id"),
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
    let rollback = "CASE WHEN asked.rollback_told THEN CASE WHEN asked.rollback THEN 1 ELSE 0 END \
        ELSE COALESCE(own.is_rollback, 0) END";
    let columns = [
        "asked.package_id, asked.release_id, asked.committed_at, asked.effective_at".to_owned(),
        truth("asked.status IN ('SUCCESSFUL', 'FAILED')", "is_done"),
        truth("asked.status = 'FAILED'", "has_failed"),
        format!("{rollback} AS is_rollback"),
        "COALESCE(own.is_new, 0) AS is_new".to_owned(),
        truth(
            &format!(
                "asked.status IN ('SUCCESSFUL', 'FAILED') AND {rollback} = 0 AND ({by_status}\
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
        ("own", "own.package_id = asked.package_id"),
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
