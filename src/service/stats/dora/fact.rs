//! What DORA's metrics are made of: one row for each package that is asked for, with what became
//! of it. The layers of the statement, from the bottom:
//!
//! | layer | a row for each | says |
//! |---|---|---|
//! | `asked` | package asked for | the package, with all others of its release that are asked for |
//! | those of `rollback.rs` | | what is a rollback, what was taken back, what is not new |
//! | `mended` | package that failed | when the next one of the name succeeded |
//! | `incident` | package with failures in production | when these were resolved |
//! | `fact` | package asked for | all of that together |
//!
//! Truths are 0 and 1, and times are numbers, so that both databases compute alike.

use entity::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func, JoinType, Query, SelectStatement, WithClause};

use super::DoraQuestion;
use super::rollback::{Reach, first};
use crate::service::filter::{FilterContext, PackageFilter, ReleaseFilter, StringListFilter};
use crate::service::line::NOWHERE;
use crate::service::{Result, Service, sql};

/// The layer of facts.
pub(super) const FACT: &str = "fact";

/// The layers up to [`FACT`], for the window that `question` is about.
pub(super) async fn layers(
    service: &Service,
    question: &DoraQuestion,
    window: (Timestamp, Timestamp),
) -> Result<WithClause> {
    let reach = Reach::of(service, window).await?;
    let mut steps = vec![("asked", asked(service, question, window)?)];
    steps.extend(reach.layers(service.database.backend(), question));
    steps.extend([
        ("mended", mended(question)),
        ("incident", incident()),
        (FACT, fact(question)),
    ]);
    let mut layers = WithClause::new();
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
pub(super) fn on_platforms(
    query: &mut SelectStatement,
    table: &'static str,
    question: &DoraQuestion,
) {
    if let Some(names) = &question.platforms {
        let ids = Query::select()
            .column("id")
            .from("platform")
            .and_where(Expr::col("name").is_in(names.iter().map(String::as_str)))
            .take();
        query.and_where(sql::column(table, "platform_id").in_subquery(ids));
    }
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
    let next = first("effective_at", "standing");
    let nexts = Query::select()
        .expr(Expr::cust("standing.package_id"))
        .expr(Expr::cust(format!("{next} AS restored_at")))
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
    let resolves = "asked.release_id IN (SELECT failure.resolved_by_id FROM failure \
        INNER JOIN release ON release.id = failure.release_id AND release.deleted_at IS NULL \
        WHERE failure.resolved_by_id IS NOT NULL)";
    let columns = [
        "asked.package_id, asked.release_id, asked.committed_at, asked.effective_at".to_owned(),
        truth("asked.status IN ('SUCCESSFUL', 'FAILED')", "is_done"),
        truth("asked.status = 'FAILED'", "has_failed"),
        truth("reverted.package_id IS NOT NULL", "is_rollback"),
        truth("stale.package_id IS NULL", "is_new"),
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
        ("stale", "stale.package_id = asked.package_id"),
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
