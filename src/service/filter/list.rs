//! Conditions on the lists of texts that belong to a release, and on its metadata.

use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};

use super::input::{MetadataFilter, StringFilter, StringListFilter};
use super::scope::Scope;
use super::text::{self, Likeness};
use crate::service::Result;
use crate::service::sql::{self, all, call, not};

/// As many characters of a reference or of a value as the index holds.
const INDEXED_CHARACTERS: usize = 128;

/// A list of texts of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Platforms,
    References,
    Notes,
}

/// Which elements are looked for.
#[derive(Clone, Copy, Debug)]
enum Element<'a> {
    Any,
    OneOf(&'a [String]),
    Containing(&'a str),
}

impl List {
    /// The conditions of `filter` on this list of the releases in `scope`.
    pub fn conditions(self, filter: &StringListFilter, scope: &Scope) -> Result<Vec<Expr>> {
        let StringListFilter {
            has,
            has_any,
            has_all,
            contains,
            is_empty,
        } = filter;
        let mut conditions = Vec::new();
        if let Some(text) = has {
            conditions.push(self.some(Element::OneOf(std::slice::from_ref(text)), scope)?);
        }
        if let Some(texts) = has_any {
            conditions.push(self.some(Element::OneOf(texts), scope)?);
        }
        for text in has_all.iter().flatten() {
            conditions.push(self.some(Element::OneOf(std::slice::from_ref(text)), scope)?);
        }
        if let Some(text) = contains {
            conditions.push(self.some(Element::Containing(text), scope)?);
        }
        if let Some(is_empty) = is_empty {
            let some = self.some(Element::Any, scope)?;
            conditions.push(if *is_empty { not(some) } else { some });
        }
        Ok(conditions)
    }

    /// Holds where the list has such an element.
    fn some(self, element: Element, scope: &Scope) -> Result<Expr> {
        scope.count()?;
        match self {
            Self::Platforms => some_platform(element, scope),
            Self::References => some_reference(element, scope),
            Self::Notes => {
                let (inner, query) = scope.inside("release_note")?;
                let text = element.condition(inner.column("text"), &inner)?;
                Ok(exists(query, text, &inner, scope))
            }
        }
    }
}

impl Element<'_> {
    /// Holds where `column` is such an element; none when every one is.
    fn condition(self, column: Expr, scope: &Scope) -> Result<Option<Expr>> {
        Ok(match self {
            Self::Any => None,
            Self::OneOf([text]) => {
                scope.check(text)?;
                Some(column.eq(text.as_str()))
            }
            Self::OneOf(texts) => Some(text::one_of(texts, false, &column, scope)?),
            Self::Containing(part) => {
                scope.check(part)?;
                let backend = scope.context.backend;
                Some(text::literal(Likeness::Contains, column, part, backend))
            }
        })
    }
}

/// Looks the platform up once, so that each release costs one probe of a primary key.
fn some_platform(element: Element, scope: &Scope) -> Result<Expr> {
    let (inner, query) = scope.inside("release_platform")?;
    let (platform, mut platforms) = inner.inside("platform")?;
    let name = element.condition(platform.column("name"), &platform)?;
    let link = name.map(|name| {
        platforms.expr(platform.column("id")).and_where(name);
        let id = inner.column("platform_id");
        match element {
            Element::OneOf([_]) => id.eq(Expr::SubQuery(None, Box::new(platforms.into()))),
            _ => id.in_subquery(platforms),
        }
    });
    Ok(exists(query, link, &inner, scope))
}

/// Few releases share a reference, so those are found first, by the index.
fn some_reference(element: Element, scope: &Scope) -> Result<Expr> {
    let (inner, mut query) = scope.inside("release_reference")?;
    let column = inner.column("reference");
    let condition = element.condition(column.clone(), &inner)?;
    let (Element::OneOf(texts @ [_, ..]), Some(condition)) = (element, &condition) else {
        return Ok(exists(query, condition, &inner, scope));
    };
    query
        .expr(inner.column("release_id"))
        .and_where(begins_like(column, texts))
        .and_where(condition.clone());
    Ok(scope.subquery(scope.column("id").in_subquery(query)))
}

/// Holds where `column` begins as one of `texts` does, as far as the index goes.
fn begins_like(column: Expr, texts: &[String]) -> Expr {
    // Written out, because an index on an expression serves only the very same expression.
    let (first, length) = (Expr::cust("1"), Expr::cust(INDEXED_CHARACTERS.to_string()));
    let beginnings = texts
        .iter()
        .map(|text| -> String { text.chars().take(INDEXED_CHARACTERS).collect() });
    call("substr", [column, first, length]).is_in(beginnings)
}

/// Holds where `query` has a row of the release in `scope` that meets `condition`.
fn exists(
    mut query: SelectStatement,
    condition: Option<Expr>,
    inner: &Scope,
    scope: &Scope,
) -> Expr {
    let own = inner.key("release_id").eq(scope.key("id"));
    let conditions = [Some(own), condition].into_iter().flatten().collect();
    query.expr(Expr::cust("1")).and_where(all(conditions));
    scope.subquery(sql::exists(scope.context.backend, query))
}

/// The conditions of all `filters` on the metadata of the releases in `scope`.
pub(super) fn metadata(filters: &[MetadataFilter], scope: &Scope) -> Result<Vec<Expr>> {
    let entry = |filter: &MetadataFilter| metadata_entry(filter, scope);
    filters.iter().map(entry).collect()
}

/// Few releases share a value, so where it is given, those are found first, by the index.
fn metadata_entry(filter: &MetadataFilter, scope: &Scope) -> Result<Expr> {
    let MetadataFilter { key, value } = filter;
    scope.count()?;
    scope.check(key)?;
    let (inner, mut query) = scope.inside("release_metadata")?;
    let column = inner.column("value");
    let mut conditions = vec![inner.column("key").eq(key.as_str())];
    if let Some(value) = value {
        conditions.extend(text::conditions(value, &column, &inner)?);
    }
    let Some(texts) = value.as_ref().and_then(given) else {
        return Ok(exists(query, Some(all(conditions)), &inner, scope));
    };
    conditions.push(begins_like(column, texts));
    query
        .expr(inner.column("release_id"))
        .and_where(all(conditions));
    Ok(scope.subquery(scope.column("id").in_subquery(query)))
}

/// The texts of which the filter wants one.
fn given(filter: &StringFilter) -> Option<&[String]> {
    let texts = match &filter.eq {
        Some(text) => std::slice::from_ref(text),
        None => filter.is_in.as_deref()?,
    };
    (!filter.ignore_case && !texts.is_empty()).then_some(texts)
}
