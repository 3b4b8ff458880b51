//! The schema, as the server tells it.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::TestApp;

const INTROSPECTION: &str = "{ __schema { types {
    kind name
    fields(includeDeprecated: true) { name type { ...T } args { name defaultValue type { ...T } } }
    inputFields { name defaultValue type { ...T } }
    enumValues { name } possibleTypes { name }
} } }
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }";

/// All types by their names.
#[derive(Debug)]
pub struct Schema(HashMap<String, Type>);

/// A type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Type {
    pub kind: String,
    pub name: String,
    #[serde(deserialize_with = "or_empty")]
    pub fields: Vec<Field>,
    #[serde(deserialize_with = "or_empty")]
    pub input_fields: Vec<Input>,
    #[serde(deserialize_with = "or_empty")]
    pub enum_values: Vec<Named>,
    #[serde(deserialize_with = "or_empty")]
    pub possible_types: Vec<Named>,
}

/// A field of a type.
#[derive(Debug, Deserialize)]
pub struct Field {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: TypeRef,
    pub args: Vec<Input>,
}

/// An argument, or a field of an input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    pub name: String,
    #[serde(rename = "type")]
    pub ty: TypeRef,
    pub default_value: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Named {
    pub name: String,
}

/// A type where it is used, with what is around it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeRef {
    pub kind: String,
    pub name: Option<String>,
    pub of_type: Option<Box<TypeRef>>,
}

impl TypeRef {
    /// The type inside all lists.
    pub fn inner(&self) -> &str {
        match (&self.of_type, &self.name) {
            (Some(inner), _) => inner.inner(),
            (None, name) => name.as_deref().unwrap(),
        }
    }

    /// As a document names it.
    pub fn text(&self) -> String {
        match (self.kind.as_str(), &self.of_type) {
            ("NON_NULL", Some(inner)) => format!("{}!", inner.text()),
            ("LIST", Some(inner)) => format!("[{}]", inner.text()),
            _ => self.inner().to_owned(),
        }
    }

    pub fn is_required(&self) -> bool {
        self.kind == "NON_NULL"
    }
}

impl Schema {
    /// The schema of `app`.
    pub async fn of(app: &TestApp) -> Self {
        let mut data = app.query(INTROSPECTION, json!({})).await;
        let types: Vec<Type> = serde_json::from_value(data["__schema"]["types"].take()).unwrap();
        let types = types.into_iter().map(|ty| (ty.name.clone(), ty));
        Self(types.collect())
    }

    pub fn get(&self, name: &str) -> &Type {
        &self.0[name]
    }
}

fn or_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    let given = Option::<Vec<T>>::deserialize(deserializer)?;
    Ok(given.unwrap_or_default())
}

impl Type {
    /// Whether fields of it have fields.
    pub fn is_composite(&self) -> bool {
        ["OBJECT", "INTERFACE", "UNION"].contains(&self.kind.as_str())
    }
}

/// Values of what the server knows, for arguments that name something.
#[derive(Debug, Default)]
pub struct Known {
    pub ids: Vec<String>,
    pub cursors: Vec<String>,
}

impl Known {
    /// What can be found with a few questions.
    pub async fn of(app: &TestApp) -> Self {
        let mut known = Self::default();
        for query in [
            "{ releases(first: 3) { edges { cursor node { id externalId } } } }",
            "{ releases(first: 2, orderBy: { field: DURATION }) { edges { cursor } } }",
            "{ packages(first: 3) { edges { cursor node { id externalId } } } }",
            "{ platforms(first: 2) { edges { cursor node { id } } } }",
            "{ events(first: 2) { edges { cursor node { id } } } }",
        ] {
            known.learn(&app.query(query, json!({})).await);
        }
        known
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value.as_str()) {
                        ("id" | "externalId", Some(id)) => self.ids.push(id.to_owned()),
                        ("cursor", Some(cursor)) => self.cursors.push(cursor.to_owned()),
                        _ => self.learn(value),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            _ => {}
        }
    }
}
