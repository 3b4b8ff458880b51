//! `orlo serve`: serves GraphQL over HTTP until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::database;
use crate::config::{DatabaseArgs, LimitArgs, ServerArgs};
use crate::http::{AppState, router};
use crate::service::Service;
use crate::service::clock::SystemClock;
use crate::shutdown;

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let stop = shutdown::on_signal()?;
    let bind = options.server.bind;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("cannot listen on {bind}"))?;
    let database = database::open(&options.database).await?;
    let service = Service::new(
        database.clone(),
        options.limits.settings(),
        Arc::new(SystemClock),
    );
    let state = AppState::new(service).with_max_body_bytes(options.server.max_body_bytes);
    let address = listener.local_addr()?;
    tracing::info!(%address, "Orlo is ready: GraphiQL is at http://{address}/graphiql");
    let server = axum::serve(listener, router(state))
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    let limit = async {
        stop.cancelled().await;
        tokio::time::sleep(options.server.shutdown_timeout).await;
    };
    tokio::select! {
        ended = server => ended.context("the server failed")?,
        () = limit => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    // Not waited for without bound: a request that was cut off may hold a connection.
    let _ = tokio::time::timeout(options.database.database_timeout, database.close()).await;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
