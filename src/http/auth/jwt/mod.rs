//! JSON Web Tokens that an identity provider issues. Only signatures by keys that the provider
//! publishes count: what can be forged with a public key or none at all (`HS256`, `none`) is
//! refused, whatever the token says of itself.

mod claims;
mod keys;
mod signature;
mod source;

use std::sync::Arc;

use entity::Timestamp;
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value};

pub use self::claims::ClaimRules;
use self::source::KeySource;
pub use self::source::OpenError;
use crate::service::{Caller, Clock};

/// Whose tokens are taken, and how they are read.
#[derive(Clone, Debug)]
pub struct JwtOptions {
    /// Where the issuer's keys are: the path of a file, or a URL.
    pub keys: String,
    /// The issuer, as its tokens name it (`iss`).
    pub issuer: String,
    /// What tokens for this server are for (`aud`).
    pub audience: String,
    /// What their other claims mean.
    pub claims: ClaimRules,
}

/// Turns JSON Web Tokens into callers.
#[derive(Debug)]
pub struct Jwt {
    keys: KeySource,
    issuer: String,
    audience: String,
    claims: ClaimRules,
    clock: Arc<dyn Clock>,
}

impl Jwt {
    /// Reads the keys for the first time.
    ///
    /// # Errors
    /// When they are in a file that cannot be read, or at a URL that nobody may be trusted at. A
    /// provider that does not answer is asked again later.
    pub async fn open(options: JwtOptions, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        signature::install();
        Ok(Self {
            keys: KeySource::open(&options.keys, clock.now()).await?,
            issuer: options.issuer,
            audience: options.audience,
            claims: options.claims,
            clock,
        })
    }

    /// Who sends `token`, and when it ends; none when it is not valid. The log says why not.
    pub async fn caller(&self, token: &str) -> Option<(Caller, Timestamp)> {
        match self.check(token).await {
            Ok(found) => Some(found),
            Err(reason) => {
                tracing::info!(%reason, "a JSON Web Token was refused");
                None
            }
        }
    }

    /// The reasons tell nothing of the token but what is wrong with it.
    async fn check(&self, token: &str) -> Result<(Caller, Timestamp), String> {
        let header = decode_header(token).map_err(|error| error.to_string())?;
        // Extensions that must be understood, none of which are.
        if header.crit.is_some() {
            return Err("it has critical extensions".to_owned());
        }
        let now = self.clock.now();
        let key = self.keys.find(header.kid.as_deref(), now).await;
        let key = key.ok_or("it is signed with an unknown key")?;
        if !key.algorithms.contains(&header.alg) {
            return Err(format!("its key does not sign with {:?}", header.alg));
        }
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        // By Orlo's clock, below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Map<String, Value>>(token, &key.public, &validation);
        let claims = claims.map_err(|error| error.to_string())?.claims;
        // One issuer, where the crate would take a list that has it.
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err("it is from several issuers".to_owned());
        }
        let end = claims::check_times(&claims, now)?;
        Ok((self.claims.caller(&claims)?, end))
    }
}
