//! What the process takes up, from the system. Only Linux tells.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Reads the system's tables whenever somebody wants to know.
#[derive(Debug)]
pub struct Process;

/// What the process takes up.
#[derive(Debug)]
struct Usage {
    resident_bytes: u64,
    cpu_seconds: f64,
    open_files: u64,
}

#[cfg(target_os = "linux")]
fn usage() -> Option<Usage> {
    use procfs::WithCurrentSystemInfo as _;
    let process = procfs::process::Process::myself().ok()?;
    let stat = process.stat().ok()?;
    let ticks = u32::try_from(stat.utime + stat.stime).ok()?;
    let per_second = u32::try_from(procfs::ticks_per_second()).ok()?;
    Some(Usage {
        resident_bytes: stat.rss_bytes().get(),
        cpu_seconds: f64::from(ticks) / f64::from(per_second),
        open_files: process.fd_count().ok()? as u64,
    })
}

#[cfg(not(target_os = "linux"))]
fn usage() -> Option<Usage> {
    None
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let Some(usage) = usage() else {
            return Ok(());
        };
        let resident = ConstGauge::new(usage.resident_bytes);
        let help = "Memory of the process that is not swapped out";
        let kind = resident.metric_type();
        resident.encode(encoder.encode_descriptor(
            "resident_memory",
            help,
            Some(&Unit::Bytes),
            kind,
        )?)?;
        let cpu = ConstCounter::new(usage.cpu_seconds);
        let help = "Time that the process kept processors busy";
        let kind = cpu.metric_type();
        cpu.encode(encoder.encode_descriptor("cpu", help, Some(&Unit::Seconds), kind)?)?;
        let files = ConstGauge::new(usage.open_files);
        let help = "Open files and connections of the process";
        let kind = files.metric_type();
        files.encode(encoder.encode_descriptor("open_files", help, None, kind)?)
    }
}
