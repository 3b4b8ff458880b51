//! Telling apart who wrote a document.

use entity::Timestamp;

use super::place::Place;

/// Only orlo 0.4 says these, of a release or a package.
const ORLO_KEYS: &[&str] = &["stime", "ftime", "diff_url"];
/// Only Orlo says these, of a release or a package.
const OWN_KEYS: &[&str] = &[
    "externalId",
    "startedAt",
    "finishedAt",
    "durationSeconds",
    "createdAt",
    "updatedAt",
    "onConflict",
    "platformNames",
    "inferredFields",
    "diffUrl",
    "commitSha",
    "committedAt",
];
/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// Who wrote a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `orlo export`.
    Export,
    /// A caller of Orlo, or nobody in particular.
    Own,
    /// orlo 0.4, or a caller of it.
    Orlo,
}

impl Form {
    /// Recognises the form: by what only one of them says, else by an `id`, which callers of Orlo
    /// do not make up.
    pub fn of(release: &Place<'_>, packages: &[Place<'_>]) -> Self {
        let says = |keys| {
            let mut packages = packages.iter();
            release.object.has_any(keys) || packages.any(|package| package.object.has_any(keys))
        };
        let has_id = release.object.get("id").is_some();
        if says(ORLO_KEYS) || (has_id && !says(OWN_KEYS)) {
            Self::Orlo
        } else {
            Self::Own
        }
    }

    /// What the caller's own key is called. The ids of orlo 0.4 are such keys, so that the same
    /// file may come twice.
    pub const fn key_names(self) -> &'static [&'static str] {
        match self {
            Self::Orlo => &["externalId", "external_id", "id"],
            Self::Own | Self::Export => &["externalId", "external_id"],
        }
    }

    /// Drops the duration that orlo 0.4 wrote beside both times: it is their difference without
    /// whole days, and so says nothing more and may seem to contradict them.
    #[expect(
        clippy::cast_precision_loss,
        reason = "times within some thousand years are exact in milliseconds"
    )]
    pub fn correct_duration(
        self,
        started_at: Option<Timestamp>,
        finished_at: Option<Timestamp>,
        seconds: &mut Option<f64>,
    ) {
        let (Self::Orlo, Some(start), Some(finish), Some(told)) =
            (self, started_at, finished_at, *seconds)
        else {
            return;
        };
        let elapsed = (finish.0 - start.0).num_milliseconds() as f64 / 1_000.0;
        let apart = (elapsed - told).rem_euclid(DAY);
        if apart <= 1.0 || apart >= DAY - 1.0 {
            *seconds = None;
        }
    }
}
