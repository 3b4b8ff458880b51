//! Hearing of what other processes on the same PostgreSQL have changed.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::service::Database;
use crate::service::database::CHANNEL;

/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_millis(250);

/// Listens for ever, and says so in `heard` whenever there may be something new. When the connection
/// breaks it makes another one.
pub async fn run(database: Database, heard: Arc<Notify>) {
    loop {
        if let Err(error) = listen(&database, &heard).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "not listening for what other processes change"
            );
        }
        sleep(PAUSE).await;
    }
}

async fn listen(database: &Database, heard: &Notify) -> sqlx::Result<()> {
    // Not one of the connections that requests wait for: this one is held for long.
    let pool = database.writer().get_postgres_connection_pool();
    let own = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(pool.connect_options().as_ref().clone());
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Something may have been told before it listened.
        heard.notify_one();
        listener.try_recv().await?;
    }
}
