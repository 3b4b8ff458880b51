//! Questions about the server.

use async_graphql::{Context, Object, Result};

use crate::graphql::context::ContextExt as _;
use crate::graphql::types::ServerInfo;

#[derive(Debug, Default)]
pub struct ServerQuery;

#[Object]
impl ServerQuery {
    /// The server: its version, its clock, its limits, and who you are to it.
    async fn server(&self, ctx: &Context<'_>) -> Result<ServerInfo> {
        let (service, caller) = (ctx.service()?, ctx.caller());
        Ok(ServerInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            time: service.now().into(),
            actor: caller.actor.clone(),
            can_write: caller.can_write(),
            max_page_size: service.settings.max_page_size,
            max_import_size: service.settings.max_import_length,
            stale_after_seconds: service.settings.stale_after.as_secs(),
        })
    }
}
