//! Which stored packages those of an input are, and what the input changes about them. Nothing here
//! touches the database.

use std::collections::{HashMap, HashSet};

use entity::{DeployStatus, package};

use super::input::CheckedPackage;
use crate::service::derive;
use crate::service::history::set_inferred;

/// For each given package the place of the stored one that it is: by external id, else by name and
/// version. None where it is new. No stored package is taken for two given ones.
pub(crate) fn matches(stored: &[package::Model], given: &[CheckedPackage]) -> Vec<Option<usize>> {
    let mut by_key = HashMap::new();
    let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, package) in stored.iter().enumerate() {
        if let Some(key) = &package.external_id {
            by_key.insert(key, index);
        }
        let name = (&package.name, &package.version);
        by_name.entry(name).or_default().push(index);
    }
    let key_of = |package: &CheckedPackage| by_key.get(package.external_id.as_ref()?).copied();
    let mut matches: Vec<Option<usize>> = given.iter().map(key_of).collect();
    let mut taken: HashSet<usize> = matches.iter().flatten().copied().collect();
    for (package, found) in given.iter().zip(&mut matches) {
        if found.is_some() {
            continue;
        }
        let namesakes = by_name.get(&(&package.name, &package.version));
        // Two different keys are two different packages.
        let fits = |index: &&usize| {
            let is_keyed = stored[**index].external_id.is_some() && package.external_id.is_some();
            !is_keyed && !taken.contains(*index)
        };
        *found = namesakes.into_iter().flatten().find(fits).copied();
        taken.extend(*found);
    }
    matches
}

/// Whether a given package says anything that the stored one does not. `outcome` is what was told
/// for the release as a whole.
pub(crate) fn differs(
    stored: &package::Model,
    given: &CheckedPackage,
    outcome: Option<bool>,
) -> bool {
    let mut updated = stored.clone();
    replace(&mut updated, given, outcome);
    updated != *stored
}

/// Replaces what is given. `outcome` is what was told for the release as a whole.
pub(crate) fn replace(package: &mut package::Model, given: &CheckedPackage, outcome: Option<bool>) {
    package.name.clone_from(&given.name);
    replace_some(&mut package.version, given.version.as_ref());
    replace_some(&mut package.external_id, given.external_id.as_ref());
    replace_some(&mut package.diff_url, given.diff_url.as_ref());
    replace_some(&mut package.commit_sha, given.commit_sha.as_ref());
    replace_some(&mut package.committed_at, given.committed_at.as_ref());
    replace_some(&mut package.started_at, given.started_at.as_ref());
    replace_some(&mut package.finished_at, given.finished_at.as_ref());
    if let Some(rollback) = given.rollback {
        package.rollback = rollback;
        package.rollback_told = true;
    }
    if given.finished_at.is_some() {
        set_inferred(&mut package.inferred_fields, "finishedAt", false);
    }
    if given.status.is_some() {
        set_inferred(&mut package.inferred_fields, "status", false);
    }
    let status = given
        .status
        .or_else(|| told_status(package, given, outcome));
    package.status = status.unwrap_or(package.status);
}

/// The status that times and outcome tell, where the status itself is not given.
fn told_status(
    package: &package::Model,
    given: &CheckedPackage,
    outcome: Option<bool>,
) -> Option<DeployStatus> {
    if outcome.is_some() {
        return outcome.map(derive::outcome);
    }
    if given.finished_at.is_some() && !package.status.is_finished() {
        return Some(DeployStatus::Successful);
    }
    let is_start = given.started_at.is_some() && package.status == DeployStatus::NotStarted;
    is_start.then_some(DeployStatus::InProgress)
}

/// Replaces a value that may be missing by one that is given.
pub(super) fn replace_some<T: Clone>(stored: &mut Option<T>, given: Option<&T>) {
    if let Some(given) = given {
        *stored = Some(given.clone());
    }
}
