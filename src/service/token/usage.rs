//! When tokens were last used. Requests note it in memory; it is written down now and then, all
//! tokens in one statement.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use entity::{Timestamp, token};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::service::{Result, Service};

/// Tokens in one statement at most: databases limit its parameters.
const AT_ONCE: usize = 1_000;

/// What was used since it was last written down.
#[derive(Debug, Default)]
pub struct Usage(Mutex<HashMap<Uuid, Timestamp>>);

impl Usage {
    /// Notes that a token was used.
    pub fn note(&self, token: Uuid, at: Timestamp) {
        let mut noted = self.noted();
        let last = noted.entry(token).or_insert(at);
        if last.0 < at.0 {
            *last = at;
        }
    }

    /// Writes down what was noted. What could not be written is kept for the next time.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn flush(&self, service: &Service) -> Result<()> {
        let noted: Vec<_> = std::mem::take(&mut *self.noted()).into_iter().collect();
        for (index, part) in noted.chunks(AT_ONCE).enumerate() {
            if let Err(error) = write(service, part).await {
                for (token, at) in &noted[index * AT_ONCE..] {
                    self.note(*token, *at);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Nothing panics while it is held, so what it holds is always whole.
    fn noted(&self) -> MutexGuard<'_, HashMap<Uuid, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(service: &Service, uses: &[(Uuid, Timestamp)]) -> Result<()> {
    let known = Expr::col(token::Column::LastUsedAt);
    let mut last = CaseStatement::new().finally(known.clone());
    for (id, at) in uses {
        // Another process may know of a later use.
        let is_news = known.clone().is_null().or(known.clone().lt(*at));
        last = last.case(token::Column::Id.eq(*id).and(is_news), *at);
    }
    token::Entity::update_many()
        .col_expr(token::Column::LastUsedAt, last.into())
        .filter(token::Column::Id.is_in(uses.iter().map(|(id, _)| *id)))
        .exec(service.database.writer())
        .await?;
    Ok(())
}
