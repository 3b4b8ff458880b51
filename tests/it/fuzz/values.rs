//! Values that are likely to break something.

use serde_json::{Value, json};

use super::choices::Choices;
use super::schema::Known;

/// Texts of every unpleasant kind.
pub const TEXTS: [&str; 30] = [
    "api",
    "web",
    "ann",
    "",
    " ",
    "\t\n",
    "\u{0}",
    "a\u{0}b",
    "\u{feff}",
    "\u{10ffff}\u{301}",
    "İıSSß",
    "%",
    "_\\%",
    "[a-z]*",
    "(",
    "\\",
    "'",
    "'; DROP TABLE release; --",
    "\"",
    "${x}",
    "null",
    "true",
    "-1",
    "1e400",
    "99999999999999999999999999",
    "00000000-0000-0000-0000-000000000000",
    "AAAA",
    "{\"a\":",
    "2026-02-30",
    "Europe/Berlin",
];

const TIMES: [&str; 16] = [
    "2026-03-01T12:00:00Z",
    "2026-03-01",
    "2026-02-01T00:00:00+14:00",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.999-23:59",
    "10000-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "2026-03-29T02:30:00",
    "2026-02-29",
    "0",
    "1772366400",
    "1772366400000",
    "-1",
    "1e3",
    "P1D",
];

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
    "Etc/GMT+12",
    "+02:00",
    "Nowhere/Never",
];

/// A value, in a document or in variables.
#[derive(Clone, Debug)]
pub enum Given {
    Json(Value),
    /// The word of an enum.
    Word(String),
    List(Vec<Given>),
    Object(Vec<(String, Given)>),
}

impl Given {
    /// As it is written in a document.
    pub fn literal(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::literal).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(fields) => {
                let fields = fields.iter();
                let fields: Vec<_> = fields
                    .map(|(name, value)| format!("{name}: {}", value.literal()))
                    .collect();
                format!("{{{}}}", fields.join(", "))
            }
            Self::Json(Value::Array(items)) => {
                let items = items.iter().cloned().map(Self::Json);
                Self::List(items.collect()).literal()
            }
            Self::Json(Value::Object(fields)) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| (name.clone(), Self::Json(value.clone())));
                Self::Object(fields.collect()).literal()
            }
            Self::Json(value) => value.to_string(),
        }
    }

    /// As it is written in variables.
    pub fn json(&self) -> Value {
        match self {
            Self::Json(value) => value.clone(),
            Self::Word(word) => json!(word),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Object(fields) => {
                let fields = fields.iter();
                fields
                    .map(|(name, value)| (name.clone(), value.json()))
                    .collect()
            }
        }
    }
}

/// A value of the scalar `ty` for what is called `name`.
pub fn scalar(ty: &str, name: &str, known: &Known, choices: &mut Choices) -> Given {
    let text = |text: &str| Given::Json(json!(text));
    let known_text = |all: &[String], choices: &mut Choices| text(choices.pick(all).as_str());
    match (ty, name) {
        ("Boolean", _) => Given::Json(json!(choices.once_in(2))),
        ("Int", _) => {
            let numbers = [
                3,
                1,
                0,
                -1,
                2,
                10,
                100,
                1_000,
                1_001,
                i64::from(i32::MAX),
                i64::MIN,
            ];
            Given::Json(json!(choices.pick(&numbers)))
        }
        ("Float", _) => Given::Json(json!(
            choices.pick(&[1.0, 0.0, -0.0, -1.0, 1e308, 1e-308, 0.5])
        )),
        ("DateTime", _) => match choices.below(20) {
            18 => Given::Json(json!(1_772_366_400)),
            19 => Given::Json(json!(i64::MAX)),
            _ => Given::Json(json!(choices.pick(&TIMES))),
        },
        ("ID", _) | (_, "externalId") if !choices.once_in(4) => known_text(&known.ids, choices),
        (_, "after" | "before") if !choices.once_in(4) => known_text(&known.cursors, choices),
        (_, "zone" | "timeZone") => Given::Json(json!(choices.pick(&ZONES))),
        ("JSON", _) => odd(choices),
        _ if choices.once_in(40) => text(&"x".repeat(300)),
        _ => Given::Json(json!(choices.pick(&TEXTS))),
    }
}

/// Anything at all.
pub fn odd(choices: &mut Choices) -> Given {
    let text = *choices.pick(&TEXTS);
    Given::Json(match choices.below(12) {
        0 => json!({"k": text}),
        1 => json!(null),
        2 => json!([]),
        3 => json!({}),
        4 => json!([null, [[]], {}]),
        5 => json!(1.5),
        6 => json!(u64::MAX),
        7 => json!(true),
        8 => json!({"k": {"k": [1, text]}, "l": null, "m": 1e300}),
        9 => return Given::Word("NOTHING".to_owned()),
        10 => json!([text, text]),
        _ => json!(text),
    })
}
