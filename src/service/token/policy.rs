//! What callers without a token may do.

use entity::TokenScope;

use crate::service::Caller;

/// How much is open to callers without a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnonymousAccess {
    /// Everything, corrections and deletions included.
    Everything,
    /// Questions.
    Reading,
    /// Nothing.
    Nothing,
}

impl AnonymousAccess {
    /// A caller without a token.
    #[must_use]
    pub const fn caller(self) -> Caller {
        let scope = match self {
            Self::Everything => Some(TokenScope::Admin),
            Self::Reading => Some(TokenScope::Read),
            Self::Nothing => None,
        };
        Caller {
            actor: None,
            person: None,
            scope,
        }
    }
}
