//! What a package replaced, and whether something replaced it.

use std::collections::{HashMap, HashSet};

use entity::{DeployStatus, package};
use sea_orm::sea_query::{
    CaseStatement, Expr, ExprTrait, Func, JoinType, Query, SelectStatement, WithClause,
};
use sea_orm::{ActiveEnum, EntityTrait, QueryTrait};
use uuid::Uuid;

use crate::service::line::{self, NOWHERE};
use crate::service::reference::is_storable;
use crate::service::{Result, Service, sql};

/// What the query for [`subjects`] is called in the queries around it.
const SUBJECT: &str = "subject";

/// What each of these packages replaced on the platforms of its release, or on `platform` alone,
/// if its release names that; the latest where there are several. For one that is not successful
/// that is what it would replace: what is current at its time. Packages that replaced nothing are
/// left out.
///
/// # Errors
/// When the database fails.
pub async fn previous(
    service: &Service,
    ids: &[Uuid],
    platform: Option<&str>,
) -> Result<HashMap<Uuid, package::Model>> {
    let Some(subjects) = subjects(service, ids, platform) else {
        return Ok(HashMap::new());
    };
    let replaced = before("earlier").column(("earlier", "package_id")).take();
    let step = Query::select()
        .expr_as(sql::column(SUBJECT, "package_id"), "owner_id")
        .expr_as(line::first(&mut replaced.clone()), "replaced_id")
        .from_subquery(subjects, SUBJECT)
        .take();
    let mut query = package::Entity::find().into_query();
    query
        .with_cte(
            WithClause::new()
                .cte(sql::computed_first("step", step))
                .to_owned(),
        )
        .from_clear()
        .from("step")
        .join(
            // Left, so that SQLite cannot begin with all packages.
            JoinType::LeftJoin,
            "package",
            sql::column("package", "id").eq(sql::column("step", "replaced_id")),
        )
        .and_where(sql::column("step", "replaced_id").is_not_null())
        .column(("step", "owner_id"));
    let mut latest: HashMap<Uuid, package::Model> = HashMap::new();
    for (package, owner_id) in sql::rows::<(package::Model, Uuid)>(service, &query).await? {
        let known = latest.get(&owner_id);
        if known.is_none_or(|known| place(known) < place(&package)) {
            latest.insert(owner_id, package);
        }
    }
    Ok(latest)
}

/// Those of the packages that are current now on a platform of their release, or on `platform`.
///
/// # Errors
/// When the database fails.
pub async fn current_among(
    service: &Service,
    ids: &[Uuid],
    platform: Option<&str>,
) -> Result<HashSet<Uuid>> {
    let Some(subjects) = subjects(service, ids, platform) else {
        return Ok(HashSet::new());
    };
    let now = service.now().0.timestamp_millis();
    let mut end = line::latest("deployment", own_line());
    end.column(("deployment", "package_id"))
        .and_where(sql::column("deployment", "effective_at").lte(now));
    let is_end = sql::column(SUBJECT, "package_id").eq(line::first(&mut end));
    those(service, subjects, is_end).await
}

/// Those of the packages that brought back what had been replaced: they are successful and have a
/// version, what they replaced on a platform of their release has another one, and something
/// earlier there had the same. A version that nobody knows is no other one.
///
/// # Errors
/// When the database fails.
pub async fn rollbacks_among(service: &Service, ids: &[Uuid]) -> Result<HashSet<Uuid>> {
    let Some(subjects) = subjects(service, ids, None) else {
        return Ok(HashSet::new());
    };
    let version = || sql::column(SUBJECT, "version");
    let is_successful = sql::column(SUBJECT, "status").eq(DeployStatus::Successful.to_value());
    let mut replaced = before("replaced");
    replaced.column(("replaced", "version"));
    let mut same = before("same");
    same.expr(Expr::cust("1"))
        .and_where(sql::column("same", "version").eq(version()))
        .clear_order_by();
    let conditions = vec![
        is_successful,
        version().ne(line::first(&mut replaced)),
        Expr::exists(same),
    ];
    those(service, subjects, sql::all(conditions)).await
}

/// The packages with these ids, once for each line that they stand on or would, with the columns
/// of [`line::order`]. None when no package can be meant.
fn subjects(service: &Service, ids: &[Uuid], platform: Option<&str>) -> Option<SelectStatement> {
    let column = |name| sql::column("package", name);
    // One that is not successful has no place. It would replace whatever is current at its time.
    let is_successful = column("status").eq(DeployStatus::Successful.to_value());
    let started_at = CaseStatement::new()
        .case(is_successful, line::start("package"))
        .finally(Expr::val(i64::MAX));
    let place = sql::column("release_platform", "platform_id");
    let mut query = Query::select();
    query
        .expr_as(column("id"), "package_id")
        .expr(column("name"))
        .expr(column("version"))
        .expr(column("status"))
        .expr(column("effective_at"))
        .expr_as(started_at, "started_at")
        .expr_as(
            Func::coalesce([place.clone(), Expr::val(NOWHERE)]),
            "platform_id",
        )
        .from("package")
        .join(
            JoinType::LeftJoin,
            "release_platform",
            sql::column("release_platform", "release_id").eq(column("release_id")),
        )
        .and_where(sql::among(service, column("id"), ids));
    if let Some(platform) = platform {
        if !is_storable(platform) {
            return None;
        }
        query
            .join(
                JoinType::InnerJoin,
                "platform",
                sql::column("platform", "id").eq(place),
            )
            .and_where(sql::column("platform", "name").eq(platform));
    }
    Some(query)
}

/// The line that a subject stands on.
fn own_line() -> (Expr, Expr) {
    let column = |name| sql::column(SUBJECT, name);
    (column("platform_id"), column("name"))
}

/// What comes before a subject on its line as `table`, the latest first.
fn before(table: &'static str) -> SelectStatement {
    line::latest(table, own_line())
        .and_where(line::order(table).lt(line::order(SUBJECT)))
        .take()
}

/// The ids of the subjects that meet `condition`.
async fn those(
    service: &Service,
    subjects: SelectStatement,
    condition: Expr,
) -> Result<HashSet<Uuid>> {
    let query = Query::select()
        .column((SUBJECT, "package_id"))
        .from_subquery(subjects, SUBJECT)
        .and_where(condition)
        .take();
    let found = sql::rows::<Uuid>(service, &query).await?;
    Ok(found.into_iter().collect())
}

/// What orders packages on lines.
fn place(package: &package::Model) -> impl Ord {
    let started_at = package.started_at.map(|time| time.0);
    (package.effective_at.0, started_at, package.id)
}
