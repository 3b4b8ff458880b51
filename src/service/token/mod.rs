//! Tokens: which callers there are, and what they may do.
//!
//! A token is looked up in the database each time it is used, so that one that is revoked or
//! expired stops working at once in every process. What stays open for long is told by a [`Watch`].

mod manage;
mod policy;
mod secret;
mod usage;
mod verify;
mod watch;

pub use entity::TokenScope;
pub use entity::token::Model as Token;
pub use manage::{NewToken, create, list, revoke};
pub use policy::AnonymousAccess;
pub use secret::Secret;
pub use usage::Usage;
pub use verify::{find, is_living};
pub use watch::{Held, Watch};

/// The name of a scope on the command line and in messages, e.g. `write`.
#[must_use]
pub const fn scope_name(scope: TokenScope) -> &'static str {
    match scope {
        TokenScope::Read => "read",
        TokenScope::Write => "write",
        TokenScope::Admin => "admin",
    }
}
