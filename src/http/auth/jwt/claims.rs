//! What the claims of a JSON Web Token mean.

use chrono::DateTime;
use entity::{Timestamp, TokenScope};
use serde_json::{Map, Value};

use crate::service::Caller;
use crate::service::token::scope_name;

/// By how many seconds the issuer's clock may differ from ours.
const LEEWAY: f64 = 60.0;
/// Characters in a name at most.
const MAX_NAME: usize = 255;

/// Which claims say what. The actor is always `sub`.
#[derive(Clone, Debug)]
pub struct ClaimRules {
    /// The claim with the scopes: a text with blanks in between, or a list. `a.b` is the claim `b`
    /// inside the claim `a`, unless a claim is called so.
    pub scope: String,
    /// What the names of Orlo's scopes begin with in that claim, e.g. `orlo:`.
    pub scope_prefix: String,
    /// The claim with the person behind the call.
    pub person: String,
}

impl ClaimRules {
    /// Who the claims say the caller is, with the greatest scope that they name.
    ///
    /// # Errors
    /// What is wrong, for the log.
    pub fn caller(&self, claims: &Map<String, Value>) -> Result<Caller, String> {
        let actor = claims.get("sub").and_then(Value::as_str);
        let actor = name(actor.ok_or("sub is not a text")?).ok_or("sub is not a name")?;
        let person = find(claims, &self.person).and_then(Value::as_str);
        Ok(Caller {
            actor: Some(actor),
            person: person.and_then(name),
            scope: self.greatest_scope(claims),
        })
    }

    fn greatest_scope(&self, claims: &Map<String, Value>) -> Option<TokenScope> {
        let words: Vec<&str> = match find(claims, &self.scope)? {
            Value::String(text) => text.split_ascii_whitespace().collect(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        let names: Vec<&str> = words
            .into_iter()
            .filter_map(|word| word.strip_prefix(self.scope_prefix.as_str()))
            .collect();
        [TokenScope::Admin, TokenScope::Write, TokenScope::Read]
            .into_iter()
            .find(|scope| names.contains(&scope_name(*scope)))
    }
}

fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(name) {
        return Some(claim);
    }
    let (outer, inner) = name.split_once('.')?;
    find(claims.get(outer)?.as_object()?, inner)
}

/// A name as it can be stored.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = !text.is_empty() && text.chars().count() <= MAX_NAME;
    (fits && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// Checks that a token is valid now: not before `nbf`, and before `exp`, which must be there.
/// Returns until when it is.
///
/// # Errors
/// What is wrong, for the log.
pub fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<Timestamp, String> {
    let now = seconds(now.0);
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let time = value.as_f64();
            time.map(Some).ok_or(format!("{name} is not a number"))
        }
    };
    let end = time("exp")?.ok_or("it never expires")? + LEEWAY;
    if now >= end {
        return Err("it has expired".to_owned());
    }
    if time("nbf")?.is_some_and(|start| now < start - LEEWAY) {
        return Err("it is not valid yet".to_owned());
    }
    Ok(Timestamp(instant(end)))
}

/// The time so many seconds after 1970; what is too far away is as far as can be.
#[expect(clippy::cast_possible_truncation, reason = "what is too large is cut")]
fn instant(seconds: f64) -> DateTime<chrono::Utc> {
    let millis = (seconds * 1_000.0).ceil() as i64;
    DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<chrono::Utc>::MAX_UTC)
}

#[expect(clippy::cast_precision_loss, reason = "years to 9999 fit")]
fn seconds(time: DateTime<chrono::Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope(claim: &str, prefix: &str, claims: Value) -> Option<TokenScope> {
        let rules = ClaimRules {
            scope: claim.to_owned(),
            scope_prefix: prefix.to_owned(),
            person: "name".to_owned(),
        };
        let Value::Object(mut claims) = claims else {
            panic!("claims are an object")
        };
        claims.insert("sub".to_owned(), json!("ci"));
        rules.caller(&claims).unwrap().scope
    }

    #[test]
    fn the_greatest_scope_counts() {
        use TokenScope::{Admin, Read, Write};
        for (claim, prefix, claims, expected) in [
            ("scope", "orlo:", json!({}), None),
            ("scope", "orlo:", json!({"scope": "openid admin"}), None),
            (
                "scope",
                "orlo:",
                json!({"scope": "orlo:read orlo:write x"}),
                Some(Write),
            ),
            (
                "scope",
                "orlo:",
                json!({"scope": ["orlo:write", "orlo:admin"]}),
                Some(Admin),
            ),
            (
                "scope",
                "orlo:",
                json!({"scope": "orlo:administrator"}),
                None,
            ),
            (
                "scope",
                "orlo:",
                json!({"scope": {"orlo:admin": true}}),
                None,
            ),
            ("scope", "", json!({"scope": "read"}), Some(Read)),
            ("a.b", "", json!({"a": {"b": ["read"]}}), Some(Read)),
            (
                "a.b",
                "",
                json!({"a.b": "write", "a": {"b": "read"}}),
                Some(Write),
            ),
            ("a.b", "", json!({"a": "read"}), None),
        ] {
            assert_eq!(scope(claim, prefix, claims.clone()), expected, "{claims}");
        }
    }

    #[test]
    fn times_are_checked_with_a_minute_of_leeway() {
        let check = |claims: Value, now: i64| {
            let now = Timestamp(DateTime::from_timestamp(now, 0).unwrap());
            check_times(claims.as_object().unwrap(), now)
        };
        assert!(check(json!({"exp": 1_000}), 1_059).is_ok());
        assert!(check(json!({"exp": 1_000}), 1_060).is_err());
        assert!(check(json!({"exp": 1_000.5}), 999).is_ok());
        assert!(check(json!({"exp": "1000"}), 999).is_err());
        assert!(check(json!({}), 999).is_err());
        assert!(check(json!({"exp": 2_000, "nbf": 1_000}), 939).is_err());
        assert!(check(json!({"exp": 2_000, "nbf": 1_000}), 940).is_ok());
        assert!(check(json!({"exp": 2_000, "nbf": null}), 940).is_err());
    }

    #[test]
    fn who_has_no_name_is_nobody() {
        let rules = ClaimRules {
            scope: "scope".to_owned(),
            scope_prefix: String::new(),
            person: "email".to_owned(),
        };
        for sub in [
            json!(""),
            json!(" "),
            json!(7),
            json!(null),
            json!("a\0b"),
            json!("x".repeat(256)),
        ] {
            let claims = json!({ "sub": sub });
            assert!(rules.caller(claims.as_object().unwrap()).is_err(), "{sub}");
        }
        let claims = json!({"sub": " ci ", "email": "ann@example.org"});
        let caller = rules.caller(claims.as_object().unwrap()).unwrap();
        assert_eq!(caller.actor.as_deref(), Some("ci"));
        assert_eq!(caller.person.as_deref(), Some("ann@example.org"));
    }
}
