//! Records for tests, made through the API by naming only what matters.

use serde_json::{Map, Value, json};

use crate::app::TestApp;

/// What a recorded release is returned with.
const RECORD: &str = "
    mutation ($input: RecordReleaseInput!) {
        recordRelease(input: $input) {
            ok
            created
            userErrors { code message field }
            warnings { code message field }
            release {
                id externalId user team platformNames references status rollback
                startedAt finishedAt durationSeconds createdAt updatedAt
                packages {
                    id externalId name version status rollback startedAt finishedAt durationSeconds
                }
            }
        }
    }";

/// The input of `recordRelease`; at first empty.
#[derive(Clone, Debug, Default)]
pub struct ReleaseBuilder(Map<String, Value>);

/// Begins a release: `release().user("ann").package("api", "1.0").record(&app).await`.
pub fn release() -> ReleaseBuilder {
    ReleaseBuilder::default()
}

impl ReleaseBuilder {
    pub fn external_id(self, id: &str) -> Self {
        self.with("externalId", id)
    }

    pub fn user(self, name: &str) -> Self {
        self.with("user", name)
    }

    pub fn team(self, name: &str) -> Self {
        self.with("team", name)
    }

    pub fn platforms<const N: usize>(self, names: [&str; N]) -> Self {
        self.with("platforms", names.to_vec())
    }

    pub fn references<const N: usize>(self, references: [&str; N]) -> Self {
        self.with("references", references.to_vec())
    }

    pub fn notes<const N: usize>(self, notes: [&str; N]) -> Self {
        self.with("notes", notes.to_vec())
    }

    pub fn metadata(self, metadata: Value) -> Self {
        self.with("metadata", metadata)
    }

    pub fn started(self, at: &str) -> Self {
        self.with("startedAt", at)
    }

    pub fn finished(self, at: &str) -> Self {
        self.with("finishedAt", at)
    }

    pub fn success(self, success: bool) -> Self {
        self.with("success", success)
    }

    /// Adds a package of which nothing but this is told.
    pub fn package(self, name: &str, version: &str) -> Self {
        self.package_with(json!({"name": name, "version": version}))
    }

    /// Adds a package, given as a `PackageInput`.
    pub fn package_with(mut self, package: Value) -> Self {
        let packages = self.0.entry("packages").or_insert_with(|| json!([]));
        packages.as_array_mut().unwrap().push(package);
        self
    }

    /// Sets any field of the input.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }

    /// The `RecordReleaseInput`.
    pub fn input(self) -> Value {
        Value::Object(self.0)
    }

    /// Records the release, which must be accepted; returns it.
    pub async fn record(self, app: &TestApp) -> Value {
        let mut payload = self.send(app).await;
        assert_eq!(payload["ok"], true, "recordRelease answers {payload:#}");
        payload["release"].take()
    }

    /// Sends the release; returns the payload, which may be a refusal.
    pub async fn send(self, app: &TestApp) -> Value {
        app.mutate(RECORD, json!({"input": self.input()})).await
    }
}
