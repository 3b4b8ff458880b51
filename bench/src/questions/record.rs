//! The request that writes.

use serde_json::json;

use super::{Question, UNIQUE};
use crate::data::{PLATFORMS, TEAMS};

const RECORD: &str = "mutation M1($input: RecordReleaseInput!) {
  recordRelease(input: $input) {
    ok created userErrors { message } warnings { code }
    release { id status packages { id name version status } }
  }
}";

/// Whether questions of this name write.
pub fn is_recording(code: &str) -> bool {
    code.starts_with('M')
}

pub fn record() -> Question {
    let title = "recordRelease with 2 packages, 2 platforms and a note";
    let mut question = Question::new("M1", title);
    for (place, team) in TEAMS.iter().enumerate() {
        let packages = json!([
            { "name": format!("{team}-api"), "version": format!("1.{place}.0") },
            { "name": format!("{team}-web"), "version": format!("2.{place}.0") },
        ]);
        let input = json!({
            "externalId": format!("bench-{place}-{UNIQUE}"),
            "user": "bench",
            "team": team,
            "platforms": [PLATFORMS[place % 6], PLATFORMS[6 + place % 6]],
            "notes": "Recorded by the benchmark.",
            "durationSeconds": 90,
            "packages": packages,
        });
        let expected = json!({ "recordRelease": {
            "ok": true, "created": true, "userErrors": [],
            "release": { "status": "SUCCESSFUL", "packages": packages },
        } });
        question.case(RECORD, &json!({ "input": input }), expected);
    }
    question
}
