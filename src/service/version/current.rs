//! What runs where, now or at any other time.

use std::collections::HashMap;

use entity::{Timestamp, package};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, UnionType};
use uuid::Uuid;

use super::ends::{Lines, ends};
use crate::service::filter::{FilterContext, StringFilter};
use crate::service::line::NOWHERE;
use crate::service::reference::is_storable;
use crate::service::{Result, Service, sql};

/// The version of one package that is current on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentVersion {
    /// The deployment that brought it.
    pub package: package::Model,
    /// The platform; none for releases that name none.
    pub platform_id: Option<Uuid>,
    /// The name of the platform.
    pub platform: Option<String>,
    /// The version that was current before.
    pub previous_version: Option<String>,
}

/// When, and what counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time that is asked about; now when absent.
    pub as_of: Option<Timestamp>,
    /// Only packages of releases that are successful as a whole count.
    pub by_release: bool,
}

/// Which current versions are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurrentArgs {
    /// Only on the platform of this name.
    pub platform: Option<String>,
    /// Only of packages with such a name.
    pub package: Option<StringFilter>,
    /// When, and what counts.
    pub moment: Moment,
}

/// A package, the id and name of its platform, and the version before.
type Found = (package::Model, (Uuid, (Option<String>, Option<String>)));

impl From<Found> for CurrentVersion {
    fn from((package, (platform_id, (platform, previous_version))): Found) -> Self {
        Self {
            package,
            platform_id: (platform_id != NOWHERE).then_some(platform_id),
            platform,
            previous_version,
        }
    }
}

/// The current versions of the packages that are asked for: by package, then by platform, those
/// without a platform last.
///
/// # Errors
/// When the filter makes no sense, or the database fails.
pub async fn current(service: &Service, args: &CurrentArgs) -> Result<Vec<CurrentVersion>> {
    let CurrentArgs {
        platform,
        package,
        moment,
    } = args;
    let (mut names, mut condition) = (None, sql::always());
    if let Some(filter) = package {
        condition = filter.condition(&sql::column("line", "name"), &FilterContext::of(service))?;
        names = only_names(filter).map(|names| sql::texts(service, &names));
    }
    if !platform.as_deref().is_none_or(is_storable) {
        return Ok(Vec::new());
    }
    let lines = Lines {
        places: places(platform.as_deref()),
        names,
        condition,
    };
    find(service, lines, *moment).await
}

/// The current versions on each of these platforms, by package. Platforms without any are left
/// out.
///
/// # Errors
/// When the database fails.
pub async fn current_on_platforms(
    service: &Service,
    ids: &[Uuid],
    moment: Moment,
) -> Result<HashMap<Uuid, Vec<CurrentVersion>>> {
    let places = Query::select()
        .column("id")
        .from("platform")
        .and_where(sql::among(service, sql::column("platform", "id"), ids))
        .take();
    let lines = Lines {
        places,
        names: None,
        condition: sql::always(),
    };
    let versions = find(service, lines, moment).await?;
    Ok(grouped(versions, |it| it.platform_id.unwrap_or(NOWHERE)))
}

/// The current versions of each of these packages, by platform, or on `platform` alone. Packages
/// without any are left out.
///
/// # Errors
/// When the database fails.
pub async fn current_of_packages(
    service: &Service,
    names: &[&str],
    platform: Option<&str>,
    moment: Moment,
) -> Result<HashMap<String, Vec<CurrentVersion>>> {
    if !platform.is_none_or(is_storable) {
        return Ok(HashMap::new());
    }
    let lines = Lines {
        places: places(platform),
        names: Some(sql::texts(service, names)),
        condition: sql::always(),
    };
    let versions = find(service, lines, moment).await?;
    Ok(grouped(versions, |it| it.package.name.clone()))
}

fn grouped<K: Eq + std::hash::Hash>(
    versions: Vec<CurrentVersion>,
    key: impl Fn(&CurrentVersion) -> K,
) -> HashMap<K, Vec<CurrentVersion>> {
    let mut groups: HashMap<K, Vec<CurrentVersion>> = HashMap::new();
    for version in versions {
        groups.entry(key(&version)).or_default().push(version);
    }
    groups
}

/// The only names that can meet `filter`, where it says so.
fn only_names(filter: &StringFilter) -> Option<Vec<&str>> {
    if filter.ignore_case {
        return None;
    }
    let equal = filter.eq.as_deref().map(|name| vec![name]);
    let one_of = filter.is_in.as_ref();
    let mut names =
        equal.or_else(|| one_of.map(|names| names.iter().map(AsRef::as_ref).collect()))?;
    names.sort_unstable();
    names.dedup();
    Some(names)
}

/// The platform of this name; without a name all platforms, and what stands for none.
fn places(name: Option<&str>) -> SelectStatement {
    let mut places = Query::select().column("id").from("platform").take();
    match name {
        Some(name) => places.and_where(sql::column("platform", "name").eq(name)),
        None => places.union(
            UnionType::All,
            Query::select().expr(Expr::val(NOWHERE)).take(),
        ),
    };
    places
}

async fn find(service: &Service, lines: Lines, moment: Moment) -> Result<Vec<CurrentVersion>> {
    let query = ends(lines, moment, service.now());
    let rows = sql::rows::<Found>(service, &query).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
