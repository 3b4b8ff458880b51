//! The secret that a token consists of.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::service::{Error, Result};

/// What every secret begins with, so that people and scanners of repositories recognise one.
const PREFIX: &str = "orlo_";
const SECRET_BYTES: usize = 32;
const CHECK_BYTES: usize = 4;

/// 256 random bits. As text: `orlo_` and 48 characters, the last of which tell mistyped and
/// cut-off secrets from real ones.
#[derive(Clone)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A new secret from the random numbers of the system.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::Corrupt(format!("no random numbers: {error}")))?;
        Ok(Self(bytes))
    }

    /// The secret as its owner sends it.
    #[must_use]
    pub fn reveal(&self) -> String {
        let bytes = [&self.0[..], &self.check()].concat();
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether `text` looks like a secret of Orlo, be it right or not.
    #[must_use]
    pub fn is_like(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Reads what [`Secret::reveal`] writes; none for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (secret, check) = bytes.split_at_checked(SECRET_BYTES)?;
        let secret = Self(secret.try_into().ok()?);
        bool::from(secret.check().ct_eq(check)).then_some(secret)
    }

    /// What is stored of the secret.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// Hashed with a word of its own, so that it tells nothing of the digest.
    fn check(&self) -> [u8; CHECK_BYTES] {
        let hash: [u8; 32] = Sha256::new()
            .chain_update("orlo token check")
            .chain_update(self.0)
            .finalize()
            .into();
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_as_it_was_written() {
        let secret = Secret::generate().unwrap();
        let text = secret.reveal();
        assert_eq!(text.len(), 53);
        assert_eq!(Secret::parse(&text).unwrap().0, secret.0);
        assert_ne!(Secret::generate().unwrap().0, secret.0);
    }

    #[test]
    fn what_is_changed_cut_or_added_to_is_no_secret() {
        let text = Secret::generate().unwrap().reveal();
        assert!(Secret::parse(&text[..text.len() - 1]).is_none());
        assert!(Secret::parse(&format!("{text}A")).is_none());
        assert!(Secret::parse(&format!("{text}AAAA")).is_none());
        assert!(Secret::parse(text.trim_start_matches("orlo_")).is_none());
        assert!(Secret::parse("orlo_").is_none());
        for place in 5..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Secret::parse(&changed).is_none(), "{place}");
        }
    }

    #[test]
    fn what_is_stored_is_the_sha_256_of_the_random_bits() {
        let secret = Secret([7; 32]);
        assert_eq!(secret.digest(), <[u8; 32]>::from(Sha256::digest([7; 32])));
    }

    #[test]
    fn a_secret_does_not_show_when_it_is_logged() {
        let secret = Secret::generate().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
