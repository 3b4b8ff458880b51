//! Whether an answer is right.

use serde_json::Value;

/// Everything expected must be there; objects may hold more.
///
/// # Errors
/// Names the first place that differs.
pub fn contains(actual: &Value, expected: &Value) -> Result<(), String> {
    compare(actual, expected).map_err(|difference| format!("data{difference}"))
}

fn compare(actual: &Value, expected: &Value) -> Result<(), String> {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            for (key, expected) in expected {
                let actual = actual.get(key).unwrap_or(&Value::Null);
                compare(actual, expected).map_err(|difference| format!(".{key}{difference}"))?;
            }
            Ok(())
        }
        (Value::Array(actual), Value::Array(expected)) => {
            if actual.len() != expected.len() {
                let (found, wanted) = (actual.len(), expected.len());
                return Err(format!(": {found} elements instead of {wanted}"));
            }
            for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                compare(actual, expected).map_err(|difference| format!(".{index}{difference}"))?;
            }
            Ok(())
        }
        (Value::Number(a), Value::Number(b)) if near(a.as_f64(), b.as_f64()) => Ok(()),
        _ if actual == expected => Ok(()),
        _ => Err(format!(": {actual} instead of {expected}")),
    }
}

/// Sums of floating-point numbers depend on their order.
fn near(a: Option<f64>, b: Option<f64>) -> bool {
    a.zip(b)
        .is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::contains;

    #[test]
    fn answers_may_hold_more_and_nothing_else() {
        let expected = json!({ "a": [{ "b": 1, "c": null }], "d": 0.1 });
        let right = json!({ "a": [{ "b": 1, "c": null, "more": 2 }], "d": 0.1 + 1e-17 });
        assert_eq!(contains(&right, &expected), Ok(()));
        for (wrong, place) in [
            (
                json!({ "a": [], "d": 0.1 }),
                "data.a: 0 elements instead of 1",
            ),
            (
                json!({ "a": [{ "b": 2 }], "d": 0.1 }),
                "data.a.0.b: 2 instead of 1",
            ),
            (json!({ "a": [{ "b": 1 }] }), "data.d: null instead of 0.1"),
            (
                json!({ "a": [{ "b": 1, "c": 3 }] }),
                "data.a.0.c: 3 instead of null",
            ),
        ] {
            assert_eq!(contains(&wrong, &expected), Err(place.to_owned()));
        }
    }
}
