use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// Derived: a package that was deployed successfully to one platform. All rows with the same
/// platform and name are a *line*, ordered by effect, start and package. In the database these
/// five columns are the primary key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deployment")]
pub struct Model {
    /// The nil UUID when the release names no platform.
    #[sea_orm(primary_key, auto_increment = false)]
    pub platform_id: Uuid,
    pub name: String,
    pub effective_at: Timestamp,
    /// Unix milliseconds; -1, before all others, when nobody knows.
    pub started_at: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub package_id: Uuid,
    pub release_id: Uuid,
    pub version: Option<String>,
    #[sea_orm(belongs_to, from = "package_id", to = "id")]
    pub package: BelongsTo<super::package::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
