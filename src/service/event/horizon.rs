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
    Ok(Some(number(service, ask).await?))
}

/// The sequence number of the last event up to which every one can be seen, as [`horizon`], on both
/// databases; 0 when there is none. It is that of an event that is stored: a number that was drawn
/// for nothing may be drawn anew after the database has crashed.
///
/// # Errors
/// When the database fails.
pub async fn newest(service: &Service) -> Result<i64> {
    let backend = service.database.backend();
    let ask = match horizon(service).await? {
        Some(horizon) => {
            let sql = "SELECT coalesce(max(sequence), 0) FROM event WHERE sequence <= $1";
            Statement::from_sql_and_values(backend, sql, [horizon.into()])
        }
        None => Statement::from_string(backend, "SELECT coalesce(max(sequence), 0) FROM event"),
    };
    number(service, ask).await
}

/// The last sequence number that was handed out, whether its event can be seen or not.
///
/// # Errors
/// When the database fails.
pub async fn last_drawn(service: &Service) -> Result<i64> {
    match service.database.backend() {
        backend @ DbBackend::Postgres => {
            let ask = "SELECT last_value FROM event_sequence_seq";
            number(service, Statement::from_string(backend, ask)).await
        }
        _ => newest(service).await,
    }
}

async fn number(service: &Service, ask: Statement) -> Result<i64> {
    let row = service.reader().query_one_raw(ask).await?;
    let row = row.ok_or_else(|| Error::Corrupt("the end of the events is missing".to_owned()))?;
    Ok(row.try_get_by_index(0)?)
}
