//! What the process itself uses, from /proc/self (proc(5)).

use std::fmt::Write;
use std::fs;

/// What the kernel counts ticks in, everywhere that Linux runs today (`USER_HZ`, time(7)).
const TICKS_PER_SECOND: f64 = 100.0;
/// The kernel's page size on the machines that this is built for.
const PAGE: u64 = 4096;

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Resident memory in bytes.
    pub(crate) resident: u64,
    pub(crate) virtual_memory: u64,
    pub(crate) threads: u64,
    pub(crate) descriptors: u64,
    pub(crate) max_descriptors: u64,
    /// Processor time in seconds, user and system.
    pub(crate) cpu: f64,
    /// Unix time of the start in seconds.
    pub(crate) started: f64,
}

/// Reads what can be read; the rest stays 0.
pub(crate) fn usage() -> Usage {
    let mut usage = Usage::default();
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let stat = read("/proc/self/stat");
    // The second field is the program's name in parentheses, which may hold anything.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_ascii_whitespace()
        .collect();
    // Numbered as proc_pid_stat(5) does, where the first behind the name is the third.
    let field = |number: usize| -> u64 {
        number
            .checked_sub(3)
            .and_then(|at| fields.get(at))
            .and_then(|it| it.parse().ok())
            .unwrap_or(0)
    };
    usage.cpu = ticks(field(14).saturating_add(field(15)));
    usage.threads = field(20);
    usage.virtual_memory = field(23);
    usage.resident = field(24).saturating_mul(PAGE);
    let boot = read("/proc/stat")
        .lines()
        .find_map(|line| line.strip_prefix("btime ")?.trim().parse::<u32>().ok())
        .unwrap_or(0);
    usage.started = f64::from(boot) + ticks(field(22));
    usage.max_descriptors = read("/proc/self/limits")
        .lines()
        .find_map(|line| {
            line.strip_prefix("Max open files")?
                .split_ascii_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    // The reading itself has one open.
    usage.descriptors = fs::read_dir("/proc/self/fd").map_or(0, |entries| {
        u64::try_from(entries.count())
            .unwrap_or(0)
            .saturating_sub(1)
    });
    usage
}

fn ticks(count: u64) -> f64 {
    // Beyond 49 days of processor time the precision is lost, and not the time.
    u32::try_from(count).map_or_else(|_| f64::from(u32::MAX), f64::from) / TICKS_PER_SECOND
}

/// Appends the process metrics in the text exposition format.
pub(crate) fn render(text: &mut String) {
    let usage = usage();
    let rows: [(&str, &str, &str, &dyn std::fmt::Display); 7] = [
        (
            "process_cpu_seconds_total",
            "counter",
            "Processor time of the process, user and system.",
            &usage.cpu,
        ),
        (
            "process_max_fds",
            "gauge",
            "The most file descriptors that the process may have open; a stream takes two, and one more for each side that has been slow to read.",
            &usage.max_descriptors,
        ),
        (
            "process_open_fds",
            "gauge",
            "File descriptors that are open.",
            &usage.descriptors,
        ),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Memory that the process holds in RAM.",
            &usage.resident,
        ),
        (
            "process_start_time_seconds",
            "gauge",
            "Unix time at which the process started.",
            &usage.started,
        ),
        (
            "process_threads",
            "gauge",
            "Threads of the process.",
            &usage.threads,
        ),
        (
            "process_virtual_memory_bytes",
            "gauge",
            "Address space of the process.",
            &usage.virtual_memory,
        ),
    ];
    for (name, kind, help, value) in rows {
        // Writing to a string does not fail.
        _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_this_process() {
        let usage = usage();
        assert!(
            usage.resident > 100_000 && usage.virtual_memory > usage.resident,
            "{usage:?}"
        );
        assert!(
            usage.descriptors > 2 && usage.max_descriptors >= usage.descriptors,
            "{usage:?}"
        );
        assert!(usage.threads > 0 && usage.started > 1.6e9, "{usage:?}");
    }
}
