//! Automatic persisted queries, as Apollo's clients send them: the hash of a document in its place,
//! and the document itself only when the server does not know it.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::graphql::bounded::{Bounded, bounded};
use crate::http::problem::Problem;

/// The SHA-256 of a document.
type Hash = [u8; 32];

/// Documents that clients may refer to by their hash; cheap to clone.
#[derive(Clone, Debug)]
pub struct Documents {
    known: Arc<Bounded<Hash, Arc<str>>>,
}

impl Documents {
    /// Room for documents of so many bytes together.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self {
            known: Arc::new(bounded(max_bytes as u64, |_, document| document.len())),
        }
    }

    /// The document of a request that has `extensions`. A document that comes with its hash is
    /// kept for the requests that follow.
    ///
    /// # Errors
    /// When the hash is not known, or not that of the document.
    pub fn resolve(
        &self,
        query: Option<String>,
        extensions: &Map<String, Value>,
    ) -> Result<Option<String>, Problem> {
        let Some(reference) = extensions.get("persistedQuery") else {
            return Ok(query);
        };
        let hash = hash_of(reference)?;
        let Some(query) = query else {
            let known = self.known.get(&hash).ok_or_else(not_found)?;
            return Ok(Some((*known).to_owned()));
        };
        if <Hash>::from(Sha256::digest(&query)) != hash {
            let message = "sha256Hash is not the hash of the query";
            return Err(Problem::bad_request(message));
        }
        if self.known.get(&hash).is_none() {
            self.known.insert(hash, query.as_str().into());
        }
        Ok(Some(query))
    }

    /// How many documents are known.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.len()
    }
}

fn hash_of(reference: &Value) -> Result<Hash, Problem> {
    if reference.get("version").and_then(Value::as_u64) != Some(1) {
        let message = "persistedQuery must have the version 1";
        return Err(Problem::bad_request(message));
    }
    let hash = reference.get("sha256Hash").and_then(Value::as_str);
    hash.and_then(from_hex).ok_or_else(|| {
        Problem::bad_request("persistedQuery must have a sha256Hash of 64 hexadecimal digits")
    })
}

fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let value = digit(digits[0])? * 16 + digit(digits[1])?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(hash)
}

/// Clients know this answer by its words and send the document too. It has status 200, as they are
/// used to.
fn not_found() -> Problem {
    let message = "PersistedQueryNotFound";
    Problem::new(StatusCode::OK, "PERSISTED_QUERY_NOT_FOUND", message)
}
