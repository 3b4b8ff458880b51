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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        access: AccessArgs,
    }

    fn read(arguments: &str) -> Result<AccessArgs, clap::Error> {
        let line = ["orlo"].into_iter().chain(arguments.split_whitespace());
        Line::try_parse_from(line).map(|line| line.access)
    }

    #[test]
    fn only_this_machine_is_served_without_tokens_unasked() {
        use AnonymousAccess::{Everything, Nothing, Reading};
        let local = [
            "127.0.0.1:80",
            "127.8.8.8:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
        ];
        let open = [
            "0.0.0.0:80",
            "[::]:80",
            "192.168.0.1:80",
            "[2001:db8::1]:80",
        ];
        for (arguments, on_local, on_open) in [
            ("", Some(Everything), None),
            ("--auth none", Some(Everything), None),
            ("--allow-anonymous", Some(Everything), Some(Everything)),
            (
                "--auth none --allow-anonymous",
                Some(Everything),
                Some(Everything),
            ),
            ("--auth writes", Some(Reading), Some(Reading)),
            (
                "--auth writes --allow-anonymous",
                Some(Reading),
                Some(Reading),
            ),
            ("--auth all", Some(Nothing), Some(Nothing)),
        ] {
            let access = read(arguments).unwrap();
            for (addresses, expected) in [(local, on_local), (open, on_open)] {
                for address in addresses {
                    let given = access.anonymous(address.parse().unwrap()).ok();
                    assert_eq!(given, expected, "{arguments} {address}");
                }
            }
        }
    }

    #[test]
    fn json_web_tokens_need_keys_an_issuer_and_an_audience() {
        assert!(read("").unwrap().jwt().is_none());
        let all = "--jwt-jwks keys.json --jwt-issuer id --jwt-audience orlo";
        let options = read(all).unwrap().jwt().unwrap();
        assert_eq!(options.keys, "keys.json");
        assert_eq!(
            (options.issuer.as_str(), options.audience.as_str()),
            ("id", "orlo")
        );
        assert_eq!(options.claims.scope, "scope");
        assert_eq!(options.claims.scope_prefix, "orlo:");
        assert_eq!(options.claims.person, "preferred_username");
        for part in [
            "--jwt-jwks keys.json",
            "--jwt-jwks keys.json --jwt-issuer id",
            "--jwt-jwks keys.json --jwt-audience orlo",
            "--jwt-issuer id --jwt-audience orlo",
        ] {
            assert!(read(part).is_err(), "{part}");
        }
    }
}
