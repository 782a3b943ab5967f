//! What the kernel says of this machine and of a process on it.

use std::{fs, path::Path, time::Duration};

use crate::figures::Figures;

/// Ticks of the kernel's clock in a second; 100 on every Linux that we build for.
const TICKS: f64 = 100.0;

/// Notes the processors and the kernel.
pub fn describe(figures: &mut Figures) {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    figures.note(format!(
        "{cpus} processors,{}; load before {}",
        model.trim_start_matches(['\t', ' ', ':']).trim_end(),
        load.split(' ').next().unwrap_or("?")
    ));
}

/// Processor time that a process has used; zero where the kernel does not say.
pub fn cpu(process: u32) -> Duration {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).unwrap_or_default();
    // After the name, which is in brackets and may hold anything: fields 14 and 15 of proc(5).
    let Some((_, rest)) = stat.rsplit_once(") ") else { return Duration::ZERO };
    let ticks: f64 = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Duration::from_secs_f64(ticks / TICKS)
}

/// The most memory that this process ever held, in bytes.
pub fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
