//! What is counted: packages, or releases as a whole, each with the bucket it belongs to.

use entity::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::DoraQuestion;
use super::fact::{FACT, truth};
use crate::service::stats::CountUnit;
use crate::service::stats::calendar::Bucket;
use crate::service::stats::group::PLACE;
use crate::service::stats::piecewise::bucket_number;

/// The units of a window. Beside their columns they have [`PLACE`], the number of their bucket.
pub(super) fn units(
    question: &DoraQuestion,
    window: (Timestamp, Timestamp),
    buckets: &[Bucket],
) -> SelectStatement {
    let truths = [
        truth("is_done = 1 AND has_failed = 0", "is_deployment"),
        truth(&is_change(question), "is_change"),
        truth(
            &format!("is_failure = 1 AND {}", is_change(question)),
            "is_change_failure",
        ),
        truth(
            "is_done = 1 AND (is_rollback = 1 OR is_remedy = 1)",
            "is_rework",
        ),
    ];
    let mut query = Query::select();
    query.expr(Expr::cust(
        "unit_id, effective_at, restored_at, is_done, is_rollback",
    ));
    for column in truths {
        query.expr(Expr::cust(column));
    }
    query.expr_as(bucket_number(&Expr::col("effective_at"), buckets), PLACE);
    query.from_subquery(grouped(question.count_by), "unit");
    within(&mut query, window);
    query.take()
}

/// What change fail rate divides by.
fn is_change(question: &DoraQuestion) -> String {
    let outcome = if question.count_failed_deployments {
        ""
    } else {
        " AND has_failed = 0"
    };
    format!("is_done = 1 AND is_rollback = 0{outcome}")
}

/// Packages as they are, or releases made of theirs.
fn grouped(unit: CountUnit) -> SelectStatement {
    let mut query = Query::select();
    query.from(FACT);
    if unit == CountUnit::Packages {
        let columns = "package_id AS unit_id, effective_at, restored_at, is_done, has_failed, \
            is_rollback, is_failure, is_remedy";
        return query.expr(Expr::cust(columns)).take();
    }
    let restored = "CASE WHEN sum(is_failure) = count(CASE WHEN is_failure = 1 THEN restored_at END) \
        THEN max(CASE WHEN is_failure = 1 THEN restored_at END) END AS restored_at";
    let columns = "release_id AS unit_id, max(effective_at) AS effective_at, \
        min(is_done) AS is_done, max(has_failed) AS has_failed, max(is_rollback) AS is_rollback, \
        max(is_failure) AS is_failure, max(is_remedy) AS is_remedy";
    query
        .expr(Expr::cust(columns))
        .expr(Expr::cust(restored))
        .add_group_by([Expr::col("release_id")])
        .take()
}

/// First deployments of a version, whose lead time is asked for.
pub(super) fn first_deployments(
    window: (Timestamp, Timestamp),
    buckets: &[Bucket],
    duration: &'static str,
) -> SelectStatement {
    let lead = "CASE WHEN committed_at <= effective_at THEN effective_at - committed_at END";
    let mut query = Query::select();
    query
        .expr_as(bucket_number(&Expr::col("effective_at"), buckets), PLACE)
        .expr_as(Expr::cust(lead), duration)
        .expr(Expr::cust("committed_at"))
        .from(FACT)
        .and_where(Expr::cust(
            "is_done = 1 AND has_failed = 0 AND is_rollback = 0 AND is_new = 1",
        ));
    within(&mut query, window);
    query.take()
}

fn within(query: &mut SelectStatement, (from, to): (Timestamp, Timestamp)) {
    let time = || Expr::col("effective_at");
    query
        .and_where(time().gte(from.0.timestamp_millis()))
        .and_where(time().lt(to.0.timestamp_millis()));
}
