//! What the figures were measured on.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use crate::process::Build;

/// One line about the machine.
pub fn describe() -> String {
    let cores = available_parallelism().map_or(0, std::num::NonZero::get);
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_default();
    let memory = field("/proc/meminfo", "MemTotal");
    let kilobytes = memory.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let gibibytes = kilobytes.unwrap_or(0).div_ceil(1 << 20);
    format!("{cores} cores of {processor}, {gibibytes} GiB of memory")
}

fn field(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a program says when it is run; nothing when it cannot be.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// The commit of the working directory, with `-dirty` when files differ from it.
pub fn commit() -> String {
    said(
        "git",
        &["describe", "--always", "--dirty", "--exclude", "*"],
    )
}

pub fn version(build: &Build) -> String {
    said(&build.program.to_string_lossy(), &["--version"])
}
