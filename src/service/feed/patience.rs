//! Waiting for a database that is being restarted.

use std::time::Duration;

use crate::service::{Error, Result};

/// How long to wait before each further attempt: half a minute in all, which is longer than a
/// database takes to come back or to hand over to another.
const PAUSES: [Duration; 8] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(6),
    Duration::from_secs(8),
    Duration::from_secs(10),
];

/// Asks the database, again and again while it does not answer.
///
/// # Errors
/// What `ask` fails with in the end.
pub async fn patiently<T, F>(ask: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    for pause in PAUSES {
        match ask().await {
            Err(Error::Database(error)) => {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the feed waits for the database"
                );
                tokio::time::sleep(pause).await;
            }
            result => return result,
        }
    }
    ask().await
}
