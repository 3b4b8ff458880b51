//! Opening the database for a command, with its tables up to date.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use entity::deferred_index;
use migration::{Migrator, MigratorTrait, SchemaManager};
use sea_orm::{ConnectionTrait, DbBackend, EntityName, TransactionTrait};

use crate::config::DatabaseArgs;
use crate::service::Database;

/// Any number that no other program takes as the key of an advisory lock on the same database.
const MIGRATION_LOCK: i64 = 0x006f_726c_6f00_0001;

/// Opens the database and brings its tables up to date.
///
/// # Errors
/// When it cannot be reached, or was made by a newer Orlo.
pub async fn open(args: &DatabaseArgs) -> anyhow::Result<Database> {
    let database = connect(args).await?;
    migrate(&database).await?;
    Ok(database)
}

/// Builds the indexes that an import has left behind, where there may be some.
///
/// # Errors
/// When the database fails.
pub async fn build_indexes(database: &Database) -> anyhow::Result<()> {
    let manager = SchemaManager::new(database.writer());
    if manager
        .has_table(deferred_index::Entity.table_name())
        .await?
    {
        let built = database.build_indexes().await;
        built.context("cannot build the indexes that an import has left behind")?;
    }
    Ok(())
}

/// Opens a database that must be there, and brings its tables up to date. Opening an SQLite file
/// otherwise creates it, and what is not there must not look like what is empty.
///
/// # Errors
/// When there is no such database, and as [`open`].
pub async fn open_existing(args: &DatabaseArgs) -> anyhow::Result<Database> {
    let path = args.database_url.as_str().strip_prefix("sqlite:");
    let path = path.unwrap_or_default().trim_start_matches("//");
    let path = path.split('?').next().unwrap_or_default();
    // A path with escaped characters is left to the driver.
    let is_plain = !path.is_empty() && path != ":memory:" && !path.contains('%');
    if is_plain && !Path::new(path).exists() {
        bail!("there is no database {path}");
    }
    open(args).await
}

/// Opens the database as it is.
///
/// # Errors
/// When it cannot be reached.
pub async fn connect(args: &DatabaseArgs) -> anyhow::Result<Database> {
    let kind = if args.database_url.is_sqlite() {
        "cannot open the SQLite database"
    } else {
        "cannot connect to the database"
    };
    let database = Database::connect(&args.options()).await;
    database.map_err(|error| anyhow!("{kind}: {}", reason(&error)))
}

/// What is at the bottom of an error: the layers above only repeat it.
fn reason(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), reason)
}

/// Brings the tables up to date. Of several processes that start at the same moment one does so,
/// the others wait for it.
///
/// # Errors
/// When the database fails, or was made by a newer Orlo.
pub async fn migrate(database: &Database) -> anyhow::Result<()> {
    let writer = database.writer();
    if database.backend() != DbBackend::Postgres {
        return run_steps(database).await;
    }
    let lock = writer.begin().await?;
    lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        .await?;
    run_steps(database).await?;
    lock.commit().await?;
    Ok(())
}

async fn run_steps(database: &Database) -> anyhow::Result<()> {
    let writer = database.writer();
    Migrator::install(writer)
        .await
        .context("cannot prepare the database")?;
    let known: Vec<String> = Migrator::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    let applied = Migrator::get_migration_models(writer).await?;
    if let Some(newer) = applied.iter().find(|step| !known.contains(&step.version)) {
        bail!(
            "the database was migrated by a newer Orlo (step {}); run that version, or restore a backup",
            newer.version
        );
    }
    if applied.len() < known.len() {
        // They expect the indexes of the steps before.
        build_indexes(database).await?;
    }
    Migrator::up(writer, None)
        .await
        .context("cannot bring the database up to date")
}
