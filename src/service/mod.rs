//! The rules of recording deployments and the questions about them. Nothing here knows of GraphQL
//! or HTTP.

use std::sync::Arc;

use entity::{DeployStatus, Timestamp, TokenScope};
pub mod check;
pub mod clock;
pub(crate) mod contents;
pub mod correct;
pub mod database;
mod database_url;
pub mod derive;
pub mod error;
pub mod event;
pub mod failure;
pub mod feed;
pub mod filter;
mod group;
pub(crate) mod held;
pub mod history;
mod insert;
pub mod interchange;
pub mod line;
pub mod package;
pub mod page;
pub mod platform;
mod readers;
pub mod record;
pub mod reference;
pub mod release;
pub mod settings;
mod sql;
mod sqlite;
pub mod stats;
pub mod step;
pub mod summary;
pub mod tally;
pub mod time;
pub mod token;
pub mod version;

pub use clock::Clock;
pub use database::{Database, DatabaseOptions};
pub use database_url::DatabaseUrl;
pub use error::{Error, Path, Result, UserError, UserErrorCode, Warning, WarningCode};
pub use readers::Reader;
pub use settings::Settings;

/// What every call of the service needs; cheap to clone.
#[derive(Clone, Debug)]
pub struct Service {
    /// Where the records are.
    pub database: Database,
    /// The limits to keep.
    pub settings: Arc<Settings>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// What is told to subscribers of this process.
    pub feed: feed::Feed,
    /// The platforms that this process knows.
    platforms: platform::Known,
    /// What is asked at the same time for one request; none outside of requests.
    bundle: Option<sql::Bundle>,
    /// What questions are written as that were asked before.
    written: sql::Written,
}

impl Service {
    /// A service over `database`.
    #[must_use]
    pub fn new(database: Database, settings: Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            feed: feed::Feed::new(settings.max_backlog),
            database,
            settings: Arc::new(settings),
            clock,
            platforms: platform::Known::default(),
            bundle: None,
            written: sql::Written::default(),
        }
    }

    /// The service for one request: what that asks at the same time is asked together.
    #[must_use]
    pub fn for_request(&self) -> Self {
        Self {
            bundle: Some(sql::Bundle::default()),
            ..self.clone()
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A connection to ask one question over.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        self.database.reader()
    }

    /// Whether something with this status, of which was last heard at `heard_at`, is in progress
    /// without news for longer than the limit.
    #[must_use]
    pub fn is_stale(&self, status: DeployStatus, heard_at: Timestamp) -> bool {
        let silence = self.now().0.signed_duration_since(heard_at.0).to_std();
        status == DeployStatus::InProgress
            && silence.is_ok_and(|silence| silence > self.settings.stale_after)
    }
}

/// Who makes a call. By default somebody unknown, who may do nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The name that events carry; none for anonymous callers.
    pub actor: Option<String>,
    /// The person behind the call, who is the user of releases that name none.
    pub person: Option<String>,
    /// What the caller may do; nothing when none.
    pub scope: Option<TokenScope>,
}

impl Caller {
    /// Whether the caller may do what needs `scope`.
    #[must_use]
    pub fn may(&self, scope: TokenScope) -> bool {
        self.scope.is_some_and(|own| own >= scope)
    }

    /// Whether the caller may record anything.
    #[must_use]
    pub fn can_write(&self) -> bool {
        self.may(TokenScope::Write)
    }
}
