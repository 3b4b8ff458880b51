//! What a call of the service can fail with, and what it can remark on.

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why a call did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The input of a change was well formed and breaks a rule; nothing was changed. Never empty.
    #[error("refused: {}", .0.first().map_or("", |first| first.message.as_str()))]
    Refused(Vec<UserError>),
    /// A question cannot be answered as it was put: a bad cursor, page size or filter.
    #[error("{0}")]
    BadRequest(String),
    /// The question asks for more than the server is willing to give.
    #[error("{0}")]
    LimitExceeded(String),
    /// The database failed. The text is for the log, never for a caller.
    #[error("database failure: {0}")]
    Database(#[from] DbErr),
    /// The database gave up because it took longer than allowed.
    #[error("the database took longer than allowed")]
    TookTooLong,
    /// A stored value cannot be read. The text is for the log, never for a caller.
    #[error("corrupt data: {0}")]
    Corrupt(String),
}

/// The result of a call of the service.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether the same call may well succeed when it is made again at once: the database gave up
    /// because of what another transaction did at the same time.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
            return true;
        }
        // PostgreSQL: serialization failure, deadlock. SQLite: busy, also with an old snapshot.
        let codes = ["40001", "40P01", "5", "517"];
        database_code(error).is_some_and(|code| codes.contains(&code.as_str()))
    }

    /// Whether the database cannot be reached at the moment, rather than that it failed. Whether a
    /// change was made is not known then.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        if let Some(code) = database_code(error) {
            // PostgreSQL: it ends, has crashed, or starts; connection failures; too many of them.
            let codes = ["57P01", "57P02", "57P03", "53300"];
            return codes.contains(&code.as_str()) || code.starts_with("08");
        }
        match sqlx_error(error) {
            Some(error) => matches!(
                error,
                SqlxError::Io(_)
                    | SqlxError::PoolTimedOut
                    | SqlxError::PoolClosed
                    | SqlxError::WorkerCrashed
            ),
            None => matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)),
        }
    }
}

impl Error {
    /// Whether the database gave up because it took longer than allowed.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        // PostgreSQL: query canceled. SQLite: interrupt.
        match self {
            Self::TookTooLong => true,
            Self::Database(error) => {
                database_code(error).is_some_and(|code| code == "57014" || code == "9")
            }
            _ => false,
        }
    }
}

/// The code by which the database names its error.
fn database_code(error: &DbErr) -> Option<String> {
    let code = sqlx_error(error)?.as_database_error()?.code()?;
    Some(code.into_owned())
}

/// What went wrong on the way to the database or in it.
fn sqlx_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// What a caller got wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserError {
    /// The kind of mistake.
    pub code: UserErrorCode,
    /// One sentence for a person.
    pub message: String,
    /// Where in the input, outermost first, e.g. `packages`, `0`, `name`.
    pub field: Vec<String>,
}

/// The kinds of mistakes in the input of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserErrorCode {
    /// No such record.
    NotFound,
    /// A value that must be given is missing or blank.
    Required,
    /// A value that cannot be stored or makes no sense.
    InvalidValue,
    /// A text longer than the limit.
    TooLong,
    /// A list longer than the limit.
    TooMany,
    /// Another record has the same external id.
    Conflict,
    /// Several records fit the description.
    Ambiguous,
    /// The record was deleted.
    Deleted,
    /// The caller may not do this.
    Forbidden,
    /// Orlo failed; in imports, where one row must not hide the others.
    Internal,
}

/// Something a caller should know about a change that was made all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The kind of remark.
    pub code: WarningCode,
    /// One sentence for a person.
    pub message: String,
    /// Where in the input, outermost first; empty when it concerns the whole.
    pub field: Vec<String>,
}

/// The kinds of remarks on a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningCode {
    /// The record was there already and was returned as it is.
    AlreadyRecorded,
    /// It had finished already; nothing changed.
    AlreadyFinished,
    /// No time was given; now was taken.
    TimeAssumed,
    /// It finished without ever having started.
    StartUnknown,
    /// It finished before it started; both times are kept, there is no duration.
    FinishedBeforeStart,
    /// Start, finish and duration do not agree; the two times win.
    TimesDisagree,
    /// A time lies more than five minutes ahead.
    FutureTimestamp,
    /// The same value twice in a list; kept once.
    DuplicateDropped,
    /// An empty value in a list; left out.
    BlankDropped,
    /// The release finished while packages had not.
    UnfinishedPackages,
    /// A package without a version.
    VersionUnknown,
    /// A report older than what is known; kept in the history.
    LateEventApplied,
}

impl WarningCode {
    /// Its name in the API, e.g. `TIME_ASSUMED`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AlreadyRecorded => "ALREADY_RECORDED",
            Self::AlreadyFinished => "ALREADY_FINISHED",
            Self::TimeAssumed => "TIME_ASSUMED",
            Self::StartUnknown => "START_UNKNOWN",
            Self::FinishedBeforeStart => "FINISHED_BEFORE_START",
            Self::TimesDisagree => "TIMES_DISAGREE",
            Self::FutureTimestamp => "FUTURE_TIMESTAMP",
            Self::DuplicateDropped => "DUPLICATE_DROPPED",
            Self::BlankDropped => "BLANK_DROPPED",
            Self::UnfinishedPackages => "UNFINISHED_PACKAGES",
            Self::VersionUnknown => "VERSION_UNKNOWN",
            Self::LateEventApplied => "LATE_EVENT_APPLIED",
        }
    }
}

/// A place in an input, built while descending into it.
#[derive(Clone, Debug, Default)]
pub struct Path(Vec<String>);

impl Path {
    /// The place `step` below this one.
    #[must_use]
    pub fn at(&self, step: impl std::fmt::Display) -> Self {
        let mut steps = self.0.clone();
        steps.push(step.to_string());
        Self(steps)
    }

    /// A mistake at this place.
    #[must_use]
    pub fn error(&self, code: UserErrorCode, message: impl Into<String>) -> UserError {
        UserError {
            code,
            message: message.into(),
            field: self.0.clone(),
        }
    }

    /// A remark on this place.
    #[must_use]
    pub fn warning(&self, code: WarningCode, message: impl Into<String>) -> Warning {
        Warning {
            code,
            message: message.into(),
            field: self.0.clone(),
        }
    }

    /// The refusal of a call because of this place.
    #[must_use]
    pub fn refuse(&self, code: UserErrorCode, message: impl Into<String>) -> Error {
        Error::Refused(vec![self.error(code, message)])
    }
}
