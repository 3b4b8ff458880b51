//! Indexes that are built when a first import ends.
//!
//! A row costs an index more the larger the index is, and to sort many rows at once costs little. So an
//! import into an empty database drops the indexes and builds them when it ends. What it dropped stands
//! in the table `deferred_index`; when an import breaks off, a server builds what is left. Meanwhile
//! every question is answered rightly, only more slowly.
//!
//! What is unique stays so all the time. Indexes by release or package stay too: changes look for what
//! hangs on a release, and cost them little, as new ids come after all others.

use std::time::Duration;

use entity::{
    Timestamp, deferred_index, deployment, event, failure, package, package_result, release,
    release_metadata, release_note, release_platform, release_reference,
};
use futures_util::future::join_all;
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityName, EntityTrait,
    FromQueryResult, ModelTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
};

use super::sqlite::WRITING;
use super::{Database, Transaction};
use crate::service::error::Result;
use crate::service::insert::{IfTaken, insert_all};

/// How many indexes PostgreSQL builds at once, where there are connections for them.
const LANES: u32 = 2;

/// For how long an import is taken to be at work, unless it says again that it is.
const KEPT_FOR: Duration = Duration::from_mins(5);

/// How SQLite's writer is set while it builds: it sorts as much at once as its cache may hold, and
/// everything if what is temporary is in memory.
const SORTING: [(&str, &str); 2] = [("cache_size", "-8192"), ("temp_store", "FILE")];

/// The plain indexes of `{tables}`, oldest first, but those by release or package.
const SQLITE: &str = "
    SELECT m.name, m.sql AS definition
    FROM sqlite_schema m
    JOIN pragma_index_list(m.tbl_name) l ON l.name = m.name
    JOIN pragma_index_info(m.name) c ON c.seqno = 0
    WHERE m.type = 'index' AND m.tbl_name IN ({tables}) AND l.origin = 'c' AND NOT l.\"unique\"
        AND coalesce(c.name, '') NOT IN ('release_id', 'package_id')
    ORDER BY m.rowid";

/// The same of PostgreSQL.
const POSTGRES: &str = "
    SELECT i.relname AS name, pg_get_indexdef(x.indexrelid) AS definition
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_attribute c ON c.attrelid = x.indexrelid AND c.attnum = 1
    WHERE n.nspname = current_schema() AND t.relname IN ({tables})
        AND NOT x.indisunique AND c.attname NOT IN ('release_id', 'package_id')
    ORDER BY x.indexrelid";

/// What to do about indexes that others are building.
#[derive(Clone, Copy)]
enum Others {
    Skip,
    Await,
}

#[derive(FromQueryResult)]
struct Index {
    name: String,
    definition: String,
}

impl Database {
    /// Drops the indexes of a database in which nothing has ever been recorded, to be built by
    /// [`Database::build_indexes`]; says whether it has. Does nothing where something was recorded, or
    /// where another import has dropped them. Whoever does so is taken to be at work for some minutes
    /// from `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn defer_indexes(&self, now: Timestamp) -> Result<bool> {
        self.write(|tx| async move { defer(&tx, now).await }).await
    }

    /// Says that whoever dropped indexes is still at work at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_indexes_deferred(&self, now: Timestamp) -> Result<()> {
        deferred_index::Entity::update_many()
            .col_expr(deferred_index::Column::KeptUntil, kept_until(now).into())
            .exec(&self.writer)
            .await?;
        Ok(())
    }

    /// Builds the indexes that were left behind by somebody who is at work no more at `now`.
    ///
    /// # Errors
    /// As [`Database::build_indexes`].
    pub async fn build_left_indexes(&self, now: Timestamp) -> Result<()> {
        let left = deferred_index::Column::KeptUntil.lt(now);
        let left = deferred_index::Entity::find().filter(left);
        if left.count(&self.writer).await? > 0 {
            self.build_indexes().await?;
        }
        Ok(())
    }

    /// Builds the indexes that were dropped and not built again, and waits for those that others are
    /// building; says how many it has built. On SQLite each keeps others from writing while it is built;
    /// on PostgreSQL those that write to its table.
    ///
    /// # Errors
    /// When the database fails. What is not built then is left to the next call.
    pub async fn build_indexes(&self) -> Result<usize> {
        let count = deferred_index::Entity::find().count(&self.writer).await?;
        if count == 0 {
            return Ok(0);
        }
        tracing::info!("{count} indexes are to be built");
        let built = if self.backend() == DbBackend::Postgres {
            self.build_at_once().await
        } else {
            self.build_sorting().await
        };
        Ok(built? + build_all(self, Others::Await).await?)
    }

    async fn build_at_once(&self) -> Result<usize> {
        let pool = self.writer.get_postgres_connection_pool();
        let lanes = LANES.min(pool.options().get_max_connections());
        let lanes = (0..lanes).map(|_| build_all(self, Others::Skip));
        let built = join_all(lanes).await;
        built.into_iter().sum()
    }

    async fn build_sorting(&self) -> Result<usize> {
        let built = match self.set(&SORTING).await {
            Ok(()) => build_all(self, Others::Skip).await,
            Err(error) => Err(error),
        };
        self.set(&WRITING).await?;
        built
    }

    async fn set(&self, settings: &[(&str, &str)]) -> Result<()> {
        for (name, value) in settings {
            let pragma = format!("PRAGMA {name} = {value}");
            self.writer.execute_unprepared(&pragma).await?;
        }
        Ok(())
    }
}

fn kept_until(now: Timestamp) -> Timestamp {
    Timestamp(now.0 + KEPT_FOR)
}

/// The tables that grow with what is recorded.
fn tables() -> [&'static str; 10] {
    [
        release::Entity.table_name(),
        release_platform::Entity.table_name(),
        release_reference::Entity.table_name(),
        release_metadata::Entity.table_name(),
        release_note::Entity.table_name(),
        package::Entity.table_name(),
        package_result::Entity.table_name(),
        deployment::Entity.table_name(),
        failure::Entity.table_name(),
        event::Entity.table_name(),
    ]
}

async fn defer(tx: &DatabaseTransaction, now: Timestamp) -> Result<bool> {
    let has_history = event::Entity::find().one(tx).await?.is_some();
    if has_history || deferred_index::Entity::find().count(tx).await? > 0 {
        return Ok(false);
    }
    let indexes = plain_indexes(tx).await?;
    let rows = (0..)
        .zip(&indexes)
        .map(|(position, index)| deferred_index::Model {
            position,
            name: index.name.clone(),
            definition: index.definition.clone(),
            kept_until: kept_until(now),
        });
    insert_all(tx, rows.collect(), IfTaken::Fail).await?;
    for index in indexes {
        tx.execute_unprepared(&format!("DROP INDEX \"{}\"", index.name))
            .await?;
    }
    Ok(true)
}

async fn plain_indexes(tx: &DatabaseTransaction) -> Result<Vec<Index>> {
    let backend = tx.get_database_backend();
    let text = if backend == DbBackend::Postgres {
        POSTGRES
    } else {
        SQLITE
    };
    let tables = tables().map(|table| format!("'{table}'")).join(", ");
    let statement = Statement::from_string(backend, text.replace("{tables}", &tables));
    Ok(Index::find_by_statement(statement).all(tx).await?)
}

async fn build_all(database: &Database, others: Others) -> Result<usize> {
    let mut built = 0;
    let build = |tx: Transaction| async move { build_next(&tx, others).await };
    while database.write(build).await? {
        built += 1;
    }
    Ok(built)
}

/// Builds an index; says whether there was one.
async fn build_next(tx: &DatabaseTransaction, others: Others) -> Result<bool> {
    let next = deferred_index::Entity::find().order_by_asc(deferred_index::Column::Position);
    let next = match others {
        Others::Skip => next.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked),
        Others::Await => next.lock(LockType::Update),
    };
    let Some(index) = next.one(tx).await? else {
        return Ok(false);
    };
    tracing::debug!(index = index.name, "builds an index");
    if tx.get_database_backend() == DbBackend::Postgres {
        // It takes as long as it takes.
        tx.execute_unprepared("SET LOCAL statement_timeout = 0")
            .await?;
    }
    tx.execute_unprepared(&index.definition).await?;
    index.delete(tx).await?;
    Ok(true)
}
