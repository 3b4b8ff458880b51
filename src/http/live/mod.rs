//! Answers that come while things happen: GraphQL over WebSocket and over server-sent events.

mod caller;
mod events;
mod execute;
mod operations;
mod origin;
mod protocol;
mod socket;

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::events::stream;
pub use self::socket::connect;

/// When what happens on connections that stay.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// After how long without anything to tell a sign of life is sent.
    pub keep_alive: Duration,
    /// How long a client may take for its `connection_init`.
    pub init: Duration,
    /// How long a client may take to take something in. Who asks for events and does not read them is
    /// cut off.
    pub send: Duration,
    /// How often it is looked up whether the key of a JSON Web Token that a client has shown was
    /// withdrawn.
    pub recheck: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            keep_alive: Duration::from_secs(15),
            init: Duration::from_secs(10),
            send: Duration::from_secs(30),
            recheck: Duration::from_mins(1),
        }
    }
}

/// What connections that stay have in common.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// When what happens on them.
    pub timing: Timing,
    stop: CancellationToken,
    sockets: TaskTracker,
}

impl Live {
    /// Connections that end when `stop` is cancelled.
    #[must_use]
    pub fn until(stop: CancellationToken) -> Self {
        Self {
            stop,
            ..Self::default()
        }
    }

    /// Waits until all sockets are closed, which they are soon after the stop.
    pub async fn ended(&self) {
        self.sockets.close();
        self.sockets.wait().await;
    }
}
