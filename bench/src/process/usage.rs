//! What processes use, as Linux tells in `/proc`.

use std::fs;

/// Milliseconds of one tick of the kernel's clock as `/proc` shows it: the same on every Linux.
const TICK_MILLIS: u64 = 10;

/// The fields of `/proc/ID/stat` that follow the name, from the state (field 3) on.
fn stat(id: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn sum(fields: &[String]) -> u64 {
    fields
        .iter()
        .filter_map(|field| field.parse::<u64>().ok())
        .sum()
}

/// Whether there is such a process, and it has not ended.
pub fn runs(id: u32) -> bool {
    stat(id).is_some_and(|fields| fields[0] != "Z")
}

/// The time that a process has spent computing.
pub fn cpu_millis(id: u32) -> u64 {
    // utime and stime
    TICK_MILLIS * stat(id).map_or(0, |fields| sum(&fields[11..13]))
}

/// The same for a process and all its children, those that have ended among them.
pub fn family_cpu_millis(id: u32) -> u64 {
    // A child that ends between two looks would be counted twice or not at all.
    let mut before = family(id);
    loop {
        let now = family(id);
        if now.0 == before.0 {
            return TICK_MILLIS * now.1;
        }
        before = now;
    }
}

/// The children, and the ticks of all.
fn family(id: u32) -> (Vec<u32>, u64) {
    // utime, stime, cutime and cstime
    let mut ticks = stat(id).map_or(0, |fields| sum(&fields[11..15]));
    let parent = id.to_string();
    let mut children = Vec::new();
    for child in processes() {
        if let Some(fields) = stat(child).filter(|fields| fields[1] == parent) {
            ticks += sum(&fields[11..13]);
            children.push(child);
        }
    }
    (children, ticks)
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Resident memory in bytes: now, and at most so far.
pub fn memory(id: u32) -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let bytes = |key: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kilobytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(1024 * kilobytes)
    };
    Some((bytes("VmRSS:")?, bytes("VmHWM:")?))
}
