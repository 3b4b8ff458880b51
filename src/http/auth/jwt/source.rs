//! Where an issuer's keys come from, and when they are read again.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use entity::Timestamp;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::Mutex;

use super::keys::{Key, KeySet};

/// How long the issuer has for its answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes in a key set at most.
const MAX_BYTES: usize = 1 << 20;
/// After how long keys are read again, so that one that was withdrawn stops working.
const MAX_AGE: TimeDelta = TimeDelta::minutes(10);
/// How often they are read at most: tokens with made-up keys must not flood the issuer.
const PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Why keys cannot be had from where they were said to be.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// They came over an open line, on which others could put keys of their own.
    #[error("keys must come from a file, over https, or from this machine")]
    Insecure,
    /// The file cannot be read.
    #[error("cannot read the keys: {0}")]
    Unreadable(String),
    /// The part that speaks HTTP cannot be started.
    #[error("cannot ask for the keys: {0}")]
    Client(#[from] reqwest::Error),
}

/// The keys of an issuer, kept fresh.
#[derive(Debug)]
pub struct KeySource {
    place: Place,
    known: RwLock<Known>,
    /// When they were last asked for; held while asking, so that one asks for all.
    asked: Mutex<Timestamp>,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Url(Client, Url),
}

#[derive(Clone, Debug)]
struct Known {
    keys: KeySet,
    read_at: Option<Timestamp>,
}

impl KeySource {
    /// Reads the keys in the file or at the URL `place` for the first time.
    ///
    /// # Errors
    /// When the URL is not to be trusted, or the file cannot be read. An issuer that does not
    /// answer is asked again when its keys are needed.
    pub async fn open(place: &str, now: Timestamp) -> Result<Self, OpenError> {
        let place = match Url::parse(place) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                if url.scheme() == "http" && !is_this_machine(&url) {
                    return Err(OpenError::Insecure);
                }
                Place::Url(client()?, url)
            }
            _ => Place::File(PathBuf::from(place)),
        };
        let (keys, read_at) = match place.read().await {
            Ok(keys) => (keys, Some(now)),
            Err(reason) if matches!(place, Place::File(_)) => {
                return Err(OpenError::Unreadable(reason));
            }
            Err(reason) => {
                tracing::warn!(%reason, "the keys for JSON Web Tokens cannot be had yet");
                (KeySet::default(), None)
            }
        };
        Ok(Self {
            place,
            known: RwLock::new(Known { keys, read_at }),
            asked: Mutex::new(now),
        })
    }

    /// The key of this id. Keys that are old, or among which it is not, are read again first.
    pub async fn find(&self, id: Option<&str>, now: Timestamp) -> Option<Arc<Key>> {
        if let Some(key) = self.find_fresh(id, now) {
            return Some(key);
        }
        let mut asked = self.asked.lock().await;
        // Another request may have asked meanwhile.
        if let Some(key) = self.find_fresh(id, now) {
            return Some(key);
        }
        if now.0 - asked.0 >= PAUSE {
            *asked = now;
            match self.place.read().await {
                Ok(keys) => {
                    let read_at = Some(now);
                    let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                    *known = Known { keys, read_at };
                }
                Err(reason) => {
                    tracing::warn!(%reason, "the keys for JSON Web Tokens cannot be read again");
                }
            }
        }
        self.known().keys.find(id)
    }

    fn find_fresh(&self, id: Option<&str>, now: Timestamp) -> Option<Arc<Key>> {
        let Known { keys, read_at } = self.known();
        let is_fresh = read_at.is_some_and(|read_at| now.0 - read_at.0 < MAX_AGE);
        if is_fresh { keys.find(id) } else { None }
    }

    fn known(&self) -> Known {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}

impl Place {
    async fn read(&self) -> Result<KeySet, String> {
        let text = match self {
            Self::File(path) => tokio::fs::read(path)
                .await
                .map_err(|error| format!("{}: {error}", path.display()))?,
            Self::Url(client, url) => {
                let fetched = fetch(client, url).await;
                fetched.map_err(|reason| format!("{url}: {reason}"))?
            }
        };
        KeySet::parse(&text)
    }
}

async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let said = |error: reqwest::Error| error.without_url().to_string();
    let response = client.get(url.clone()).send().await.map_err(said)?;
    let mut response = response.error_for_status().map_err(said)?;
    let mut text = Vec::new();
    while let Some(part) = response.chunk().await.map_err(said)? {
        if text.len() + part.len() > MAX_BYTES {
            return Err(format!("more than {MAX_BYTES} bytes"));
        }
        text.extend_from_slice(&part);
    }
    Ok(text)
}

fn client() -> Result<Client, OpenError> {
    // Only the first call counts, and each asks for the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder()
        .timeout(TIMEOUT)
        // A redirection could lead from https to an open line.
        .redirect(Policy::none())
        .user_agent(concat!("orlo/", env!("CARGO_PKG_VERSION")));
    Ok(client.build()?)
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
