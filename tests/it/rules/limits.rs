//! How long texts and lists may be.

use serde_json::{Value, json};

use super::{at, done, invariants, key, refused, row_counts, stored};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    texts_have_limits,
    lists_have_limits,
    a_release_does_not_grow_beyond_the_limits,
);

/// A text of a release: where it stands, an input that holds it, its limit, and whether that is in
/// characters (rather than bytes).
type Limit = (&'static str, fn(String) -> Value, usize, bool);

fn with_package(field: &str, text: &str) -> Value {
    let mut package = json!({"name": "api", "version": "1"});
    package[field] = json!(text);
    json!({"packages": package})
}

const LIMITS: [Limit; 13] = [
    ("externalId", |text| json!({"externalId": text}), 255, true),
    ("user", |text| json!({"user": text}), 255, true),
    ("team", |text| json!({"team": text}), 255, true),
    ("platforms.0", |text| json!({"platforms": text}), 255, true),
    (
        "references.0",
        |text| json!({"references": text}),
        2_000,
        true,
    ),
    ("notes.0", |text| json!({"notes": text}), 1 << 20, false),
    (
        "metadata.key",
        |text| json!({"metadata": {"key": text}}),
        64 << 10,
        false,
    ),
    (
        "packages.0.name",
        |text| with_package("name", &text),
        255,
        true,
    ),
    (
        "packages.0.version",
        |text| with_package("version", &text),
        255,
        true,
    ),
    (
        "packages.0.externalId",
        |text| with_package("externalId", &text),
        255,
        true,
    ),
    (
        "packages.0.diffUrl",
        |text| with_package("diffUrl", &text),
        2_000,
        true,
    ),
    (
        "packages.0.commitSha",
        |text| with_package("commitSha", &text),
        255,
        true,
    ),
    (
        "packages.0.results.0",
        |text| with_package("results", &text),
        1 << 20,
        false,
    ),
];

async fn texts_have_limits(app: TestApp) {
    for (place, input, limit, in_characters) in LIMITS {
        let letter = if in_characters { "\u{1f680}" } else { "x" };
        done(&app, "createRelease", input(letter.repeat(limit))).await;
        let refusal = refused(&app, "createRelease", input(letter.repeat(limit + 1))).await;
        assert_eq!(refusal, at("TOO_LONG", place));
    }
    let metadata = json!({"metadata": {"k".repeat(256): 1}});
    assert_eq!(refused(&app, "createRelease", metadata).await.0, "TOO_LONG");
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let note = json!({"release": key("r"), "text": "x".repeat((1 << 20) + 1)});
    assert_eq!(refused(&app, "addNote", note).await, at("TOO_LONG", "text"));
}

async fn lists_have_limits(app: TestApp) {
    let texts = |length: usize| {
        (0..length)
            .map(|n| json!(format!("t{n}")))
            .collect::<Value>()
    };
    let packages = |length: usize| -> Value {
        (0..length)
            .map(|n| json!({"name": format!("p{n}"), "version": "1"}))
            .collect()
    };
    let metadata = |length: usize| -> Value {
        (0..length)
            .map(|n| (format!("k{n}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for field in ["platforms", "references", "notes", "metadata", "packages"] {
        let list = |length| match field {
            "packages" => packages(length),
            "metadata" => metadata(length),
            _ => texts(length),
        };
        let refusal = refused(&app, "createRelease", json!({field: list(1_001)})).await;
        assert_eq!(refusal, at("TOO_MANY", field));
    }
    let all = json!({
        "externalId": "r", "platforms": texts(1_000), "references": texts(1_000),
        "notes": texts(1_000), "metadata": metadata(1_000), "packages": packages(1_000),
    });
    let release = done(&app, "recordRelease", all).await["release"].take();
    assert_eq!(release["packageCount"], 1_000);
    assert_eq!(release["platformNames"].as_array().unwrap().len(), 1_000);
    assert_eq!(release["metadata"].as_object().unwrap().len(), 1_000);
    let refusal = refused(&app, "createRelease", json!({"platforms": texts(100_000)})).await;
    assert_eq!(refusal, at("TOO_MANY", "platforms"));
    invariants::check(&app).await;
}

async fn a_release_does_not_grow_beyond_the_limits(app: TestApp) {
    let mut settings = app.service().settings.as_ref().clone();
    settings.max_list_length = 3;
    let app = app.with_settings(settings).await;
    let package = |name: &str| json!({"name": name, "version": "1"});
    let input = json!({
        "externalId": "r", "notes": ["1", "2", "3"], "metadata": {"a": 1, "b": 2, "c": 3},
        "packages": [package("a"), package("b"), package("c")],
    });
    done(&app, "createRelease", input).await;
    let before = row_counts(&app).await;
    let update = |field: &str, value: Value| json!({"externalId": "r", "team": "changed", "onConflict": "UPDATE", field: value});
    for (mutation, input, place) in [
        (
            "addPackage",
            json!({"release": key("r"), "package": package("d")}),
            "package",
        ),
        ("addNote", json!({"release": key("r"), "text": "4"}), "text"),
        (
            "finishRelease",
            json!({"release": key("r"), "note": "4"}),
            "note",
        ),
        (
            "setMetadata",
            json!({"release": key("r"), "metadata": {"d": 4}}),
            "metadata",
        ),
        (
            "createRelease",
            update("packages", json!([package("a"), package("d")])),
            "packages",
        ),
        ("recordRelease", update("notes", json!(["1", "4"])), "notes"),
    ] {
        assert_eq!(
            refused(&app, mutation, input).await,
            at("TOO_MANY", place),
            "{mutation}"
        );
    }
    assert_eq!(row_counts(&app).await, before);
    assert_eq!(stored(&app, "r").await["team"], Value::Null);
    // What is there already does not count twice.
    let known = update(
        "packages",
        json!([package("c"), package("b"), package("a")]),
    );
    done(&app, "createRelease", known).await;
    done(&app, "createRelease", update("notes", json!(["3", "2"]))).await;
    invariants::check(&app).await;
}
