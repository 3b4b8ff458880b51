//! `orlo serve`: serves GraphQL over HTTP until it is told to stop.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::database;
use crate::config::{
    AccessArgs, DatabaseArgs, HttpArgs, LimitArgs, OperationArgs, ServerArgs, TraceArgs,
};
use crate::http::auth::Auth;
use crate::http::auth::jwt::Jwt;
use crate::http::metrics::Metrics;
use crate::http::trace::Traces;
use crate::http::{self, AppState, Live, router};
use crate::service::clock::SystemClock;
use crate::service::token::AnonymousAccess;
use crate::service::{Database, Service, tally};
use crate::shutdown;

/// How often it is written down when tokens were last used.
const USAGE_INTERVAL: Duration = Duration::from_mins(1);
/// How often it is looked whether an import has left indexes behind.
const INDEX_INTERVAL: Duration = Duration::from_mins(1);
/// How often the tally is folded.
const TALLY_INTERVAL: Duration = Duration::from_secs(10);

/// How to serve.
#[derive(Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    operations: OperationArgs,
    #[command(flatten)]
    http: HttpArgs,
    #[command(flatten)]
    traces: TraceArgs,
}

/// Serves until Ctrl-C or SIGTERM.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let stop = shutdown::on_signal()?;
    let bind = options.server.bind;
    let anonymous = options.access.anonymous(bind)?;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("cannot listen on {bind}"))?;
    let traces = open_traces(&options.traces)?;
    let metrics = Metrics::default();
    let mut database = open(&options).await?;
    database.on_statement(metrics.on_statement());
    let service = Service::new(
        database.clone(),
        options.limits.settings(),
        Arc::new(SystemClock),
    );
    let live = Live::until(stop.clone());
    let auth = open_auth(&service, anonymous, &options.access).await?;
    let state = AppState::new(service.clone())
        .with_auth(auth.clone())
        .with_live(live.clone())
        .with_limits(options.operations.limits())
        .with_http_limits(options.http.requests())
        .with_origins(options.http.origins())
        .with_document_bytes(options.http.persisted_query_bytes)
        .with_slow_query(options.http.slow_query())
        .with_metrics(metrics)
        .with_traces(traces.clone());
    let jobs = tokio::spawn(jobs(auth.clone(), service, stop.clone()));
    let address = listener.local_addr()?;
    tracing::info!(%address, "Orlo is ready: GraphiQL is at http://{address}/graphiql");
    let connections = options.http.connections();
    let served = async {
        http::serve(listener, router(state), connections, stop.clone()).await;
        // A server does not wait for its sockets.
        live.ended().await;
    };
    let limit = async {
        stop.cancelled().await;
        tokio::time::sleep(options.server.shutdown_timeout).await;
    };
    tokio::select! {
        () = served => {}
        () = limit => tracing::warn!("some requests did not finish in time and were cut off"),
    }
    // Not waited for without bound: a request that was cut off may hold a connection.
    let last = async {
        let _ = jobs.await;
        flush_usage(&auth).await;
        let _ = database.close().await;
    };
    let _ = tokio::time::timeout(options.database.database_timeout, last).await;
    if let Err(error) = traces.close().await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the last traces were lost");
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn open_traces(args: &TraceArgs) -> anyhow::Result<Traces> {
    let Some(options) = args.options()? else {
        return Ok(Traces::default());
    };
    Traces::to(&options).context("cannot send traces")
}

async fn open_auth(
    service: &Service,
    anonymous: AnonymousAccess,
    access: &AccessArgs,
) -> anyhow::Result<Auth> {
    let jwt = match access.jwt() {
        Some(options) => {
            let opened = Jwt::open(options, Arc::clone(&service.clock)).await;
            Some(opened.context("cannot take JSON Web Tokens")?)
        }
        None => None,
    };
    Ok(Auth::with_jwt(service.clone(), anonymous, jwt))
}

/// What is done now and then, until `stop`.
async fn jobs(auth: Auth, service: Service, stop: CancellationToken) {
    let usage = repeat(|| flush_usage(&auth), USAGE_INTERVAL, &stop);
    let tally = repeat(|| fold_tally(&service.database), TALLY_INTERVAL, &stop);
    let indexes = repeat(|| build_indexes(&service), INDEX_INTERVAL, &stop);
    tokio::join!(usage, tally, indexes);
}

async fn repeat<F>(work: impl Fn() -> F, interval: Duration, stop: &CancellationToken)
where
    F: Future<Output = ()>,
{
    let pause = || stop.run_until_cancelled(tokio::time::sleep(interval));
    while pause().await.is_some() {
        work().await;
    }
}

async fn flush_usage(auth: &Auth) {
    if let Err(error) = auth.flush_usage().await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "cannot write down when tokens were last used"
        );
    }
}

async fn fold_tally(database: &Database) {
    if let Err(error) = tally::fold(database).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(
            error,
            "counts of days were not folded, which makes them slower to read"
        );
    }
}

async fn build_indexes(service: &Service) {
    let built = service.database.build_left_indexes(service.now()).await;
    if let Err(error) = built {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(
            error,
            "indexes that an import has left behind were not built, which makes questions slower"
        );
    }
}

/// Opens the database for requests, whose statements have a limit, after it was brought up to date
/// without one.
async fn open(options: &Options) -> anyhow::Result<Database> {
    database::open(&options.database).await?.close().await?;
    let mut database = options.database.options();
    database.statement_timeout = Some(options.http.statement_timeout);
    Ok(Database::connect(&database).await?)
}
