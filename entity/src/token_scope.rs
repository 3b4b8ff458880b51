use sea_orm::entity::prelude::*;

/// What a token allows, least first: each allows what those before it do. Stored as its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(
    rs_type = "String",
    db_type = "Text",
    rename_all = "SCREAMING_SNAKE_CASE"
)]
pub enum TokenScope {
    /// To ask questions.
    Read,
    /// To record what happens.
    Write,
    /// To correct and delete what was recorded.
    Admin,
}
