//! The binary itself, run as a person runs it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::database::TestDatabase;

/// What a command said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it complained about.
    pub err: String,
}

impl Said {
    /// What it printed, of a command that must have gone well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }
}

/// The binary with these arguments, which does not see the settings of whoever runs the tests.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orlo"));
    command.args(arguments).env_clear().env("ORLO_LOG", "warn");
    command
}

/// Runs the binary to its end with `input` as standard input.
pub fn run(arguments: &[&str], input: &str) -> Said {
    feed(&mut command(arguments), input)
}

/// Runs `command` to its end with `input` as standard input.
pub fn feed(command: &mut Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end without reading everything.
    let writing = thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    said(&output)
}

/// What it said, now that it has ended.
pub fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout.clone()).unwrap(),
        err: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

/// Imports `documents` into the database at `url`.
pub fn import(url: &str, options: &[&str], documents: &str) -> Said {
    let arguments = [&["import", "-", "--database-url", url], options].concat();
    run(&arguments, documents)
}

/// What `orlo export` prints of the database at `url`.
pub fn export(url: &str) -> String {
    run(&["export", "--database-url", url], "").ok()
}

/// A database with what `documents` say, all of which must be accepted.
pub fn imported(into: crate::database::Backend, documents: &str) -> TestDatabase {
    let database = TestDatabase::migrated(into);
    import(database.url(), &[], documents).ok();
    database
}
