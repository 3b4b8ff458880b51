//! How the documents of a file stand in it.

use std::io::Read as _;

use super::rows;
use crate::service::interchange::read_release;
use crate::service::interchange::stream::{self, Row};
use crate::service::record::ConflictPolicy;

/// The lines on which documents begin, with the user of each or what is wrong with it.
fn users(text: &str) -> Vec<(u64, String)> {
    users_of(rows(text.as_bytes()).unwrap())
}

fn users_of(rows: Vec<Row>) -> Vec<(u64, String)> {
    let user = |row: Row| match row.fields {
        Ok(fields) => {
            let read = read_release(&fields, ConflictPolicy::ReturnExisting).unwrap();
            (row.line, read.release.user.unwrap_or_default())
        }
        Err(message) => (row.line, message),
    };
    rows.into_iter().map(user).collect()
}

fn expected(users: &[(u64, &str)]) -> Vec<(u64, String)> {
    let owned = |(line, user): &(u64, &str)| (*line, (*user).to_owned());
    users.iter().map(owned).collect()
}

#[test]
fn every_layout_is_read_with_its_lines() {
    let two = expected(&[(1, "ann"), (1, "bob")]);
    assert_eq!(users(r#"[{"user":"ann"},{"user":"bob"}]"#), two);
    assert_eq!(
        users(r#"{"releases":[{"user":"ann"},{"user":"bob"}]}"#),
        two
    );
    assert_eq!(
        users("\u{feff}[{\"user\":\"ann\"},{\"user\":\"bob\"}]"),
        two
    );
    assert_eq!(
        users("{\"user\":\"ann\"}\n\n  \r\n{\"user\":\"bob\"}\r\n"),
        expected(&[(1, "ann"), (4, "bob")])
    );
    assert_eq!(
        users("\n[\n {\"user\":\n \"ann\"},\n\n {\"user\":\"bob\"}\n]\n"),
        expected(&[(3, "ann"), (6, "bob")])
    );
    assert_eq!(
        users(
            "{\"count\": 2,\n \"page\": {\"releases\": [1]},\n \"releases\": [\n{\"user\":\"ann\"}],\n \"next\": null}"
        ),
        expected(&[(4, "ann")])
    );
    assert_eq!(
        users("{\n  \"user\": \"ann\",\n  \"packages\": []\n}\n{\n  \"user\": \"bob\"\n}\n"),
        expected(&[(1, "ann"), (5, "bob")])
    );
    assert_eq!(
        users("[{\"user\":\"ann\"}]\n[{\"user\":\"bob\"}]"),
        expected(&[(1, "ann"), (2, "bob")])
    );
    assert_eq!(
        users(
            "\u{feff}{\"user\":\"ann\"}\n[{\"user\":\"bob\"}]\n{\"releases\":{\"user\":\"cid\"}}"
        ),
        expected(&[(1, "ann"), (2, "bob"), (3, "cid")])
    );
    for nothing in [
        "",
        "\n \n",
        "[]",
        "{\"releases\": []}",
        "{\"releases\": null}\n",
    ] {
        assert_eq!(users(nothing), expected(&[]), "{nothing:?}");
    }
}

#[test]
fn a_line_that_is_no_json_harms_no_other() {
    let text =
        "{\"user\":\"ann\"}\noops\n{\"user\":\"bob\"\n{\"user\":\"cid\"} x\n7\n{\"user\":\"dan\"}";
    let found = users(text);
    let lines: Vec<u64> = found.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
    for (_, message) in &found[1..4] {
        assert!(message.starts_with("is not JSON: "), "{message}");
        assert!(message.contains(" at column "), "{message}");
    }
    assert_eq!(found[4].1, "must be a JSON object");
    assert_eq!(found[5].1, "dan");
    let first = users("{\"user\":\"ann\"\n{\"user\":\"bob\"}\n{\"user\":\"cid\"}\n");
    assert!(first[0].1.starts_with("is not JSON"), "{first:?}");
    assert_eq!(first[1..], expected(&[(2, "bob"), (3, "cid")]));
    let rows = rows(b"{\"user\":\"\xff\"}\n{\"user\":\"bob\"}").unwrap();
    assert!(rows[0].fields.is_err());
    assert!(rows[1].fields.is_ok());
}

#[test]
fn what_is_no_object_in_a_list_is_told_and_the_reading_goes_on() {
    let found = users("[1, -1, 2.5, \"x\", null, true, [{}, 2],\n{\"user\":\"ann\"}]");
    assert_eq!(found.len(), 8);
    assert!(
        found[..7]
            .iter()
            .all(|(_, text)| text == "must be a JSON object")
    );
    assert_eq!(found[7], (2, "ann".to_owned()));
}

#[test]
fn broken_json_in_a_list_ends_the_reading_and_says_where() {
    let mut seen = Vec::new();
    let text = "[\n{\"user\":\"ann\"},\n{\"user\":\"bob\" \"team\":1},\n{}]";
    let error = stream::read(text.as_bytes(), &mut |row| {
        seen.push(row.line);
        true
    });
    assert_eq!(seen, [2]);
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("line 3, column "), "{error}");
    for text in ["[{\"user\":\"ann\"}", "[{}] x", "{\"releases\":[{}"] {
        assert!(rows(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn the_reading_ends_when_nobody_wants_more() {
    for text in ["[{},{},{}]", "{}\n{}\n{}", "{\"releases\":[{},{}]} oops"] {
        let mut count = 0;
        stream::read(text.as_bytes(), &mut |_| {
            count += 1;
            false
        })
        .unwrap();
        assert_eq!(count, 1, "{text}");
    }
}

#[test]
fn a_document_that_does_not_end_is_not_held() {
    let long = || {
        let start: &[u8] = b"[{}, {\"user\": \"";
        start.chain(std::io::repeat(b'a'))
    };
    let error = stream::read_within(1_000, long(), &mut |_| true).unwrap_err();
    assert!(
        error.to_string().contains("longer than 1000 bytes"),
        "{error}"
    );
    let line = std::io::repeat(b'a').take(2_500);
    let next: &[u8] = b"\n{\"user\": \"bob\"}\n";
    let mut found = Vec::new();
    stream::read_within(1_000, line.chain(next), &mut |row| {
        found.push(row);
        true
    })
    .unwrap();
    let expected = expected(&[(1, "is longer than 1000 bytes"), (2, "bob")]);
    assert_eq!(users_of(found), expected);
}
