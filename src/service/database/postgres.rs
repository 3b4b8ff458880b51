//! Opening a database of PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{ConnectOptions as _, Connection as _, Error as SqlxError};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr, SqlxPostgresConnector};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use super::transaction::MAX_BEGINNING;
use super::{Database, DatabaseOptions, connection_error};
use crate::service::readers::Readers;

/// How long to wait after other processes were told of a change: those that follow are told of
/// together.
const TELLING_PAUSE: Duration = Duration::from_millis(10);

/// After how long without use a connection is asked whether it is alive before it is used. To ask
/// each time would cost every statement a way to the server and back.
const TRUSTED_FOR: Duration = Duration::from_millis(100);

/// What listens on this channel of PostgreSQL hears when a process has changed something.
pub const CHANNEL: &str = "orlo_event";

impl Database {
    pub(super) async fn connect_postgres(
        options: &DatabaseOptions,
    ) -> std::result::Result<Self, DbErr> {
        let mut connect = options
            .url
            .as_str()
            .parse::<PgConnectOptions>()
            .map_err(connection_error)?
            .application_name("orlo")
            // The planner takes statements of many layers to be much more work than they are, and
            // would compile them for seconds.
            .options([("jit", "off")])
            .disable_statement_logging();
        if let Some(limit) = options.statement_timeout {
            connect = connect.options([("statement_timeout", limit.as_millis().to_string())]);
        }
        // A pool only says that it waited in vain; one connection says why.
        let first = timeout(options.acquire_timeout, connect.connect());
        let first = first
            .await
            .map_err(|_| connection_error(SqlxError::PoolTimedOut))?;
        let first = first.map_err(connection_error)?;
        first.close().await.map_err(connection_error)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, usage| {
                Box::pin(async move {
                    if usage.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(connect)
            .await
            .map_err(connection_error)?;
        let readers = Readers::postgres(pool.clone());
        let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
        let changes = watch::Sender::default();
        tokio::spawn(tell_others(connection.clone(), changes.subscribe()));
        Ok(Self {
            readers,
            snapshots: connection.clone(),
            writer: connection,
            group: None,
            beginning: Arc::new(Semaphore::new(MAX_BEGINNING)),
            patience: options.acquire_timeout,
            changes,
        })
    }
}

/// Tells the other processes on the database of changes. Not within the transactions that make them:
/// PostgreSQL lets one that notifies commit at a time. Whoever is not told, because this process
/// died or the database did, will find out by looking now and then.
async fn tell_others(connection: DatabaseConnection, mut changes: watch::Receiver<()>) {
    let notify = format!("NOTIFY {CHANNEL}");
    while changes.changed().await.is_ok() {
        if let Err(error) = connection.execute_unprepared(&notify).await {
            let error = &error as &dyn std::error::Error;
            tracing::debug!(error, "other processes were not told of a change");
        }
        tokio::time::sleep(TELLING_PAUSE).await;
    }
}
