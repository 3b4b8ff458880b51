//! Texts and lists: what is kept, what is dropped and what is refused.

use serde_json::{Value, json};

use super::{at, call, done, invariants, key, places, refused, row_counts};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    every_text_is_stored_and_returned_as_it_is,
    surrounding_blanks_are_cut_off,
    blank_entries_of_lists_are_dropped,
    a_value_given_twice_is_kept_once,
    a_package_needs_a_name,
    nul_is_refused_in_every_text,
    all_mistakes_are_told_at_once,
);

const ODD: &str = "O'Neil \"the\" [x] {y} <z> %_\\ \u{1f680}\u{1f469}\u{200d}\u{1f680} \u{202e}rtl 日本 \
                   $1 ; DROP TABLE release; -- \u{7}\u{1b}\u{feff}end";

/// A release with `text` in every place that takes one.
fn everywhere(text: &str) -> Value {
    json!({
        "externalId": text, "user": text, "team": text, "platforms": [text],
        "references": [text], "notes": [text], "metadata": {text: text},
        "packages": [{
            "name": text, "version": text, "externalId": text, "diffUrl": text,
            "commitSha": text, "results": [text],
        }],
    })
}

async fn every_text_is_stored_and_returned_as_it_is(app: TestApp) {
    for mutation in ["createRelease", "recordRelease"] {
        let text = format!("{ODD} {mutation}");
        let release = done(&app, mutation, everywhere(&text)).await["release"].take();
        for field in ["externalId", "user", "team"] {
            assert_eq!(release[field], text, "{field}");
        }
        assert_eq!(release["platformNames"], json!([text]));
        assert_eq!(release["references"], json!([text]));
        assert_eq!(release["notes"][0]["text"], text);
        assert_eq!(release["metadata"], json!({&text: &text}));
        let package = &release["packages"][0];
        for field in ["name", "version", "externalId", "diffUrl", "commitSha"] {
            assert_eq!(package[field], text, "{field}");
        }
        assert_eq!(package["results"]["nodes"], json!([{"content": text}]));

        let input = json!({"release": key(&text), "text": text, "author": text});
        let release = done(&app, "addNote", input).await["release"].take();
        assert_eq!(release["notes"][1], json!({"text": text, "author": text}));
        let name = json!({"inRelease": {"release": key(&text), "name": text, "version": text}});
        let input = json!({"package": name, "success": true, "result": format!("{text}!")});
        let payload = done(&app, "finishPackage", input).await;
        let last = &payload["package"]["results"]["nodes"][1];
        assert_eq!(last["content"], format!("{text}!"));
    }
    invariants::check(&app).await;
}

async fn surrounding_blanks_are_cut_off(app: TestApp) {
    let blank = " \t\r\n\u{a0}\u{3000}text inside\n ";
    let release = done(&app, "createRelease", everywhere(blank)).await["release"].take();
    assert_eq!(release["externalId"], "text inside");
    assert_eq!(release["platformNames"], json!(["text inside"]));
    assert_eq!(release["metadata"], json!({"text inside": "text inside"}));
    let package = &release["packages"][0];
    assert_eq!(package["name"], "text inside");
    assert_eq!(
        package["results"]["nodes"],
        json!([{"content": "text inside"}])
    );
    let blank = done(
        &app,
        "createRelease",
        json!({"externalId": " ", "user": "", "team": "\n"}),
    );
    let release = blank.await["release"].take();
    for field in ["externalId", "user", "team"] {
        assert_eq!(release[field], Value::Null, "{field}");
    }
    invariants::check(&app).await;
}

async fn blank_entries_of_lists_are_dropped(app: TestApp) {
    let input = json!({
        "platforms": ["", "web", " "], "references": ["\t", "SHOP-1"], "notes": ["ok", "\n"],
        "packages": {"name": "api", "version": "1", "results": [" ", "out"]},
    });
    let payload = done(&app, "createRelease", input).await;
    let mut warnings = places(&payload["warnings"]);
    warnings.sort();
    let expected = [
        "notes.1",
        "packages.0.results.0",
        "platforms.0",
        "platforms.2",
        "references.0",
    ];
    assert_eq!(warnings, expected.map(|place| at("BLANK_DROPPED", place)));
    assert_eq!(payload["release"]["platformNames"], json!(["web"]));
    assert_eq!(payload["release"]["references"], json!(["SHOP-1"]));
    assert_eq!(payload["release"]["notes"].as_array().unwrap().len(), 1);
}

async fn a_value_given_twice_is_kept_once(app: TestApp) {
    let input = json!({
        "platforms": ["web", "app", " web ", "Web"], "references": ["S-1", "S-1", "S-2"],
        "notes": ["same", "same"],
    });
    let payload = done(&app, "createRelease", input).await;
    let expected = ["platforms", "references"].map(|place| at("DUPLICATE_DROPPED", place));
    assert_eq!(places(&payload["warnings"]), expected);
    assert_eq!(
        payload["release"]["platformNames"],
        json!(["web", "app", "Web"])
    );
    assert_eq!(payload["release"]["references"], json!(["S-1", "S-2"]));
    assert_eq!(payload["release"]["notes"].as_array().unwrap().len(), 2);
}

async fn a_package_needs_a_name(app: TestApp) {
    for name in ["", " \n"] {
        let packages = json!([{"name": "api", "version": "1"}, {"name": name, "version": "1"}]);
        let refusal = refused(&app, "createRelease", json!({"packages": packages})).await;
        assert_eq!(refusal, at("REQUIRED", "packages.1.name"));
    }
    done(&app, "createRelease", json!({"externalId": "r"})).await;
    let before = row_counts(&app).await;
    let input = json!({"release": key("r"), "package": {"name": " ", "version": "1"}});
    assert_eq!(
        refused(&app, "addPackage", input).await,
        at("REQUIRED", "package.name")
    );
    let input = json!({"release": key("r"), "text": " "});
    assert_eq!(
        refused(&app, "addNote", input).await,
        at("REQUIRED", "text")
    );
    assert_eq!(row_counts(&app).await, before);
}

async fn nul_is_refused_in_every_text(app: TestApp) {
    done(
        &app,
        "createRelease",
        json!({"externalId": "r", "packages": {"name": "p", "version": "1"}}),
    )
    .await;
    let before = row_counts(&app).await;
    for nul in ["a\0b", "\0", " \0 "] {
        let payload = call(&app, "createRelease", everywhere(nul)).await;
        assert_eq!(payload["ok"], false);
        let mistakes = places(&payload["userErrors"]);
        assert!(
            mistakes.iter().all(|(code, _)| code == "INVALID_VALUE"),
            "{mistakes:?}"
        );
        // Every text but metadata is one place, which is a key and a value.
        assert_eq!(mistakes.len(), 14, "{mistakes:?}");
        for (mutation, input) in [
            ("addNote", json!({"release": key("r"), "text": nul})),
            ("finishRelease", json!({"release": key("r"), "note": nul})),
            (
                "setMetadata",
                json!({"release": key("r"), "metadata": {"key": nul}}),
            ),
        ] {
            let (code, _) = refused(&app, mutation, input).await;
            assert_eq!(code, "INVALID_VALUE", "{mutation}");
        }
        // There is no record of that name.
        let input = json!({"release": key(nul)});
        assert_eq!(
            refused(&app, "startRelease", input).await,
            at("NOT_FOUND", "release")
        );
        let query = "query ($key: String) { release(by: { externalId: $key }) { id } }";
        assert_eq!(
            app.query(query, json!({"key": nul})).await["release"],
            Value::Null
        );
    }
    assert_eq!(row_counts(&app).await, before);
}

async fn all_mistakes_are_told_at_once(app: TestApp) {
    let input = json!({
        "user": "x".repeat(256), "platforms": ["ok", "a\0"],
        "packages": [{"name": ""}, {"name": "api", "startedAt": 0, "durationSeconds": -1}],
    });
    let payload = call(&app, "createRelease", input).await;
    let mut mistakes = places(&payload["userErrors"]);
    mistakes.sort();
    assert_eq!(
        mistakes,
        [
            at("INVALID_VALUE", "packages.1.durationSeconds"),
            at("INVALID_VALUE", "platforms.1"),
            at("REQUIRED", "packages.0.name"),
            at("TOO_LONG", "user"),
        ]
    );
    assert_eq!(payload["warnings"], json!([]));
    assert_eq!(row_counts(&app).await, [0; 9]);
}
