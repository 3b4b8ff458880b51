//! The steps that build Orlo's tables, oldest first. A step that has been released is never
//! changed; what comes later is a new step, written so that the release before it still runs.

use sea_orm_migration::prelude::{DbErr, MigrationTrait};
pub use sea_orm_migration::prelude::{MigratorTrait, SchemaManager};

mod dialect;
mod m20261122_000001_create_releases;
mod m20261122_000002_create_packages;
mod m20261122_000003_create_failures;
mod m20261122_000004_create_events;
mod m20261122_000005_create_tokens;
mod m20261122_000006_order_events;
mod m20261127_000007_widen_indexes;
mod m20261127_000008_tally_releases;
mod m20261127_000009_know_the_start;
mod m20261127_000010_lead_to_releases;
mod m20261127_000011_total_releases;
mod m20261127_000012_defer_indexes;
mod m20261127_000013_shorten_creations;
mod m20261128_000014_find_versions;

/// Runs the steps that a database lacks, in order.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_create_releases::Migration),
            Box::new(m20261122_000002_create_packages::Migration),
            Box::new(m20261122_000003_create_failures::Migration),
            Box::new(m20261122_000004_create_events::Migration),
            Box::new(m20261122_000005_create_tokens::Migration),
            Box::new(m20261122_000006_order_events::Migration),
            Box::new(m20261127_000007_widen_indexes::Migration),
            Box::new(m20261127_000008_tally_releases::Migration),
            Box::new(m20261127_000009_know_the_start::Migration),
            Box::new(m20261127_000010_lead_to_releases::Migration),
            Box::new(m20261127_000011_total_releases::Migration),
            Box::new(m20261127_000012_defer_indexes::Migration),
            Box::new(m20261127_000013_shorten_creations::Migration),
            Box::new(m20261128_000014_find_versions::Migration),
        ]
    }
}

/// What a step, or a part of one, ends with.
type StepResult = Result<(), DbErr>;
