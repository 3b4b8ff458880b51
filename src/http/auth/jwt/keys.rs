//! The public keys of an issuer, from a JSON Web Key Set.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

const RSA: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// A key, and what it may have signed with.
#[derive(Debug)]
pub struct Key {
    id: Option<String>,
    /// The algorithms that fit the key; never one with a shared secret.
    pub algorithms: Vec<Algorithm>,
    /// The key itself.
    pub public: DecodingKey,
}

/// The keys of an issuer.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Arc<Key>>);

impl KeySet {
    /// Reads a key set. Keys that cannot verify signatures are passed over.
    ///
    /// # Errors
    /// What is wrong, when it is no key set or has no key to use.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        let document: Document = serde_json::from_slice(text)
            .map_err(|error| format!("it is not a JSON Web Key Set: {error}"))?;
        let keys = document.keys.into_iter().filter_map(|key| {
            let key: Jwk = serde_json::from_value(key).ok()?;
            Key::new(&key).map(Arc::new)
        });
        let keys: Vec<_> = keys.collect();
        if keys.is_empty() {
            return Err("it has no public key for signatures".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key of this id; without an id, the only key there is.
    #[must_use]
    pub fn find(&self, id: Option<&str>) -> Option<Arc<Key>> {
        match (id, self.0.as_slice()) {
            (None, [only]) => Some(Arc::clone(only)),
            (None, _) => None,
            (Some(_), keys) => keys.iter().find(|key| key.id.as_deref() == id).cloned(),
        }
    }
}

impl Key {
    fn new(key: &Jwk) -> Option<Self> {
        let is_for_signatures = matches!(
            key.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        );
        let mut algorithms = algorithms(&key.algorithm);
        if let Some(only) = key.common.key_algorithm {
            let only = Algorithm::try_from(only).ok();
            algorithms.retain(|algorithm| Some(*algorithm) == only);
        }
        if !is_for_signatures || algorithms.is_empty() {
            return None;
        }
        Some(Self {
            id: key.common.key_id.clone(),
            algorithms,
            public: DecodingKey::from_jwk(key).ok()?,
        })
    }
}

/// What a key of this kind signs with. Shared secrets are not among the kinds.
fn algorithms(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    match parameters {
        AlgorithmParameters::RSA(_) => RSA.to_vec(),
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(keys: &Value) -> Result<KeySet, String> {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn keys_are_found_by_their_id() {
        let keys = json!([
            {"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"},
            {"kty": "EC", "kid": "b", "crv": "P-256", "x": "AQAB", "y": "AQAB"},
            {"kty": "OKP", "kid": "c", "crv": "Ed25519", "x": "AQAB", "use": "sig"},
            {"kty": "RSA", "kid": "d", "n": "AQAB", "e": "AQAB", "alg": "PS384"},
        ]);
        let set = parse(&keys).unwrap();
        let algorithms = |id| set.find(Some(id)).unwrap().algorithms.clone();
        assert_eq!(algorithms("a"), RSA);
        assert_eq!(algorithms("b"), [Algorithm::ES256]);
        assert_eq!(algorithms("c"), [Algorithm::EdDSA]);
        assert_eq!(algorithms("d"), [Algorithm::PS384]);
        assert!(set.find(Some("e")).is_none());
        assert!(set.find(None).is_none());
    }

    #[test]
    fn a_key_without_an_id_is_found_when_it_is_the_only_one() {
        let set = parse(&json!([{"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}])).unwrap();
        assert!(set.find(None).is_some());
        assert!(set.find(Some("a")).is_none());
    }

    #[test]
    fn what_verifies_no_signature_is_passed_over() {
        for key in [
            json!({"kty": "oct", "k": "AQAB"}),
            json!({"kty": "oct", "k": "AQAB", "alg": "HS256"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "use": "enc"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "HS256"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RSA-OAEP"}),
            json!({"kty": "EC", "crv": "P-521", "x": "AQAB", "y": "AQAB"}),
            json!({"kty": "new"}),
            json!("key"),
        ] {
            assert!(parse(&json!([key])).is_err(), "{key}");
        }
        assert!(KeySet::parse(b"{}").is_err());
        assert!(KeySet::parse(b"<html>").is_err());
    }
}
