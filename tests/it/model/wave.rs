//! Releases that belong together, as they hardly ever come about one by one: one to two platforms
//! at once, and one to each of these by itself.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::sample::{select, subsequence};

use super::story::{Package, Release, Stage, Time, VERSIONS, maybe, time};

/// How the story goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plot {
    /// What failed on both is mended on each.
    Mended,
    /// What went to both is taken back on each.
    TakenBack,
    /// What went to one comes to both, or stays there.
    Spread,
}

/// When it was, which version, and what was told of a rollback.
type Told = (Time, Option<&'static str>, Option<bool>);

/// A release to two platforms, and one to each of these before or after it.
pub fn wave(stage: &Stage) -> impl Strategy<Value = Vec<Release>> + use<> {
    let two = stage.platforms.len().min(2);
    let platforms = subsequence(stage.platforms.to_vec(), two);
    let plot = select(vec![Plot::Mended, Plot::TakenBack, Plot::Spread]);
    let rollback = option::weighted(0.1, any::<bool>());
    let told = vec((time(&stage.pool), maybe(&VERSIONS), rollback), 1 + two);
    (platforms, select(stage.names), plot, any::<bool>(), told).prop_map(
        |(platforms, name, plot, is_one_version, mut told)| {
            told.sort_by_key(|(time, ..)| *time);
            let version = told[0].1;
            let later = platforms.iter().map(|platform| vec![*platform]);
            let mut places: Vec<_> = std::iter::once(platforms.clone()).chain(later).collect();
            if plot == Plot::Spread {
                places.reverse();
            }
            let releases = places.into_iter().zip(told).enumerate();
            let releases = releases.map(|(number, (platforms, mut told))| {
                if is_one_version {
                    told.1 = version;
                }
                let is_later = number > 0;
                if plot == Plot::TakenBack && is_later {
                    told.2 = told.2.or(Some(true));
                }
                let status = if plot == Plot::Mended && !is_later {
                    "FAILED"
                } else {
                    "SUCCESSFUL"
                };
                release(platforms, name, status, told)
            });
            releases.collect()
        },
    )
}

fn release(
    platforms: Vec<&'static str>,
    name: &'static str,
    status: &'static str,
    (time, version, rollback): Told,
) -> Release {
    Release {
        live: false,
        user: None,
        team: None,
        platforms,
        started: None,
        finished: Some(time),
        success: None,
        packages: vec![Package {
            name,
            version,
            status: Some(status),
            rollback,
            started: None,
            finished: None,
            committed: None,
        }],
    }
}
