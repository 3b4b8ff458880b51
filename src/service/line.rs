//! Lines: what was deployed, package by package and platform by platform, one after the other.
//!
//! The *line* of a name on a platform holds the successful packages of that name, of releases that
//! name the platform, that are not deleted. Releases without platforms have lines of their own.
//! What comes later on a line replaces what comes earlier; the order is that of [`order`].
//!
//! Lines are stored, in the table `deployment`: what runs where is then the end of a line, which
//! an index leads to, however long the history is. The rows are derived; they change in the
//! transaction that changes what they derive from.

use entity::{DeployStatus, Timestamp, deployment, package, release_platform};
use sea_orm::sea_query::{
    Expr, ExprTrait, Func, JoinType, Order, OverStatement, Query, SelectStatement, WindowStatement,
};
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait};
use sea_orm::{QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::error::Result;
use super::sql;

/// Stands for the platform of releases that name none.
pub const NOWHERE: Uuid = Uuid::nil();

/// Stands for a start that nobody knows; it comes before all others.
const NO_START: i64 = -1;

/// The columns that say where a deployment stands on its line, the most telling first.
const ORDER: [&str; 3] = ["effective_at", "started_at", "package_id"];

/// What of a package its places on lines derive from; none when it has no place on any.
pub(crate) type Standing<'a> = (&'a str, Timestamp, Option<Timestamp>, Option<&'a str>);

/// See [`Standing`].
pub(crate) fn standing(package: &package::Model) -> Option<Standing<'_>> {
    let is_deployed = package.status == DeployStatus::Successful && package.deleted_at.is_none();
    is_deployed.then_some((
        &package.name,
        package.effective_at,
        package.started_at,
        package.version.as_deref(),
    ))
}

/// The places on lines of the packages of one release, which names `platforms`.
#[must_use]
pub fn deployments(
    packages: &[package::Model],
    platforms: &[release_platform::Model],
) -> Vec<deployment::Model> {
    let mut platforms: Vec<Uuid> = platforms.iter().map(|it| it.platform_id).collect();
    if platforms.is_empty() {
        platforms.push(NOWHERE);
    }
    let deployed = packages.iter().filter(|it| standing(it).is_some());
    let on_lines = deployed.flat_map(|package| {
        let place = |platform_id: &Uuid| deployment::Model {
            platform_id: *platform_id,
            name: package.name.clone(),
            effective_at: package.effective_at,
            started_at: package
                .started_at
                .map_or(NO_START, |time| time.0.timestamp_millis()),
            package_id: package.id,
            release_id: package.release_id,
            version: package.version.clone(),
        };
        platforms.iter().map(place).collect::<Vec<_>>()
    });
    on_lines.collect()
}

/// Makes the places on lines of a release's packages anew, from what is stored of them.
///
/// # Errors
/// When the database fails.
pub async fn renew(tx: &DatabaseTransaction, release_id: Uuid) -> Result<()> {
    let packages = package::Entity::find()
        .select_only()
        .column(package::Column::Id)
        .filter(package::Column::ReleaseId.eq(release_id))
        .into_query();
    deployment::Entity::delete_many()
        .filter(deployment::Column::PackageId.in_subquery(packages))
        .exec(tx)
        .await?;
    let package = |name| sql::column("package", name);
    let platform = sql::column("release_platform", "platform_id");
    let places = Query::select()
        .expr(Func::coalesce([platform, Expr::val(NOWHERE)]))
        .expr(package("name"))
        .expr(package("effective_at"))
        .expr(start("package"))
        .expr(package("id"))
        .expr(package("release_id"))
        .expr(package("version"))
        .from("package")
        .join(
            JoinType::LeftJoin,
            "release_platform",
            sql::column("release_platform", "release_id").eq(package("release_id")),
        )
        .and_where(package("release_id").eq(release_id))
        // So that it does not lead SQLite to all packages that are deployed.
        .and_where(is_deployed("package").is(sql::always()))
        .take();
    let columns = [
        "platform_id",
        "name",
        "effective_at",
        "started_at",
        "package_id",
        "release_id",
        "version",
    ];
    let mut insert = Query::insert();
    insert.into_table("deployment").columns(columns);
    insert.select_from(places).map_err(|error| {
        super::Error::Corrupt(format!("places on lines cannot be written: {error}"))
    })?;
    tx.execute(&insert).await?;
    Ok(())
}

/// Holds for packages that have a place on a line.
pub fn is_deployed(package: &'static str) -> Expr {
    let successful = DeployStatus::Successful.to_value();
    sql::column(package, "status")
        .eq(successful)
        .and(sql::column(package, "deleted_at").is_null())
}

/// When a package started, as [`order`] compares it.
pub fn start(package: &'static str) -> Expr {
    let started_at = sql::column(package, "started_at");
    Func::coalesce([started_at, Expr::val(NO_START)]).into()
}

/// Where a deployment stands on its line, to be compared as a whole (`lt`, `gt`): the earlier one
/// has the smaller value. `table` is `deployment` under any name, or has the same columns.
pub fn order(table: &'static str) -> Expr {
    Expr::tuple(ORDER.map(|name| sql::column(table, name)))
}

/// For window functions such as `lag` and `lead`: each line by itself, from its beginning to its
/// end.
#[must_use]
pub fn window(table: &'static str) -> WindowStatement {
    let mut window = WindowStatement::new();
    for name in ["platform_id", "name"] {
        window.add_partition_by(sql::column(table, name));
    }
    for name in ORDER {
        window.order_by_expr(sql::column(table, name), Order::Asc);
    }
    window
}

/// All deployments on all lines as `table`, to be narrowed and selected from. Beside the columns of
/// [`order`] there are `platform_id` ([`NOWHERE`] where there is none), `name`, `release_id` and
/// `version`.
pub fn all(table: &'static str) -> SelectStatement {
    Query::select().from_as("deployment", table).take()
}

/// The deployments on one line as `table`, the latest first.
pub fn latest(table: &'static str, (platform_id, name): (Expr, Expr)) -> SelectStatement {
    let mut line = all(table);
    line.and_where(sql::column(table, "platform_id").eq(platform_id))
        .and_where(sql::column(table, "name").eq(name));
    for name in ORDER {
        line.order_by((table, name), Order::Desc);
    }
    line
}

/// Holds for deployments by a release that is successful as a whole.
pub fn by_successful_release(table: &'static str) -> Expr {
    let release = Query::select()
        .expr(Expr::cust("1"))
        .from("release")
        .and_where(sql::column("release", "id").eq(sql::column(table, "release_id")))
        .and_where(sql::column("release", "status").eq(DeployStatus::Successful.to_value()))
        .take();
    Expr::exists(release)
}

/// What `query` finds first, as a value.
pub fn first(query: &mut SelectStatement) -> Expr {
    Expr::SubQuery(None, Box::new(query.limit(1).take().into()))
}
