//! Clients that people use, from the npm registry, against Orlo on a socket.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

use crate::app::{TestApp, on_both_databases};

/// Where the scripts and their packages are.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// Starts a script of `tests/clients` with Node.js. Its output can be read; it ends with the test.
pub fn command(script: &str, arguments: &[&str]) -> Command {
    assert!(
        Path::new(DIRECTORY).join("node_modules").is_dir(),
        "the clients are not installed: run `npm ci --prefix tests/clients`, or `make test`"
    );
    let mut command = Command::new("node");
    command
        .current_dir(DIRECTORY)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a script of `tests/clients` to its end, which must be a success.
pub async fn run(script: &str, arguments: &[&str]) -> Output {
    let output = command(script, arguments).output().await;
    let Ok(output) = output else {
        panic!("Node.js is needed: install what Debian calls nodejs and npm");
    };
    assert!(
        output.status.success(),
        "{script} {arguments:?}: {output:?}"
    );
    output
}

on_both_databases!(every_audit_of_graphql_http_passes);

async fn every_audit_of_graphql_http_passes(app: TestApp) {
    let server = app.listen().await;
    let output = run("audit.mjs", &[&server.url("/graphql")]).await;
    let counts = String::from_utf8(output.stdout).unwrap();
    assert!(counts.ends_with("audits pass\n"), "{counts}");
}
