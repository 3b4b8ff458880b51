//! Reading what an export writes: one statement for each table and page.

use std::collections::{HashMap, HashSet};

use entity::{
    failure, package, package_result, platform, release, release_metadata, release_note,
    release_platform, release_reference,
};
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait,
};
use uuid::Uuid;

use crate::service::error::Result;

/// What the releases of a page carry, by release or, for output, by package.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub platforms: HashMap<Uuid, Vec<String>>,
    pub references: HashMap<Uuid, Vec<release_reference::Model>>,
    pub notes: HashMap<Uuid, Vec<release_note::Model>>,
    pub metadata: HashMap<Uuid, Vec<release_metadata::Model>>,
    pub packages: HashMap<Uuid, Vec<package::Model>>,
    pub results: HashMap<Uuid, Vec<package_result::Model>>,
    pub failures: HashMap<Uuid, Vec<failure::Model>>,
    /// External ids of the releases that resolved `failures`.
    pub resolver_keys: HashMap<Uuid, Option<String>>,
    /// The releases of the page that resolved failures of any release.
    pub resolvers: HashSet<Uuid>,
}

/// The next releases after the one with the id `after`.
///
/// # Errors
/// When the database fails.
pub(super) async fn page(
    connection: &impl ConnectionTrait,
    after: Uuid,
    length: u64,
) -> Result<Vec<release::Model>> {
    let releases = release::Entity::find()
        .filter(release::Column::Id.gt(after))
        .filter(release::Column::DeletedAt.is_null())
        .order_by_asc(release::Column::Id)
        .limit(length)
        .all(connection)
        .await?;
    Ok(releases)
}

/// The releases of a page as a range of ids. Releases in between that are deleted come along, and
/// are left.
#[derive(Clone, Copy, Debug)]
struct Range(Uuid, Uuid);

impl Range {
    fn of(page: &[release::Model]) -> Option<Self> {
        Some(Self(page.first()?.id, page.last()?.id))
    }

    fn holds(self, column: impl ColumnTrait) -> Expr {
        column.between(self.0, self.1)
    }

    /// The ids of the packages of these releases.
    fn packages(self) -> SelectStatement {
        Query::select()
            .column(package::Column::Id)
            .from(package::Entity)
            .and_where(self.holds(package::Column::ReleaseId))
            .and_where(package::Column::DeletedAt.is_null())
            .to_owned()
    }
}

/// About how many bytes the notes and the output of each release have; both may be long.
///
/// # Errors
/// When the database fails.
pub(super) async fn weights(
    connection: &impl ConnectionTrait,
    page: &[release::Model],
) -> Result<HashMap<Uuid, u64>> {
    let mut weights = HashMap::new();
    let Some(range) = Range::of(page) else {
        return Ok(weights);
    };
    let notes: Vec<(Uuid, i64)> = release_note::Entity::find()
        .select_only()
        .column(release_note::Column::ReleaseId)
        .column_as(length(release_note::Column::Text), "bytes")
        .filter(range.holds(release_note::Column::ReleaseId))
        .into_tuple()
        .all(connection)
        .await?;
    let results: Vec<(Uuid, i64)> = package_result::Entity::find()
        .select_only()
        .column(package::Column::ReleaseId)
        .column_as(length(package_result::Column::Content), "bytes")
        .join(JoinType::InnerJoin, package_result::Relation::Package.def())
        .filter(range.holds(package::Column::ReleaseId))
        .into_tuple()
        .all(connection)
        .await?;
    for (id, bytes) in notes.into_iter().chain(results) {
        *weights.entry(id).or_default() += u64::try_from(bytes).unwrap_or_default();
    }
    Ok(weights)
}

fn length(column: impl ColumnTrait) -> Expr {
    let length = Func::char_length(Expr::col(column.as_column_ref()));
    Expr::expr(length).cast_as("bigint")
}

/// Everything that the releases of a page carry.
///
/// # Errors
/// When the database fails.
pub(super) async fn contents(
    connection: &impl ConnectionTrait,
    page: &[release::Model],
) -> Result<Contents> {
    let Some(range) = Range::of(page) else {
        return Ok(Contents::default());
    };
    let failures = failures(connection, range).await?;
    Ok(Contents {
        platforms: platforms(connection, range).await?,
        references: references(connection, range).await?,
        notes: notes(connection, range).await?,
        metadata: metadata(connection, range).await?,
        packages: packages(connection, range).await?,
        results: results(connection, range).await?,
        resolver_keys: resolver_keys(connection, &failures).await?,
        failures: grouped(failures, |row| row.release_id),
        resolvers: resolvers(connection, range).await?,
    })
}

fn grouped<R>(rows: Vec<R>, owner: impl Fn(&R) -> Uuid) -> HashMap<Uuid, Vec<R>> {
    let mut groups: HashMap<Uuid, Vec<R>> = HashMap::new();
    for row in rows {
        groups.entry(owner(&row)).or_default().push(row);
    }
    groups
}

async fn platforms(
    connection: &impl ConnectionTrait,
    range: Range,
) -> Result<HashMap<Uuid, Vec<String>>> {
    let rows: Vec<(Uuid, String)> = release_platform::Entity::find()
        .select_only()
        .column(release_platform::Column::ReleaseId)
        .column(platform::Column::Name)
        .join(
            JoinType::InnerJoin,
            release_platform::Relation::Platform.def(),
        )
        .filter(range.holds(release_platform::Column::ReleaseId))
        .order_by_asc(release_platform::Column::ReleaseId)
        .order_by_asc(release_platform::Column::Position)
        .into_tuple()
        .all(connection)
        .await?;
    let mut names: HashMap<Uuid, Vec<String>> = HashMap::new();
    for (id, name) in rows {
        names.entry(id).or_default().push(name);
    }
    Ok(names)
}

async fn references(
    connection: &impl ConnectionTrait,
    range: Range,
) -> Result<HashMap<Uuid, Vec<release_reference::Model>>> {
    let rows = release_reference::Entity::find()
        .filter(range.holds(release_reference::Column::ReleaseId))
        .order_by_asc(release_reference::Column::ReleaseId)
        .order_by_asc(release_reference::Column::Position)
        .all(connection)
        .await?;
    Ok(grouped(rows, |row| row.release_id))
}

async fn notes(
    connection: &impl ConnectionTrait,
    range: Range,
) -> Result<HashMap<Uuid, Vec<release_note::Model>>> {
    let rows = release_note::Entity::find()
        .filter(range.holds(release_note::Column::ReleaseId))
        .order_by_asc(release_note::Column::Id)
        .all(connection)
        .await?;
    Ok(grouped(rows, |row| row.release_id))
}

async fn metadata(
    connection: &impl ConnectionTrait,
    range: Range,
) -> Result<HashMap<Uuid, Vec<release_metadata::Model>>> {
    let rows = release_metadata::Entity::find()
        .filter(range.holds(release_metadata::Column::ReleaseId))
        .all(connection)
        .await?;
    Ok(grouped(rows, |row| row.release_id))
}

async fn packages(
    connection: &impl ConnectionTrait,
    range: Range,
) -> Result<HashMap<Uuid, Vec<package::Model>>> {
    let rows = package::Entity::find()
        .filter(range.holds(package::Column::ReleaseId))
        .filter(package::Column::DeletedAt.is_null())
        .order_by_asc(package::Column::ReleaseId)
        .order_by_asc(package::Column::Position)
        .all(connection)
        .await?;
    Ok(grouped(rows, |row| row.release_id))
}

async fn results(
    connection: &impl ConnectionTrait,
    range: Range,
) -> Result<HashMap<Uuid, Vec<package_result::Model>>> {
    let rows = package_result::Entity::find()
        .filter(package_result::Column::PackageId.in_subquery(range.packages()))
        .order_by_asc(package_result::Column::Id)
        .all(connection)
        .await?;
    Ok(grouped(rows, |row| row.package_id))
}

async fn failures(connection: &impl ConnectionTrait, range: Range) -> Result<Vec<failure::Model>> {
    let rows = failure::Entity::find()
        .filter(range.holds(failure::Column::ReleaseId))
        .order_by_asc(failure::Column::Id)
        .all(connection)
        .await?;
    Ok(rows)
}

/// External ids of the releases, not deleted, that resolved `failures`.
async fn resolver_keys(
    connection: &impl ConnectionTrait,
    failures: &[failure::Model],
) -> Result<HashMap<Uuid, Option<String>>> {
    let mut ids: Vec<Uuid> = failures
        .iter()
        .filter_map(|row| row.resolved_by_id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let mut keys = HashMap::new();
    for ids in ids.chunks(10_000) {
        let rows: Vec<(Uuid, Option<String>)> = release::Entity::find()
            .select_only()
            .columns([release::Column::Id, release::Column::ExternalId])
            .filter(release::Column::Id.is_in(ids.iter().copied()))
            .filter(release::Column::DeletedAt.is_null())
            .into_tuple()
            .all(connection)
            .await?;
        keys.extend(rows);
    }
    Ok(keys)
}

/// The releases of the page that resolved failures which are exported.
async fn resolvers(connection: &impl ConnectionTrait, range: Range) -> Result<HashSet<Uuid>> {
    let rows: Vec<Uuid> = failure::Entity::find()
        .select_only()
        .column(failure::Column::ResolvedById)
        .distinct()
        .join(JoinType::InnerJoin, failure::Relation::Release.def())
        .join(JoinType::LeftJoin, failure::Relation::Package.def())
        .filter(range.holds(failure::Column::ResolvedById))
        .filter(release::Column::DeletedAt.is_null())
        .filter(package::Column::DeletedAt.is_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}
