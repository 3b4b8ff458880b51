//! Where a database is, without telling everybody.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// Where a database is: `sqlite://PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME`. What it is
/// printed as has no password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// All of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that of an SQLite file.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password may be in many places of the others.
        let shown = if self.is_sqlite() {
            &self.0
        } else {
            "[hidden]"
        };
        write!(formatter, "DatabaseUrl({shown})")
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        Ok(url.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_printed() {
        for url in [
            "postgres://ann:hunter2@localhost/orlo",
            "postgresql://localhost/orlo?user=ann&password=hunter2",
            "hunter2",
        ] {
            let options = crate::service::DatabaseOptions::new(url);
            assert!(!format!("{options:?}").contains("hunter2"), "{options:?}");
            assert_eq!(options.url.as_str(), url);
        }
        let file = DatabaseUrl::from("sqlite://orlo.db");
        assert_eq!(format!("{file:?}"), "DatabaseUrl(sqlite://orlo.db)");
    }
}
