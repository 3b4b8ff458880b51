//! Times that are missing, do not agree or lie ahead.

use serde_json::{Value, json};

use super::{at, done, invariants, places, refused};
use crate::app::{TestApp, on_both_databases};

on_both_databases!(
    a_duration_and_one_end_give_the_other,
    two_times_win_over_a_duration_that_disagrees,
    a_duration_without_any_time_counts_back_from_the_assumed_finish,
    a_duration_of_a_package_without_any_time_is_left_out,
    a_start_alone_leaves_the_finish_unknown,
    a_finish_before_the_start_keeps_both_times,
    a_time_ahead_is_stored_and_remarked_on,
    a_duration_that_is_none_is_refused,
    instants_come_out_in_utc_with_milliseconds,
);

const START: &str = "2026-03-01T10:00:00.000Z";
const FINISH: &str = "2026-03-01T10:00:20.000Z";

/// Records a release with these fields and a package with the same ones; returns the release and
/// the warnings about times.
async fn record(app: &TestApp, fields: Value) -> (Value, Vec<(String, String)>) {
    let mut input = fields.clone();
    input["packages"] = fields;
    input["packages"]["name"] = json!("api");
    input["packages"]["version"] = json!("1");
    let mut payload = done(app, "recordRelease", input).await;
    let warnings = places(&payload["warnings"]);
    (payload["release"].take(), warnings)
}

async fn a_duration_and_one_end_give_the_other(app: TestApp) {
    for fields in [
        json!({"startedAt": START, "durationSeconds": 20}),
        json!({"finishedAt": FINISH, "durationSeconds": 20.0}),
        json!({"finishedAt": 1_772_359_220, "durationSeconds": 20}),
    ] {
        let (release, warnings) = record(&app, fields.clone()).await;
        assert_eq!(warnings, [], "{fields}");
        for record in [&release, &release["packages"][0]] {
            assert_eq!(record["startedAt"], START, "{fields}");
            assert_eq!(record["finishedAt"], FINISH, "{fields}");
            assert_eq!(record["durationSeconds"], 20.0, "{fields}");
        }
        assert_eq!(release["inferredFields"], json!([]));
    }
    invariants::check(&app).await;
}

async fn two_times_win_over_a_duration_that_disagrees(app: TestApp) {
    for (seconds, disagrees) in [
        (json!(20), false),
        (json!(20.9), false),
        (json!(19.1), false),
        (json!(21), true),
        (json!(19), true),
        (json!(0), true),
        (json!(1e300), true),
    ] {
        let fields = json!({"startedAt": START, "finishedAt": FINISH, "durationSeconds": seconds});
        let (release, warnings) = record(&app, fields).await;
        assert_eq!(release["durationSeconds"], 20.0);
        let places = ["durationSeconds", "packages.0.durationSeconds"];
        let expected = places.map(|place| at("TIMES_DISAGREE", place));
        assert_eq!(
            warnings,
            if disagrees { &expected[..] } else { &[] },
            "{seconds}"
        );
    }
    invariants::check(&app).await;
}

async fn a_duration_without_any_time_counts_back_from_the_assumed_finish(app: TestApp) {
    let mut payload = done(&app, "recordRelease", json!({"durationSeconds": 90})).await;
    assert_eq!(
        places(&payload["warnings"]),
        [at("TIME_ASSUMED", "finishedAt")]
    );
    let release = payload["release"].take();
    assert_eq!(release["startedAt"], "2026-03-01T11:58:30.000Z");
    assert_eq!(release["finishedAt"], "2026-03-01T12:00:00.000Z");
    assert_eq!(release["durationSeconds"], 90.0);
    assert_eq!(
        release["inferredFields"],
        json!(["finishedAt", "startedAt"])
    );
    invariants::check(&app).await;
}

async fn a_duration_of_a_package_without_any_time_is_left_out(app: TestApp) {
    let package = json!({"name": "api", "version": "1", "durationSeconds": 20});
    let input = json!({"finishedAt": FINISH, "packages": package});
    let payload = done(&app, "recordRelease", input).await;
    let expected = at("TIMES_DISAGREE", "packages.0.durationSeconds");
    assert_eq!(places(&payload["warnings"]), [expected]);
    assert_eq!(
        payload["release"]["packages"][0]["durationSeconds"],
        Value::Null
    );
    assert_eq!(payload["release"]["packages"][0]["effectiveAt"], FINISH);
}

async fn a_start_alone_leaves_the_finish_unknown(app: TestApp) {
    let (release, warnings) = record(&app, json!({"startedAt": START})).await;
    assert_eq!(warnings, []);
    assert_eq!(release["startedAt"], START);
    assert_eq!(release["finishedAt"], Value::Null);
    assert_eq!(release["durationSeconds"], Value::Null);
    assert_eq!(release["inferredFields"], json!([]));
    assert_eq!(release["status"], "SUCCESSFUL");
}

async fn a_finish_before_the_start_keeps_both_times(app: TestApp) {
    let places = ["finishedAt", "packages.0.finishedAt"];
    let expected = places.map(|place| at("FINISHED_BEFORE_START", place));
    for seconds in [Value::Null, json!(1e300)] {
        let fields = json!({"startedAt": FINISH, "finishedAt": START, "durationSeconds": seconds});
        let (release, mut warnings) = record(&app, fields).await;
        warnings.retain(|(code, _)| code != "TIMES_DISAGREE");
        assert_eq!(warnings, expected);
        for record in [&release, &release["packages"][0]] {
            assert_eq!(record["startedAt"], FINISH);
            assert_eq!(record["finishedAt"], START);
            assert_eq!(record["durationSeconds"], Value::Null);
        }
    }
    let query = "{ releases(filter: { durationSeconds: { isNull: true } }) { totalCount } }";
    assert_eq!(
        app.query(query, json!({})).await["releases"]["totalCount"],
        2
    );
    invariants::check(&app).await;
}

async fn a_time_ahead_is_stored_and_remarked_on(app: TestApp) {
    let near = json!({"startedAt": "2026-03-01T12:05:00Z", "finishedAt": "2026-03-01T12:05:00Z"});
    assert_eq!(record(&app, near).await.1, []);
    let far = json!({"finishedAt": "2027-01-01", "committedAt": null});
    let mut input = far.clone();
    input["packages"] = json!({"name": "api", "version": "1", "committedAt": "2026-12-31"});
    input.as_object_mut().unwrap().remove("committedAt");
    let payload = done(&app, "recordRelease", input).await;
    let expected = ["finishedAt", "packages.0.committedAt"];
    assert_eq!(
        places(&payload["warnings"]),
        expected.map(|place| at("FUTURE_TIMESTAMP", place))
    );
    assert_eq!(payload["release"]["finishedAt"], "2027-01-01T00:00:00.000Z");
    // A finish that is computed may lie ahead as well.
    let computed = json!({"startedAt": START, "durationSeconds": 86_400});
    let places = ["finishedAt", "packages.0.finishedAt"];
    assert_eq!(
        record(&app, computed).await.1,
        places.map(|place| at("FUTURE_TIMESTAMP", place))
    );
    invariants::check(&app).await;
}

async fn a_duration_that_is_none_is_refused(app: TestApp) {
    for seconds in [json!(-1), json!(-0.001), json!(1e300), json!(3e11)] {
        let input = json!({"startedAt": START, "durationSeconds": seconds});
        let refusal = refused(&app, "recordRelease", input).await;
        assert_eq!(refusal, at("INVALID_VALUE", "durationSeconds"), "{seconds}");
    }
    let refusal = refused(&app, "recordRelease", json!({"durationSeconds": -1})).await;
    assert_eq!(refusal, at("INVALID_VALUE", "durationSeconds"));
    let package =
        json!({"name": "api", "version": "1", "finishedAt": START, "durationSeconds": 2e9});
    let refusal = refused(&app, "createRelease", json!({"packages": package})).await;
    assert_eq!(refusal, at("INVALID_VALUE", "packages.0.durationSeconds"));
}

async fn instants_come_out_in_utc_with_milliseconds(app: TestApp) {
    for (given, expected) in [
        (json!("2026-03-01T10:00:00Z"), "2026-03-01T10:00:00.000Z"),
        (
            json!("2026-03-01T10:00:00.123456789Z"),
            "2026-03-01T10:00:00.123Z",
        ),
        (json!("2026-03-01T11:30:00+01:30"), START),
        (json!("2026-03-01"), "2026-03-01T00:00:00.000Z"),
        (json!("2026-03-01T10:00"), START),
        (json!("2026-03-01 10:00:00"), START),
        (json!(1_772_359_200), START),
        (json!("1772359200"), START),
        (json!(1_772_359_200_000_i64), START),
        (json!("1772359200000"), START),
        (
            json!("9999-12-31T23:59:59.999Z"),
            "9999-12-31T23:59:59.999Z",
        ),
        (json!(0), "1970-01-01T00:00:00.000Z"),
    ] {
        let input = json!({"startedAt": given});
        let payload = done(&app, "recordRelease", input).await;
        assert_eq!(payload["release"]["startedAt"], expected, "{given}");
    }
}
