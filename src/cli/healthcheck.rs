//! `orlo healthcheck`: asks a running server whether it is ready, for container images.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How long the server has for its answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Which server to ask.
#[derive(Args, Debug)]
pub struct Options {
    /// The address the server listens on
    #[arg(
        long,
        env = "ORLO_BIND",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT"
    )]
    bind: SocketAddr,
}

/// Succeeds when the server is ready.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let address = reachable(options.bind);
    let answer = tokio::time::timeout(TIMEOUT, ask(address)).await;
    let answer = answer.context("the server does not answer")??;
    let status = answer.lines().next().unwrap_or_default();
    if !status.contains(" 200 ") {
        bail!("the server is not ready: {status}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A server that listens on every address is asked on this machine's own.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}

async fn ask(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot reach {address}"))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
