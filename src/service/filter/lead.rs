//! Releases that are found by what they deployed.

use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, Query, SelectStatement};

use super::indexed::is_one_text;
use super::input::{PackageFilter, PackageListFilter, ReleaseFilter};
use super::record::{package, release};
use super::scope::{Budget, FilterContext, Scope};
use super::value;
use crate::service::Result;
use crate::service::sql::{Planning, all, column, exists, probe};

/// What the packages are called that lead to releases.
pub const LEAD: &str = "lead";

impl ReleaseFilter {
    /// A query for the releases that meet the filter, by way of a package of a name that each of them
    /// must have, as [`LEAD`], and how it is to be planned. It is about distinct rows of what it is made to
    /// select, and about releases that are not deleted.
    ///
    /// The packages of a name have an index in the order in which their releases started. On the
    /// latest page of those that a team released, it leads past few others, while the team may have
    /// released a hundred times as much. None where there is no such name, or a better way.
    ///
    /// # Errors
    /// When the filter is too large or has a text that no database can compare with.
    pub fn led(&self, context: &FilterContext) -> Result<Option<(SelectStatement, Planning)>> {
        let Some(leading) = self.leading() else {
            return Ok(None);
        };
        let mut rest = self.clone();
        if let Some(packages) = &mut rest.packages {
            packages.some = None;
        }
        rest.packages = rest
            .packages
            .filter(|it| *it != PackageListFilter::default());
        // The packages know this as well, and their index has it.
        let started_at = rest.started_at.take();
        let budget = Budget::default();
        let releases = Scope::root(context, &budget, "release");
        let mut packages = Scope::root(context, &budget, LEAD).deeper()?;
        // Those of one version have an index in the same order.
        if !leading.is_about_one_version() {
            packages = packages.probed();
        }
        packages.count()?;
        let same = column("release", "id").eq(packages.key("release_id"));
        // Of those of a team it is known which way is best. Where more is asked, PostgreSQL may know.
        let planning = Planning::once_if(rest.has_index_of_its_own() && leading.is_a_deployment());
        let counts = releases.key("deleted_at").is_null();
        let release = Query::select()
            .expr(Expr::cust("1"))
            .from("release")
            .and_where(all(vec![same, counts, release(&rest, &releases)?]))
            .take();
        let mut conditions = vec![
            packages.key("deleted_at").is_null(),
            package(leading, &packages)?,
            match planning {
                Planning::Once => probe(context.backend, release),
                Planning::Freely => exists(context.backend, release),
            },
        ];
        if let Some(filter) = &started_at {
            let start = packages.key("release_started_at");
            conditions.extend(value::times(filter, &start, &packages)?);
        }
        let query = Query::select()
            .distinct()
            .from_as("package", LEAD.into_iden())
            .and_where(all(conditions))
            .take();
        Ok(Some((query, planning)))
    }

    /// The packages of a name of which a release must have one, if no index finds the releases sooner.
    fn leading(&self) -> Option<&PackageFilter> {
        let some = self.packages.as_ref()?.some.as_ref()?;
        let name = some.name.as_ref()?;
        let is_found_sooner = self.is_selective()
            || some.is_selective()
            || self.references.is_some()
            || self.metadata.is_some()
            || self.is_about_few();
        (name.eq.is_some() && !name.ignore_case && !is_found_sooner).then_some(some)
    }

    /// Whether there are likely fewer releases like this than there are of a package.
    fn is_about_few(&self) -> bool {
        use entity::DeployStatus::{InProgress, NotStarted};
        let is_rare = |status: &_| matches!(status, InProgress | NotStarted);
        let status = self.status.as_ref();
        let only = status.and_then(|it| {
            it.is_in
                .as_deref()
                .or(it.eq.as_ref().map(std::slice::from_ref))
        });
        let are_rare = only.is_some_and(|only| only.iter().all(is_rare));
        are_rare || self.is_stale.is_some() || self.user.is_some()
    }
}

impl PackageFilter {
    /// Whether it asks for no more than a name, a version and an outcome.
    fn is_a_deployment(&self) -> bool {
        let is_version = self.version.as_ref().is_none_or(is_one_text);
        let (name, version, status) =
            (self.name.clone(), self.version.clone(), self.status.clone());
        let asked = Self {
            name,
            version,
            status,
            ..Self::default()
        };
        is_version && *self == asked
    }
}
