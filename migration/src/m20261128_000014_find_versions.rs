use sea_orm_migration::prelude::*;

use crate::StepResult;
use crate::dialect::{Rows, index};

/// Finds what deployed a version, of one package or of any, and the releases of that in their order.
#[derive(DeriveMigrationName)]
pub struct Migration;

/// As for the releases of a name, with the version before it.
const RELEASES_OF_VERSION: [&str; 6] = [
    "version",
    "name",
    "release_started_at DESC?",
    "release_id DESC",
    "status",
    "deleted_at",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> StepResult {
        let (name, columns) = ("package_version", &RELEASES_OF_VERSION);
        index(manager, "package", name, columns, Rows::Living).await
    }

    async fn down(&self, manager: &SchemaManager) -> StepResult {
        let connection = manager.get_connection();
        let dropped = connection.execute_unprepared("DROP INDEX package_version");
        dropped.await.map(|_| ())
    }
}
