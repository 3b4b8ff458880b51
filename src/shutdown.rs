//! Stopping: a signal asks the server to finish what it is doing; a limit makes sure that it ends.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by Ctrl-C or SIGTERM. A second signal ends the process at once.
///
/// # Errors
/// When the system does not let signals be caught.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // First, whatever becomes of the log.
        stop.cancel();
        tracing::info!("stopping; what is in flight may finish");
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::warn!("stopped by a second signal");
        std::process::exit(130);
    });
    Ok(token)
}
