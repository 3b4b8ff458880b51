//! Who may do what.

use std::net::SocketAddr;

use anyhow::bail;
use clap::{Args, ValueEnum};

use crate::http::auth::jwt::{ClaimRules, JwtOptions};
use crate::service::token::AnonymousAccess;

/// Who may do what.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Access")]
pub struct AccessArgs {
    /// What needs a token
    #[arg(
        long,
        env = "ORLO_AUTH",
        value_name = "WHAT",
        long_help = "What needs a token (see `orlo token`). When it is not given: nothing, on an \
        address of this machine alone; on any other the server does not start without it"
    )]
    pub auth: Option<AuthMode>,
    /// Serve without tokens on an address that others can reach
    #[arg(long, env = "ORLO_ALLOW_ANONYMOUS")]
    pub allow_anonymous: bool,
    #[command(flatten)]
    jwt: JwtArgs,
}

/// What needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AuthMode {
    /// Nothing: everybody may record, correct and delete
    None,
    /// Every change; everybody may read
    Writes,
    /// Everything
    All,
}

/// JSON Web Tokens of another issuer, which are taken beside Orlo's own tokens.
#[derive(Args, Clone, Debug)]
struct JwtArgs {
    /// Take JSON Web Tokens that are signed with the keys in this file or at this URL
    #[arg(long = "jwt-jwks", env = "ORLO_JWT_JWKS", value_name = "FILE|URL",
        requires_all = ["audience", "issuer"])]
    jwks: Option<String>,
    /// What they must be for: their claim `aud`
    #[arg(
        long = "jwt-audience",
        env = "ORLO_JWT_AUDIENCE",
        value_name = "AUDIENCE",
        requires = "jwks"
    )]
    audience: Option<String>,
    /// Who must have issued them: their claim `iss`
    #[arg(
        long = "jwt-issuer",
        env = "ORLO_JWT_ISSUER",
        value_name = "ISSUER",
        requires = "jwks"
    )]
    issuer: Option<String>,
    /// Their claim with scopes, a text or a list; `a.b` is the claim b inside a
    #[arg(
        long = "jwt-scope-claim",
        env = "ORLO_JWT_SCOPE_CLAIM",
        default_value = "scope",
        value_name = "CLAIM"
    )]
    scope_claim: String,
    /// What Orlo's scopes begin with in that claim; may be empty
    #[arg(
        long = "jwt-scope-prefix",
        env = "ORLO_JWT_SCOPE_PREFIX",
        default_value = "orlo:",
        value_name = "PREFIX"
    )]
    scope_prefix: String,
    /// Their claim with the person, who is the user of releases that name none
    #[arg(
        long = "jwt-person-claim",
        env = "ORLO_JWT_PERSON_CLAIM",
        default_value = "preferred_username",
        value_name = "CLAIM"
    )]
    person_claim: String,
}

impl AccessArgs {
    /// What callers without a token may do on a server that listens on `bind`.
    ///
    /// # Errors
    /// When others could change records without anybody having said that they may.
    pub fn anonymous(&self, bind: SocketAddr) -> anyhow::Result<AnonymousAccess> {
        let is_local = bind.ip().to_canonical().is_loopback();
        match self.auth {
            Some(AuthMode::Writes) => Ok(AnonymousAccess::Reading),
            Some(AuthMode::All) => Ok(AnonymousAccess::Nothing),
            Some(AuthMode::None) | None if is_local || self.allow_anonymous => {
                Ok(AnonymousAccess::Everything)
            }
            Some(AuthMode::None) | None => bail!(
                "not serving on {bind}, where others could record and delete without a token: \
                 add --auth writes or --auth all (and `orlo token create`), or --allow-anonymous"
            ),
        }
    }

    /// Which JSON Web Tokens are taken; none unless set.
    #[must_use]
    pub fn jwt(&self) -> Option<JwtOptions> {
        let args = self.jwt.clone();
        Some(JwtOptions {
            keys: args.jwks?,
            audience: args.audience?,
            issuer: args.issuer?,
            claims: ClaimRules {
                scope: args.scope_claim,
                scope_prefix: args.scope_prefix,
                person: args.person_claim,
            },
        })
    }
}
