//! Conditions on texts.

use sea_orm::DbBackend;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait};

use super::input::StringFilter;
use super::scope::Scope;
use crate::service::Result;
use crate::service::sql::{any, call, never, not};

/// Characters in one regular expression, so that compiling it stays cheap.
const MAX_PATTERN: usize = 20_000;
/// Letters with more than two forms, which `lower` leaves apart, and what stands for each. This
/// makes `PostgreSQL` fold as the regular expressions of `SQLite` do.
const VARIANTS: (&str, &str) = ("µſςϐϑϕϖϰϱϵẛι", "μsσβθφπκρεṡι");

/// How a text must resemble another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Equal,
    Contains,
    StartsWith,
    EndsWith,
}

/// The conditions of `filter` on `column`.
pub(super) fn conditions(filter: &StringFilter, column: &Expr, scope: &Scope) -> Result<Vec<Expr>> {
    use Likeness::{Contains, EndsWith, Equal, StartsWith};
    let StringFilter {
        eq,
        ne,
        is_in,
        not_in,
        contains,
        starts_with,
        ends_with,
        ignore_case,
        is_null,
    } = filter;
    let like = |likeness, text: &str| -> Result<Expr> {
        scope.count()?;
        scope.check(text)?;
        Ok(if *ignore_case {
            folded(likeness, column.clone(), text, scope.context.backend)
        } else {
            literal(likeness, column.clone(), text, scope.context.backend)
        })
    };
    let mut conditions = Vec::new();
    let likenesses = [
        (Equal, eq),
        (Contains, contains),
        (StartsWith, starts_with),
        (EndsWith, ends_with),
    ];
    for (likeness, text) in likenesses {
        if let Some(text) = text {
            conditions.push(like(likeness, text)?);
        }
    }
    if let Some(text) = ne {
        conditions.push(not(like(Equal, text)?));
    }
    if let Some(texts) = is_in {
        conditions.push(one_of(texts, *ignore_case, column, scope)?);
    }
    if let Some(texts) = not_in {
        conditions.push(not(one_of(texts, *ignore_case, column, scope)?));
    }
    if let Some(is_null) = is_null {
        conditions.push(null(column.clone(), *is_null));
    }
    Ok(conditions)
}

/// Holds where `column` has no value, or where it has one.
pub(super) fn null(column: Expr, is_null: bool) -> Expr {
    if is_null {
        column.is_null()
    } else {
        column.is_not_null()
    }
}

/// Holds where `column` is one of `texts`.
pub(super) fn one_of(
    texts: &[String],
    ignore_case: bool,
    column: &Expr,
    scope: &Scope,
) -> Result<Expr> {
    scope.count()?;
    for text in texts {
        scope.check(text)?;
    }
    Ok(if texts.is_empty() {
        never()
    } else if !ignore_case {
        column.clone().is_in(texts)
    } else if scope.context.backend == DbBackend::Postgres {
        let texts = texts.iter().map(|text| fold(Expr::val(text.as_str())));
        fold(column.clone()).is_in(texts)
    } else {
        let patterns = alternatives(texts);
        let patterns = patterns.map(|pattern| regexp(column.clone(), pattern));
        any(patterns.collect())
    })
}

/// Patterns that together match any of `texts`.
fn alternatives(texts: &[String]) -> impl Iterator<Item = String> {
    let mut patterns: Vec<String> = Vec::new();
    for text in texts {
        let text = regex::escape(text);
        match patterns.last_mut() {
            Some(pattern) if pattern.len() + text.len() < MAX_PATTERN => {
                pattern.push('|');
                pattern.push_str(&text);
            }
            _ => patterns.push(text),
        }
    }
    patterns
        .into_iter()
        .map(|pattern| format!(r"(?is)\A(?:{pattern})\z"))
}

/// Holds where `column` resembles `text`, every character standing for itself.
pub(super) fn literal(likeness: Likeness, column: Expr, text: &str, backend: DbBackend) -> Expr {
    let value = Expr::val(text);
    if likeness == Likeness::Equal {
        return column.eq(value);
    }
    if text.is_empty() {
        return column.is_not_null();
    }
    match (likeness, backend) {
        (Likeness::StartsWith, _) => begins(column, text),
        (Likeness::EndsWith, DbBackend::Postgres) => {
            call("right", [column, length(text)]).eq(value)
        }
        (Likeness::EndsWith, _) => {
            let start = length(text).mul(Expr::val(-1));
            call("substr", [column, start]).eq(value)
        }
        (_, DbBackend::Postgres) => call("strpos", [column, value]).gt(0),
        (_, _) => call("instr", [column, value]).gt(0),
    }
}

/// A range rather than a comparison of beginnings, for the sake of indexes: both databases sort
/// by code point.
fn begins(column: Expr, text: &str) -> Expr {
    let from = column.clone().gte(text);
    match successor(text) {
        Some(end) => from.and(column.lt(end)),
        None => from,
    }
}

/// The first text behind all those that begin with `prefix`.
fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        // The range leaves out the surrogates, which are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// Holds where `column` resembles `text` but for the case of letters.
fn folded(likeness: Likeness, column: Expr, text: &str, backend: DbBackend) -> Expr {
    if backend != DbBackend::Postgres {
        let text = regex::escape(text);
        let pattern = match likeness {
            Likeness::Equal => format!(r"(?is)\A{text}\z"),
            Likeness::Contains => format!("(?is){text}"),
            Likeness::StartsWith => format!(r"(?is)\A{text}"),
            Likeness::EndsWith => format!(r"(?is){text}\z"),
        };
        return regexp(column, pattern);
    }
    let column = fold(column);
    let value = fold(Expr::val(text));
    match likeness {
        Likeness::Equal => column.eq(value),
        Likeness::Contains => call("strpos", [column, value]).gt(0),
        Likeness::StartsWith => call("starts_with", [column, value]),
        Likeness::EndsWith => {
            let length = call("length", [value.clone()]);
            call("right", [column, length]).eq(value)
        }
    }
}

fn regexp(column: Expr, pattern: String) -> Expr {
    column.binary(BinOper::Custom("REGEXP"), Expr::val(pattern))
}

/// `PostgreSQL`: `text` with every letter in the one form that stands for all of its forms.
fn fold(text: Expr) -> Expr {
    let collation = Expr::custom_keyword("orlo_folding");
    let text = text.binary(BinOper::Custom("COLLATE"), collation);
    let lower = call("lower", [text]);
    call(
        "translate",
        [lower, Expr::val(VARIANTS.0), Expr::val(VARIANTS.1)],
    )
}

/// The number of characters in `text`, which was checked to be short.
fn length(text: &str) -> Expr {
    Expr::val(i32::try_from(text.chars().count()).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_is_behind_all_that_begin_with_it() {
        for (prefix, expected) in [
            ("a", Some("b")),
            ("a\u{10ffff}", Some("b")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("\u{10ffff}\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(successor(prefix).as_deref(), expected, "{prefix:?}");
        }
    }

    #[test]
    fn alternatives_are_split_into_short_patterns() {
        let texts: Vec<String> = (0..100).map(|n| format!("{n:0>1000}")).collect();
        let patterns: Vec<String> = alternatives(&texts).collect();
        assert_eq!(patterns.len(), 6);
        assert!(
            patterns
                .iter()
                .all(|pattern| regex::Regex::new(pattern).is_ok())
        );
    }
}
