use sea_orm::entity::prelude::*;

/// How far a deployment has come. Stored as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeployStatus {
    /// Announced, nothing has happened yet.
    #[sea_orm(string_value = "NOT_STARTED")]
    NotStarted,
    /// Under way.
    #[sea_orm(string_value = "IN_PROGRESS")]
    InProgress,
    /// Ended well.
    #[sea_orm(string_value = "SUCCESSFUL")]
    Successful,
    /// Ended badly.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

impl DeployStatus {
    /// Whether the deployment is over, for better or worse.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Successful | Self::Failed)
    }
}
