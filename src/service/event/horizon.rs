//! How far the history is complete.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::service::{Error, Result, Service};

/// The sequence number up to which every event that will ever be there can be seen already; none
/// where that goes for all that are there.
///
/// PostgreSQL hands out numbers before transactions commit, so that a reader may meet 107 while 106
/// is still to come, and would never look back for it. Whoever reads on from where it stopped must
/// not go beyond this. It may be a little lower than it was before, which is right as well. SQLite
/// has one writer at a time.
///
/// # Errors
/// When the database fails.
pub async fn horizon(service: &Service) -> Result<Option<i64>> {
    if service.database.backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let ask = Statement::from_string(DbBackend::Postgres, "SELECT orlo_event_horizon()");
    let row = service.reader().query_one_raw(ask).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the horizon of events is missing".to_owned()))?;
    Ok(Some(row.try_get_by_index(0)?))
}
