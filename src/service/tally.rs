//! How many releases there are of each day, team, status and kind, counted while they are written.
//!
//! The table `release_tally` is derived from the table `release`, by triggers, so that it is right
//! whoever writes. Questions that ask for nothing else need not go through all releases: there are
//! some rows of it for each day, however much happens. The table `release_total` adds them up.

use entity::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query, SelectStatement, UnionType};
use sea_orm::{ConnectionTrait as _, DbBackend};

use super::error::{Error, Result};
use super::filter::{DateTimeFilter, FilterContext, ReleaseFilter};
use super::{Database, Service, sql};

/// The midnight of UTC that begins the day of a release: that of its start, else of its finish, else
/// of its record; in Unix milliseconds.
pub const DAY: &str = "day";

const MILLIS_OF_DAY: i64 = 86_400_000;

/// How often what writers have added is folded at once: more days than there can be.
const MAX_FOLDS: usize = 10_000;

/// How many there are; negative where PostgreSQL notes that they have gone.
pub const COUNT: &str = "count";

/// Whether the tally tells which releases meet `filter`: it knows of team, status and rollback, and of
/// starts on which day they were.
#[must_use]
pub fn knows(filter: &ReleaseFilter) -> bool {
    let ReleaseFilter {
        and: _,
        or: _,
        not: _,
        team: _,
        status: _,
        rollback: _,
        id,
        external_id,
        user,
        platforms,
        references,
        started_at,
        finished_at,
        created_at,
        updated_at,
        duration_seconds,
        is_stale,
        packages,
        metadata,
        notes,
    } = filter;
    let asks_of_more = id.is_some()
        || external_id.is_some()
        || user.is_some()
        || platforms.is_some()
        || references.is_some()
        || finished_at.is_some()
        || created_at.is_some()
        || updated_at.is_some()
        || duration_seconds.is_some()
        || is_stale.is_some()
        || packages.is_some()
        || metadata.is_some()
        || notes.is_some();
    !asks_of_more && started_at.as_ref().is_none_or(is_of_days) && filter.parts().all(knows)
}

/// Whether a condition on a time is one on its day.
fn is_of_days(filter: &DateTimeFilter) -> bool {
    let DateTimeFilter {
        eq,
        gt,
        gte,
        lt,
        lte,
        is_null: _,
    } = filter;
    let mut bounds = gte.iter().chain(lt);
    let is_midnight = |time: &Timestamp| time.0.timestamp_millis() % MILLIS_OF_DAY == 0;
    eq.is_none() && gt.is_none() && lte.is_none() && bounds.all(is_midnight)
}

/// The rows of the tally that count releases which meet `filter`, one that it [`knows`], as
/// `release`. Nothing of them is selected yet.
///
/// # Errors
/// When the filter makes no sense.
pub fn rows(service: &Service, filter: &ReleaseFilter) -> Result<SelectStatement> {
    let condition = filter.condition(&FilterContext::of(service))?;
    let mut query = Query::select();
    query.from_as("release_tally", "release");
    Ok(query.cond_where(condition).take())
}

/// How many releases meet `filter`, one that the tally [`knows`].
///
/// # Errors
/// When the filter makes no sense, or the database fails.
pub async fn count(service: &Service, filter: &ReleaseFilter) -> Result<u64> {
    let mut query = if is_about_days(filter) {
        rows(service, filter)?
    } else {
        totals(service, filter)?
    };
    let sum = Func::sum(Expr::col(COUNT)).cast_as("bigint");
    query.expr_as(Func::coalesce([sum, Expr::val(0_i64)]), COUNT);
    let count = sql::rows::<i64>(service, &query).await?.pop();
    let count = count.ok_or_else(|| Error::Corrupt("a count without a row".to_owned()))?;
    Ok(sql::unsigned(count))
}

/// Whether the day of a start matters to `filter`, one that the tally [`knows`], and not only whether it
/// is known.
fn is_about_days(filter: &ReleaseFilter) -> bool {
    let has_bounds = |it: &DateTimeFilter| it.gte.is_some() || it.lt.is_some();
    filter.started_at.as_ref().is_some_and(has_bounds) || filter.parts().any(is_about_days)
}

/// The same as [`rows`] for a filter that is not about days: days are added up, but for those that
/// PostgreSQL's writers have added and nobody has folded.
fn totals(service: &Service, filter: &ReleaseFilter) -> Result<SelectStatement> {
    let condition = filter.condition(&FilterContext::of(service))?;
    let columns = ["started_at", "team", "status", "rollback", COUNT];
    let mut parts = Query::select()
        .columns(columns)
        .from("release_total")
        .take();
    if service.database.backend() == DbBackend::Postgres {
        let mut loose = Query::select()
            .columns(columns)
            .from("release_tally")
            .take();
        loose.and_where(Expr::col("folded").not());
        parts.union(UnionType::All, loose);
    }
    let mut query = Query::select();
    query.from_subquery(parts, "release");
    Ok(query.cond_where(condition).take())
}

/// Folds what PostgreSQL's writers have added into one row for each day, team, status and kind, for
/// some days; says how many rows that became. On SQLite nothing is to be done. Of several processes
/// one does so.
///
/// # Errors
/// When the database fails.
pub async fn fold(database: &Database) -> Result<u64> {
    if database.backend() != DbBackend::Postgres {
        return Ok(0);
    }
    Ok(database
        .writer()
        .execute_unprepared(FOLD)
        .await?
        .rows_affected())
}

/// Folds until nothing is left; while others write there may always be something.
///
/// # Errors
/// When the database fails.
pub async fn fold_all(database: &Database) -> Result<()> {
    for _ in 0..MAX_FOLDS {
        if fold(database).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// A hundred days at a time, so that it ends within the limit of statements, whatever was left behind.
/// What is added meanwhile is not seen by this statement, and stays for the next time. The number of
/// the lock is an arbitrary one of Orlo's.
const FOLD: &str = "
    WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(7303533) AS is_ours),
    gone AS (
        DELETE FROM release_tally
        WHERE (SELECT is_ours FROM turn)
            AND day IN (SELECT DISTINCT day FROM release_tally WHERE NOT folded LIMIT 100)
        RETURNING day, started_at, team, status, rollback, count
    )
    INSERT INTO release_tally (day, started_at, team, status, rollback, count, folded)
    SELECT day, started_at, team, status, rollback, sum(count), true
    FROM gone GROUP BY day, started_at, team, status, rollback HAVING sum(count) <> 0";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::filter::{BooleanFilter, StatusFilter, StringFilter};
    use crate::service::time;

    #[test]
    fn it_knows_on_which_day_a_release_started() {
        let at = |text| Some(time::parse(text).unwrap());
        let knows = |started_at| {
            knows(&ReleaseFilter {
                started_at: Some(started_at),
                ..ReleaseFilter::default()
            })
        };
        let days = DateTimeFilter {
            gte: at("2026-02-01"),
            lt: at("2026-03-01T00:00:00Z"),
            is_null: Some(false),
            ..DateTimeFilter::default()
        };
        assert!(knows(days.clone()));
        for other in [
            DateTimeFilter {
                gte: at("2026-02-01T00:00:00.001Z"),
                ..days.clone()
            },
            DateTimeFilter {
                lt: at("2026-02-01T12:00:00Z"),
                ..days.clone()
            },
            DateTimeFilter {
                eq: at("2026-02-01"),
                ..days.clone()
            },
            DateTimeFilter {
                gt: at("2026-02-01"),
                ..days.clone()
            },
            DateTimeFilter {
                lte: at("2026-02-01"),
                ..days.clone()
            },
        ] {
            assert!(!knows(other.clone()), "{other:?}");
        }
    }

    #[test]
    fn it_knows_of_team_status_and_rollback_only() {
        let team = ReleaseFilter {
            team: Some(StringFilter::default()),
            status: Some(StatusFilter::default()),
            rollback: Some(BooleanFilter::default()),
            ..ReleaseFilter::default()
        };
        let user = ReleaseFilter {
            user: Some(StringFilter::default()),
            ..team.clone()
        };
        let both =
            |one: &ReleaseFilter, other: &ReleaseFilter| Some(vec![one.clone(), other.clone()]);
        let within = |inner: &ReleaseFilter| {
            [
                ReleaseFilter {
                    and: both(&team, inner),
                    ..team.clone()
                },
                ReleaseFilter {
                    or: both(inner, &team),
                    ..team.clone()
                },
                ReleaseFilter {
                    not: Some(Box::new(inner.clone())),
                    ..team.clone()
                },
            ]
        };
        assert!(knows(&ReleaseFilter::default()) && knows(&team) && !knows(&user));
        assert!(within(&team).iter().all(knows));
        assert!(!within(&user).iter().any(knows));
    }
}
