//! What runs on one platform.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::data::{Instant, Package, Status};

/// The two deployments of each package that finished last, the last one first.
#[derive(Default)]
pub struct Running(BTreeMap<String, Vec<(Instant, String)>>);

impl Running {
    pub fn add(&mut self, package: &Package) {
        let (Status::Successful, Some(at)) = (package.status, package.finished_at) else {
            return;
        };
        if !self.0.contains_key(&package.name) {
            self.0.insert(package.name.clone(), Vec::new());
        }
        if let Some(last) = self.0.get_mut(&package.name) {
            let place = last.partition_point(|(other, _)| *other > at);
            if place < 2 {
                last.insert(place, (at, package.version.clone()));
                last.truncate(2);
            }
        }
    }

    /// As `currentVersions` has it.
    pub fn answer(&self) -> Value {
        let row = |(package, last): (&String, &Vec<(Instant, String)>)| {
            json!({
                "package": package,
                "version": last[0].1,
                "deployedAt": last[0].0,
                "previousVersion": last.get(1).map(|(_, version)| version),
            })
        };
        self.0.iter().map(row).collect()
    }
}
