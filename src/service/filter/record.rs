//! Conditions on releases and packages.

use entity::DeployStatus;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{ActiveEnum, Condition, DbBackend};

use super::input::{PackageFilter, PackageListFilter, ReleaseFilter, StringFilter};
use super::list::{List, metadata};
use super::scope::{Budget, FilterContext, Scope};
use super::{text, value};
use crate::service::Result;
use crate::service::sql::{all, always, any, exists, not};

impl ReleaseFilter {
    /// What holds for the rows of `release` that meet the filter. Whether they are deleted is
    /// left to the caller; packages that are deleted do not count.
    ///
    /// # Errors
    /// When the filter is too large or has a text that no database can compare with.
    pub fn condition(&self, context: &FilterContext) -> Result<Condition> {
        let budget = Budget::default();
        let expression = release(self, &Scope::root(context, &budget, "release"))?;
        Ok(Condition::all().add(expression))
    }

    /// The filters that it combines.
    pub(in crate::service) fn parts(&self) -> impl Iterator<Item = &Self> {
        let lists = self.and.iter().chain(&self.or);
        lists.flatten().chain(self.not.as_deref())
    }

    /// Whether it takes a look into other tables to tell which releases meet it.
    pub(in crate::service) fn looks_elsewhere(&self) -> bool {
        self.packages.is_some()
            || self.platforms.is_some()
            || self.references.is_some()
            || self.notes.is_some()
            || self.metadata.is_some()
            || self.parts().any(Self::looks_elsewhere)
    }

    /// Whether it can be met by few releases only, which an index finds.
    pub(super) fn is_selective(&self) -> bool {
        let by_id = self.id.as_ref();
        by_id.is_some_and(|id| id.eq.is_some() || id.is_in.is_some())
            || is_selective(self.external_id.as_ref())
    }
}

impl PackageFilter {
    /// What holds for the rows of `package` that meet the filter. Whether they are deleted is
    /// left to the caller; releases that are deleted do not count.
    ///
    /// # Errors
    /// When the filter is too large or has a text that no database can compare with.
    pub fn condition(&self, context: &FilterContext) -> Result<Condition> {
        let budget = Budget::default();
        let expression = package(self, &Scope::root(context, &budget, "package"))?;
        Ok(Condition::all().add(expression))
    }

    /// Whether it can be met by few packages only, which an index finds.
    pub(super) fn is_selective(&self) -> bool {
        let by_id = self.id.as_ref();
        by_id.is_some_and(|id| id.eq.is_some() || id.is_in.is_some())
            || is_selective(self.external_id.as_ref())
    }
}

impl StringFilter {
    /// What holds for the rows that have such a text in `column`.
    ///
    /// # Errors
    /// When the filter is too large or has a text that no database can compare with.
    pub(in crate::service) fn condition(
        &self,
        column: &Expr,
        context: &FilterContext,
    ) -> Result<Expr> {
        let budget = Budget::default();
        let scope = Scope::root(context, &budget, "");
        Ok(all(text::conditions(self, column, &scope)?))
    }
}

fn is_selective(filter: Option<&StringFilter>) -> bool {
    filter.is_some_and(|text| !text.ignore_case && (text.eq.is_some() || text.is_in.is_some()))
}

/// The conditions of a filter, gathered field by field.
struct Gathered<'a> {
    scope: &'a Scope<'a>,
    conditions: Vec<Expr>,
}

impl<'a> Gathered<'a> {
    const fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            scope,
            conditions: Vec::new(),
        }
    }

    /// Adds what `translate` makes of `filter` and `column`, if there is one.
    fn add<F>(
        &mut self,
        filter: Option<&F>,
        column: &'static str,
        translate: fn(&F, &Expr, &Scope) -> Result<Vec<Expr>>,
    ) -> Result<()> {
        let Some(filter) = filter else { return Ok(()) };
        let column = self.scope.column(column);
        self.conditions
            .extend(translate(filter, &column, self.scope)?);
        Ok(())
    }

    /// Adds the filters that were combined.
    fn combine<F>(
        &mut self,
        (and, or, not_this): (Option<&[F]>, Option<&[F]>, Option<&F>),
        translate: fn(&F, &Scope) -> Result<Expr>,
    ) -> Result<()> {
        if and.is_none() && or.is_none() && not_this.is_none() {
            return Ok(());
        }
        let scope = self.scope.deeper()?;
        let translate = |filter: &F| {
            scope.count()?;
            translate(filter, &scope)
        };
        for filter in and.into_iter().flatten() {
            self.conditions.push(translate(filter)?);
        }
        if let Some(or) = or {
            let choices: Result<_> = or.iter().map(translate).collect();
            self.conditions.push(any(choices?));
        }
        if let Some(filter) = not_this {
            self.conditions.push(not(translate(filter)?));
        }
        Ok(())
    }
}

pub(super) fn release(filter: &ReleaseFilter, scope: &Scope) -> Result<Expr> {
    let ReleaseFilter {
        and,
        or,
        not,
        id,
        external_id,
        user,
        team,
        platforms,
        references,
        started_at,
        finished_at,
        created_at,
        updated_at,
        duration_seconds,
        status,
        rollback,
        is_stale,
        packages,
        metadata: entries,
        notes,
    } = filter;
    let mut all_of = Gathered::new(scope);
    all_of.add(id.as_ref(), "id", value::id)?;
    all_of.add(external_id.as_ref(), "external_id", text::conditions)?;
    all_of.add(user.as_ref(), "user", text::conditions)?;
    all_of.add(team.as_ref(), "team", text::conditions)?;
    all_of.add(status.as_ref(), "status", value::status)?;
    all_of.add(rollback.as_ref(), "rollback", value::truth)?;
    all_of.add(started_at.as_ref(), "started_at", value::times)?;
    all_of.add(finished_at.as_ref(), "finished_at", value::times)?;
    all_of.add(created_at.as_ref(), "created_at", value::times)?;
    all_of.add(updated_at.as_ref(), "updated_at", value::times)?;
    all_of.add(duration_seconds.as_ref(), "duration_ms", value::seconds)?;
    if let Some(filter) = is_stale {
        all_of
            .conditions
            .extend(value::truth(filter, &stale(scope), scope)?);
    }
    let lists = [
        (List::Platforms, platforms),
        (List::References, references),
        (List::Notes, notes),
    ];
    for (list, filter) in lists {
        if let Some(filter) = filter {
            all_of.conditions.extend(list.conditions(filter, scope)?);
        }
    }
    if let Some(filters) = entries {
        all_of.conditions.extend(metadata(filters, scope)?);
    }
    if let Some(filter) = packages {
        all_of.conditions.extend(package_list(filter, scope)?);
    }
    all_of.combine((and.as_deref(), or.as_deref(), not.as_deref()), release)?;
    Ok(all(all_of.conditions))
}

/// Holds where a release is in progress and nothing was heard of it for too long.
fn stale(scope: &Scope) -> Expr {
    let in_progress = scope
        .column("status")
        .eq(DeployStatus::InProgress.to_value());
    let before = scope.context.stale_before();
    in_progress.and(scope.column("updated_at").lt(before))
}

pub(super) fn package(filter: &PackageFilter, scope: &Scope) -> Result<Expr> {
    let PackageFilter {
        and,
        or,
        not,
        id,
        external_id,
        name,
        version,
        status,
        rollback,
        diff_url,
        started_at,
        finished_at,
        updated_at,
        duration_seconds,
        release: of_release,
    } = filter;
    let mut all_of = Gathered::new(scope);
    all_of.add(id.as_ref(), "id", value::id)?;
    all_of.add(external_id.as_ref(), "external_id", text::conditions)?;
    all_of.add(name.as_ref(), "name", text::conditions)?;
    // A version that many packages have in common, such as `latest`, is no short way to the first of them.
    let apart = scope.clone().probed();
    let is_short = filter.is_about_one_version();
    let mut versions = Gathered::new(if is_short { scope } else { &apart });
    versions.add(version.as_ref(), "version", text::conditions)?;
    all_of.conditions.extend(versions.conditions);
    all_of.add(status.as_ref(), "status", value::status)?;
    all_of.add(rollback.as_ref(), "rollback", value::truth)?;
    all_of.add(diff_url.as_ref(), "diff_url", text::conditions)?;
    all_of.add(started_at.as_ref(), "started_at", value::times)?;
    all_of.add(finished_at.as_ref(), "finished_at", value::times)?;
    all_of.add(updated_at.as_ref(), "updated_at", value::times)?;
    all_of.add(duration_seconds.as_ref(), "duration_ms", value::seconds)?;
    if let Some(filter) = of_release {
        let (inner, query) = scope.inside("release")?;
        let selective = filter.is_selective();
        let inner = if selective { inner } else { inner.probed() };
        let condition = release(filter, &inner)?;
        let link = (inner.key("id"), scope.key("release_id"));
        let counts = if scope.context.deleted_too {
            always()
        } else {
            inner.key("deleted_at").is_null()
        };
        let condition = counts.and(condition);
        let related = related(query, condition, link, selective, &inner);
        all_of.conditions.push(related);
    }
    all_of.combine((and.as_deref(), or.as_deref(), not.as_deref()), package)?;
    Ok(all(all_of.conditions))
}

fn package_list(filter: &PackageListFilter, scope: &Scope) -> Result<Vec<Expr>> {
    let PackageListFilter { some, every, none } = filter;
    let has = |filter: &PackageFilter, like_it: bool| -> Result<Expr> {
        scope.count()?;
        let (inner, query) = scope.inside("package")?;
        let selective = like_it && filter.is_selective();
        let inner = if selective { inner } else { inner.probed() };
        let condition = package(filter, &inner)?;
        let condition = if like_it { condition } else { not(condition) };
        let mut counts = inner.key("deleted_at").is_null();
        if scope.context.deleted_too {
            let with_it = inner.key("deleted_at").eq(scope.key("deleted_at"));
            counts = counts.or(with_it);
        }
        let mut condition = counts.and(condition);
        if scope.context.backend == DbBackend::Sqlite && !selective {
            // Always holds; in the index of names this comes before the release.
            let start = inner.key("release_started_at");
            condition = condition.and(start.is(scope.key("started_at")));
        }
        let link = (inner.key("release_id"), scope.key("id"));
        Ok(related(query, condition, link, selective, &inner))
    };
    let mut conditions = Vec::new();
    if let Some(filter) = some {
        conditions.push(has(filter, true)?);
    }
    if let Some(filter) = every {
        conditions.push(has(filter, false)?.not());
    }
    if let Some(filter) = none {
        conditions.push(has(filter, true)?.not());
    }
    Ok(conditions)
}

/// Holds where there is a row in `query` that meets `condition` and has `link.0` equal to `link.1`.
/// Where few rows meet the condition, they are found first and lead to theirs;
/// otherwise each row that comes up looks for its own.
fn related(
    mut query: SelectStatement,
    condition: Expr,
    (theirs, own): (Expr, Expr),
    selective: bool,
    inner: &Scope,
) -> Expr {
    if selective {
        query.expr(theirs).and_where(condition);
        return inner.subquery(own.in_subquery(query));
    }
    query
        .expr(Expr::cust("1"))
        .and_where(theirs.eq(own))
        .and_where(condition);
    inner.subquery(exists(inner.context.backend, query))
}
