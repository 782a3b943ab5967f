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
    figures.note(format!(
        "{cpus} processors,{}; load before {}",
        model.trim_start_matches(['\t', ' ', ':']).trim_end(),
        load()
    ));
}

/// The machine's load in the last minute.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

/// Processor time that a process has used; zero where the kernel does not say.
pub fn cpu(process: u32) -> Duration {
    // Fields 14 and 15 of proc(5): its own time, outside and inside the kernel.
    Duration::from_secs_f64(fields(process).skip(11).take(2).sum::<f64>() / TICKS)
}

/// Processor time that a process and its children have used, those that ended included.
pub fn cpu_with_children(process: u32) -> Duration {
    let ended: f64 = fields(process).skip(13).take(2).sum();
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children = children.filter(|child| fields(*child).nth(1) == Some(f64::from(process)));
    children.map(cpu).sum::<Duration>() + cpu(process) + Duration::from_secs_f64(ended / TICKS)
}

/// The fields of proc(5) after the process's name, which is in brackets and may hold anything; the state counts as 0.
fn fields(process: u32) -> impl Iterator<Item = f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).unwrap_or_default();
    let rest = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    rest.split(' ').map(|field| field.parse().unwrap_or(0.0)).collect::<Vec<_>>().into_iter()
}

/// The most memory that a process held since [`forget_peak`], in bytes.
pub fn peak_memory(process: u32) -> u64 {
    told(process, "VmHWM:")
}

/// Begins anew to look for the most memory that a process holds; what is held now, in bytes.
pub fn forget_peak(process: u32) -> u64 {
    // proc(5): 5 resets the peak of the resident set size. Where that may not be, the peak is the whole life's.
    let _ = fs::write(Path::new("/proc").join(process.to_string()).join("clear_refs"), "5");
    memory(process)
}

/// The memory that a process holds, in bytes.
pub fn memory(process: u32) -> u64 {
    told(process, "VmRSS:")
}

fn told(process: u32, field: &str) -> u64 {
    let status = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
