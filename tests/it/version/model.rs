//! Random histories, and what a slow reading of the definition makes of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{delete, everything};
use crate::app::{TestApp, on_both_databases};
use crate::builders::release;

on_both_databases!(random_histories_run_what_the_definition_says);

const HISTORIES: u64 = 4;
const RELEASES: usize = 30;
const MINUTES: u64 = 40;

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A package as the model knows it.
#[derive(Clone)]
struct Deployed {
    name: String,
    platform: Option<String>,
    version: Option<String>,
    successful: bool,
    release_successful: bool,
    place: (String, Option<String>, String),
}

fn minute(minute: u64) -> String {
    format!("2026-02-01T00:{minute:02}:00.000Z")
}

/// The input of a release of which anything may be missing.
fn invent(numbers: &mut Numbers) -> Value {
    let time = |numbers: &mut Numbers| match numbers.below(3) {
        0 => Value::Null,
        _ => minute(numbers.below(MINUTES)).into(),
    };
    let mut platforms = Vec::new();
    for platform in ["eu", "us", "x"] {
        if numbers.chance(40) {
            platforms.push(platform);
        }
    }
    let mut packages = Vec::new();
    for name in ["api", "db", "web"] {
        if numbers.chance(50) {
            let statuses = ["SUCCESSFUL", "SUCCESSFUL", "FAILED", "NOT_STARTED"];
            let place = usize::try_from(numbers.below(4)).unwrap();
            packages.push(json!({
                "name": name,
                "version": (!numbers.chance(15)).then(|| format!("v{}", numbers.below(4))),
                "status": statuses[place],
                "startedAt": time(numbers),
                "finishedAt": time(numbers),
            }));
        }
    }
    json!({
        "platforms": platforms,
        "packages": packages,
        "startedAt": time(numbers),
        "finishedAt": time(numbers),
    })
}

/// What the model knows of a release that was recorded.
async fn learn(app: &TestApp, id: &Value) -> Vec<Deployed> {
    let query = "query ($id: ID!) { release(by: { id: $id }) { status platformNames packages {
        id name version status effectiveAt startedAt } } }";
    let data = app.query(query, json!({"id": id})).await;
    let release = &data["release"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut platforms: Vec<Option<String>> = Vec::new();
    platforms.extend(
        release["platformNames"]
            .as_array()
            .unwrap()
            .iter()
            .map(text),
    );
    if platforms.is_empty() {
        platforms.push(None);
    }
    let packages = release["packages"].as_array().unwrap();
    let deployed = packages.iter().flat_map(|package| {
        let place = (
            text(&package["effectiveAt"]).unwrap(),
            text(&package["startedAt"]),
            text(&package["id"]).unwrap(),
        );
        let on = |platform: &Option<String>| Deployed {
            name: text(&package["name"]).unwrap(),
            platform: platform.clone(),
            version: text(&package["version"]),
            successful: package["status"] == "SUCCESSFUL",
            release_successful: release["status"] == "SUCCESSFUL",
            place: place.clone(),
        };
        platforms.iter().map(on).collect::<Vec<_>>()
    });
    deployed.collect()
}

/// What runs at `time`, by the definition; `package platform version<previous`.
fn expected(history: &[Deployed], time: &str, by_release: bool) -> Vec<String> {
    let mut lines: BTreeMap<_, Vec<&Deployed>> = BTreeMap::new();
    for deployed in history {
        let counts = deployed.successful && (deployed.release_successful || !by_release);
        if counts && deployed.place.0.as_str() <= time {
            let platform = deployed.platform.clone();
            let key = (deployed.name.clone(), platform.is_none(), platform);
            lines.entry(key).or_default().push(deployed);
        }
    }
    let text = |version: Option<&String>| version.map_or("-".to_owned(), Clone::clone);
    let current = lines.into_iter().map(|((name, _, platform), mut line)| {
        line.sort_by(|a, b| a.place.cmp(&b.place));
        let last = line.pop().unwrap();
        let previous = line.last().and_then(|it| it.version.as_ref());
        let (platform, version) = (text(platform.as_ref()), text(last.version.as_ref()));
        format!("{name} {platform} {version}<{}", text(previous))
    });
    current.collect()
}

async fn random_histories_run_what_the_definition_says(app: TestApp) {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let mut history = Vec::new();
    for _ in 0..HISTORIES {
        for _ in 0..RELEASES {
            let Value::Object(fields) = invent(&mut numbers) else {
                unreachable!()
            };
            let mut builder = release();
            for (field, value) in fields {
                builder = builder.with(&field, value);
            }
            let stored = builder.record(&app).await;
            if numbers.chance(10) {
                delete(&app, &stored).await;
            } else {
                history.extend(learn(&app, &stored["id"]).await);
            }
        }
        for _ in 0..6 {
            let (time, whole) = (minute(numbers.below(MINUTES)), numbers.chance(50));
            let arguments = format!("(asOf: \"{time}\", byRelease: {whole})");
            let versions = everything(&app, &arguments).await;
            assert_eq!(versions, expected(&history, &time, whole), "{arguments}");
        }
        let all = "9999-12-31";
        let versions = everything(&app, &format!("(asOf: \"{all}\")")).await;
        assert_eq!(versions, expected(&history, all, false));
    }
}
