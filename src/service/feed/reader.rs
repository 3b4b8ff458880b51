//! Reading what is new, once for all followers.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbBackend;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::{Batch, listener};
use crate::service::{Result, Service, event};

/// How often to look on PostgreSQL without having been told of anything: somebody may have died
/// between storing something and telling.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often to look on SQLite, where other processes tell nothing.
const LOOK_EVERY_SQLITE: Duration = Duration::from_millis(200);

/// How long to let more come together after something came.
const PAUSE: Duration = Duration::from_millis(5);

/// Reads what is new until nobody follows any more.
pub async fn run(service: Service) {
    let is_postgres = service.database.backend() == DbBackend::Postgres;
    let look_every = if is_postgres {
        LOOK_EVERY
    } else {
        LOOK_EVERY_SQLITE
    };
    let mut changes = service.database.changes();
    let heard = Arc::new(Notify::new());
    let _listener = is_postgres.then(|| {
        let listening = listener::run(service.database.clone(), Arc::clone(&heard));
        AbortOnDropHandle::new(tokio::spawn(listening))
    });
    let mut is_failing = false;
    while !service.feed.is_deserted() {
        changes.borrow_and_update();
        match read(&service).await {
            Ok(true) => sleep(PAUSE).await,
            Ok(false) => (),
            Err(error) if is_failing => {
                tracing::debug!(error = &error as &dyn std::error::Error, "still no news");
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "subscribers get no news until the database answers"
                );
                is_failing = true;
                sleep(look_every).await;
                continue;
            }
        }
        is_failing = false;
        tokio::select! {
            _ = changes.changed() => {}
            () = heard.notified() => {}
            () = sleep(look_every) => {}
        }
    }
}

/// Reads everything that is new. Says whether there was anything.
async fn read(service: &Service) -> Result<bool> {
    let feed = &service.feed;
    let newest = event::newest(service).await?;
    let Some(mut head) = feed.head() else {
        feed.begin(newest);
        return Ok(false);
    };
    let is_new = head < newest;
    while head < newest {
        let batch = Batch::read(service, head, newest).await?;
        head = batch.upto;
        feed.publish(batch);
    }
    Ok(is_new)
}
