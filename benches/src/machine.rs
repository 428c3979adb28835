//! What the numbers were measured on.

use std::{fs, thread};

/// Names the processor, how many of it, the memory and the kernel, as far as Linux tells.
pub fn machine() -> String {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_default();
    let count = thread::available_parallelism().map_or(1, usize::from);
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("machine: {count} × {processor}; {memory}; Linux {}", kernel.trim())
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
